/* SPDX-License-Identifier: MIT */
/*
 * verify_prime - whether large numbers are prime, as examples/verify_prime.c finds out, with all threads of OpenMP on one number:
 *
 *	serial      one loop
 *	naive       each thread divides by its part of the divisors, to the end
 *	less-naive  the same, but small divisors are tried before
 *	flag        likewise, and who finds a factor stops the others by an atomic variable
 *	cancel      likewise, by OpenMP's cancellation
 */
#include "peer.h"

#include "../../examples/verify_prime/divisors.h"
#include "sure.h"

#include <unistd.h>

enum {
	SMALL_DIVISORS = 99, /* 3, 5, ... 199 */
	NO_FACTOR = 0,
};

static const char USAGE[] =
	"usage: verify_prime [OPTION]... [NUMBER]...\n"
	"Whether numbers are prime, by trial division with threads of OpenMP, as rows for the report.\n"
	"\n"
	"  NUMBER       0 to 18446744073709551615; by default the five of examples/verify_prime\n"
	"  --with NAME  serial, naive, less-naive, flag, cancel or all, the default\n"
	"  --workers N  threads, 1 to 1024; by default one for each usable core\n"
	"  --every N    divisors that a thread tries between two looks at the flag, 1000 by default\n"
	"  --help       this text\n"
	"\n"
	"The seconds are wall time, without starting the threads.\n"
	"Exit status: 0; 1 when a result was wrong; 2 for options that make no sense.\n";

static const uint64_t NUMBERS[] = {
	UINT64_C(112272535095295),
	UINT64_C(100109100129100369),
	UINT64_C(100109100129101027),
	UINT64_C(100109100129100151),
	UINT64_C(100109100129162907),
};
enum {
	NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS
};

typedef struct search {
	uint64_t number;
	divisors where;
	unsigned workers;
	uint64_t every;
} search;

/* Returns a factor, or NO_FACTOR. */
typedef uint64_t search_function(const search *self);

static uint64_t find_factor(uint64_t number, divisors where)
{
	for (uint64_t divisor = where.first; where.count > 0; divisor += 2, --where.count) {
		if (number % divisor == 0)
			return divisor;
	}
	return NO_FACTOR;
}

static uint64_t search_serially(const search *self)
{
	return find_factor(self->number, self->where);
}

static uint64_t search_to_the_end(const search *self)
{
	uint64_t factor = NO_FACTOR;

#pragma omp parallel for schedule(static, 1) num_threads((int)self->workers) reduction(max : factor)
	for (unsigned i = 0; i < self->workers; ++i) {
		uint64_t found = find_factor(self->number, cut_divisors(self->where, self->workers, i));

		if (found > factor)
			factor = found;
	}
	return factor;
}

static uint64_t search_with_flag(const search *self)
{
	uint64_t factor = NO_FACTOR;

#pragma omp parallel for schedule(static, 1) num_threads((int)self->workers)
	for (unsigned i = 0; i < self->workers; ++i) {
		divisors left = cut_divisors(self->where, self->workers, i);
		uint64_t known = NO_FACTOR;

		while (left.count > 0 && known == NO_FACTOR) {
			uint64_t found = find_factor(self->number, take_divisors(&left, self->every));

			if (found != NO_FACTOR) {
#pragma omp atomic write
				factor = found;
			}
#pragma omp atomic read
			known = factor;
		}
	}
	return factor;
}

/* Who has found a factor ends the loop for all, who see it where they pass a cancellation point. */
static uint64_t search_with_cancel(const search *self)
{
	uint64_t factor = NO_FACTOR;

#pragma omp parallel num_threads((int)self->workers)
#pragma omp for schedule(static, 1)
	for (unsigned i = 0; i < self->workers; ++i) {
		divisors left = cut_divisors(self->where, self->workers, i);

		while (left.count > 0) {
			uint64_t found = find_factor(self->number, take_divisors(&left, self->every));

			if (found != NO_FACTOR) {
#pragma omp atomic write
				factor = found;
#pragma omp cancel for
			}
#pragma omp cancellation point for
		}
	}
	return factor;
}

static const struct way {
	const char *name;
	search_function *search;
	/* How many divisors are tried before. */
	uint64_t small;
} WAYS[] = {
	{"serial", search_serially, 0},
	{"naive", search_to_the_end, 0},
	{"less-naive", search_to_the_end, SMALL_DIVISORS},
	{"flag", search_with_flag, SMALL_DIVISORS},
	{"cancel", search_with_cancel, SMALL_DIVISORS},
};
enum {
	WAY_COUNT = sizeof WAYS / sizeof *WAYS
};

static uint64_t factor_of(const struct way *how, search *self)
{
	uint64_t factor;

	if (self->number < 4)
		return NO_FACTOR;
	if (self->number % 2 == 0)
		return 2;
	self->where = all_divisors(self->number);
	factor = find_factor(self->number, take_divisors(&self->where, how->small));
	return factor != NO_FACTOR ? factor : how->search(self);
}

static int run_way(const struct way *how, search *self)
{
	double start, seconds;
	uint64_t factor;

	start_threads(self->workers);
	start = seconds_now();
	factor = factor_of(how, self);
	seconds = seconds_now() - start;
	if (factor != NO_FACTOR && (factor >= self->number || self->number % factor != 0))
		return complain("%s: %" PRIu64 " is no factor of %" PRIu64, how->name, factor, self->number);
	if ((factor == NO_FACTOR && self->number > 1) != is_surely_prime(self->number))
		return complain("%s: wrong about %" PRIu64, how->name, self->number);
	print_row("verify_prime", how->name, "%" PRIu64, self->number);
	print_value(seconds, "s");
	return 0;
}

static int run(search *self, const setting *with, const uint64_t *numbers, int count)
{
	bool is_any = false;

	for (int i = 0; i < WAY_COUNT; ++i) {
		if (!is_wanted(with, WAYS[i].name))
			continue;
		is_any = true;
		for (int k = 0; k < count; ++k) {
			self->number = numbers[k];
			if (run_way(&WAYS[i], self) < 0)
				return -1;
		}
	}
	if (!is_any)
		refuse(with, "must be serial, naive, less-naive, flag, cancel or all");
	return 0;
}

static uint64_t number_of(const char *word)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || errno != 0)
		refuse_word(word, "must be a whole number from 0 to 18446744073709551615");
	return number;
}

/* libgomp looks once, before main, whether it may cancel. */
static void allow_cancellation(char *argv[])
{
	if (omp_get_cancellation())
		return;
	if (getenv("OMP_CANCELLATION") == NULL && setenv("OMP_CANCELLATION", "true", 1) == 0)
		execv("/proc/self/exe", argv);
	complain("OpenMP does not cancel: OMP_CANCELLATION=true is not heard");
	exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"with", "all"}, {"workers", NULL}, {"every", "1000"}};
	int next = read_settings(argc, argv, USAGE, settings, 3), count = argc - next, failed;
	uint64_t *numbers = calloc((size_t)count + 1, sizeof *numbers);
	search all = {
		.workers = workers_of(&settings[1]), .every = whole_number(&settings[2], 1, UINT32_MAX)};

	allow_cancellation(argv);
	if (!numbers)
		return exit_status(complain("no memory for %d numbers", count));
	for (int i = 0; i < count; ++i)
		numbers[i] = number_of(argv[next + i]);
	failed = count > 0 ? run(&all, &settings[0], numbers, count)
			   : run(&all, &settings[0], NUMBERS, NUMBER_COUNT);
	free(numbers);
	return exit_status(failed);
}
