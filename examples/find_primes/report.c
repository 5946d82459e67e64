/* SPDX-License-Identifier: MIT */
/*
 * What is printed about a search.
 */
#include "search.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum {
	PRIMES_SHOWN = 10,
};

mproc_outcome outcome_of(int exit_code)
{
	if (exit_code < 0)
		return (mproc_outcome){.ending = MPROC_ENDING_SIGNAL, .code = -exit_code};
	if (exit_code > 0)
		return (mproc_outcome){.ending = MPROC_ENDING_EXIT, .code = exit_code};
	return (mproc_outcome){.ending = MPROC_ENDING_VALUE};
}

void print_reason(mproc_outcome outcome)
{
	switch (outcome.ending) {
	case MPROC_ENDING_SIGNAL:
		fprintf(stderr, "killed by signal %d (%s)\n", outcome.code, strsignal(outcome.code));
		break;
	case MPROC_ENDING_EXIT:
		fprintf(stderr, "its process ended with exit code %d\n", outcome.code);
		break;
	case MPROC_ENDING_ERROR:
		fprintf(stderr, "%s\n", strerror(-outcome.code));
		break;
	default:
		fprintf(stderr, "not reached\n");
	}
}

void report_failed_number(uint64_t number, mproc_outcome outcome)
{
	fprintf(stderr, "failed %" PRIu64 ": ", number);
	print_reason(outcome);
}

void report_failed_numbers(search *self, size_t count)
{
	for (size_t i = 0; i < count; ++i) {
		if (self->outcomes[i].ending == MPROC_ENDING_VALUE)
			continue;
		self->verdicts[i] = UNKNOWN;
		report_failed_number(self->numbers[i], self->outcomes[i]);
	}
}

static size_t count_verdicts(const search *self, verdict wanted)
{
	size_t count = 0;

	for (size_t i = 0; i < self->count; ++i)
		count += self->verdicts[i] == wanted;
	return count;
}

void print_row(const search *self, const char *name, double seconds)
{
	size_t unknown = count_verdicts(self, UNKNOWN);

	printf("%-12s %9.3f ", name, seconds);
	if (self->serial_seconds > 0)
		printf("%9.2f", self->serial_seconds / seconds);
	else
		printf("%9s", "-");
	printf(" %9zu", count_verdicts(self, PRIME));
	if (unknown > 0)
		printf("  (%zu failed)", unknown);
	putchar('\n');
	fflush(stdout);
}

int merge_verdicts(search *self, const char *name)
{
	for (size_t i = 0; i < self->count; ++i) {
		if (self->known[i] == UNKNOWN)
			self->known[i] = self->verdicts[i];
		if (self->verdicts[i] == UNKNOWN || self->verdicts[i] == self->known[i])
			continue;
		fprintf(stderr, "find_primes: %s contradicts the methods before it about %" PRIu64 "\n", name,
			self->from + i);
		return -1;
	}
	return 0;
}

/* Print at most ten known primes, beginning with the number at @start. */
static void print_primes_from(const search *self, const char *label, size_t start)
{
	int shown = 0;

	printf("%-5s", label);
	for (size_t i = start; i < self->count && shown < PRIMES_SHOWN; ++i) {
		if (self->known[i] != PRIME)
			continue;
		printf(" %" PRIu64, self->from + i);
		++shown;
	}
	puts(shown == 0 ? " none" : "");
}

/* Where the last ten known primes begin. */
static size_t find_last_primes(const search *self)
{
	size_t start = self->count;

	for (int left = PRIMES_SHOWN; start > 0 && left > 0;)
		left -= self->known[--start] == PRIME;
	return start;
}

void print_memory(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	printf("\nPeak memory: %ld MiB in the program, %ld MiB in the largest of its processes.\n",
		own.ru_maxrss >> 10, children.ru_maxrss >> 10);
}

void print_primes(const search *self)
{
	print_primes_from(self, "first", 0);
	print_primes_from(self, "last", find_last_primes(self));
}
