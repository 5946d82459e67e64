/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in sharing out a range of numbers, and in collecting what was found, 5 and 8.
 */
#include "../command.h"
#include "../prime.h"
#include "mistakes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	PARTS = 4,
	/* Does not divide evenly by PARTS. */
	NUMBERS = 100001,
	MOST_PRIMES = 10000,
};

static const uint64_t FIRST_NUMBER = 100000000;

typedef struct range {
	uint64_t first, end;
} range;

/* 5 */

/*
 * As the first create_range: what is appended to the list is right, but what is returned then is what append returns,
 * nothing.
 */
static const range *cut_and_return_nothing(range parts[PARTS + 1], int *ret_count)
{
	uint64_t step = NUMBERS / PARTS;

	for (uint64_t i = 0; i < PARTS; ++i)
		parts[i] = (range){FIRST_NUMBER + i * step, FIRST_NUMBER + (i + 1) * step};
	parts[PARTS] = (range){FIRST_NUMBER + PARTS * step, FIRST_NUMBER + NUMBERS};
	*ret_count = NUMBERS % PARTS == 0 ? PARTS : 0;
	return *ret_count > 0 ? parts : NULL;
}

static const range *cut(range parts[PARTS + 1], int *ret_count)
{
	uint64_t share = NUMBERS / PARTS, remainder = NUMBERS % PARTS, first = FIRST_NUMBER;

	for (uint64_t i = 0; i < PARTS; ++i) {
		parts[i] = (range){first, first + share + (i < remainder)};
		first = parts[i].end;
	}
	*ret_count = PARTS;
	return parts;
}

static double count_numbers(const range *parts, int count)
{
	double numbers = 0;

	for (int i = 0; i < count; ++i)
		numbers += (double)(parts[i].end - parts[i].first);
	return numbers;
}

static int lose_the_ranges(double *ret_numbers)
{
	range parts[PARTS + 1];
	int count;
	const range *returned = cut_and_return_nothing(parts, &count);

	*ret_numbers = count_numbers(returned, count);
	return 0;
}

static int cover_the_range(double *ret_numbers)
{
	range parts[PARTS + 1];
	int count;
	const range *returned = cut(parts, &count);

	*ret_numbers = count_numbers(returned, count);
	return 0;
}

/* 8: four threads append to one list. */

typedef struct list {
	uint64_t primes[MOST_PRIMES];
	_Atomic size_t count;
	pthread_barrier_t start;
} list;

typedef struct job {
	range part;
	list *found;
} job;

static void *append_primes(void *argument)
{
	const job *self = argument;

	pthread_barrier_wait(&self->found->start);
	for (uint64_t number = self->part.first; number < self->part.end; ++number) {
		if (is_prime(number))
			self->found->primes[self->found->count++] = number;
	}
	return NULL;
}

/* Returns 0, or -1 after telling what failed. */
static int search_ranges(list *found)
{
	pthread_t threads[PARTS];
	range parts[PARTS + 1];
	job jobs[PARTS];
	int count;

	cut(parts, &count);
	pthread_barrier_init(&found->start, NULL, PARTS);
	for (int i = 0; i < PARTS; ++i) {
		int error;

		jobs[i] = (job){parts[i], found};
		error = pthread_create(&threads[i], NULL, append_primes, &jobs[i]);
		/* The others wait for this one. */
		if (error != 0)
			exit(exit_status(complain("cannot start a thread: %s", strerror(error))));
	}
	for (int i = 0; i < PARTS; ++i)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&found->start);
	return 0;
}

/* Of neighbours in the list: how often is the second one smaller? */
static double count_disorder(const list *found)
{
	double count = 0;

	for (size_t i = 1; i < found->count; ++i)
		count += found->primes[i] < found->primes[i - 1];
	return count;
}

static int compare_numbers(const void *left, const void *right)
{
	uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;

	return (one > other) - (one < other);
}

static list *new_list(void)
{
	list *found = calloc(1, sizeof *found);

	if (!found)
		complain("no memory for %d primes", MOST_PRIMES);
	return found;
}

static int print_as_they_come(double *ret_disorder)
{
	list *found = new_list();
	int rc = found ? search_ranges(found) : -1;

	if (rc == 0)
		*ret_disorder = count_disorder(found);
	free(found);
	return rc;
}

static int sort_before_printing(double *ret_disorder)
{
	list *found = new_list();
	int rc = found ? search_ranges(found) : -1;

	if (rc == 0) {
		qsort(found->primes, found->count, sizeof *found->primes, compare_numbers);
		*ret_disorder = count_disorder(found);
	}
	free(found);
	return rc;
}

const mistake LIST_MISTAKES[] = {
	{"5", "How many of 100001 numbers are in the ranges for 4 workers?", lose_the_ranges, cover_the_range,
		"with a remainder, the function returns nothing", "-"},
	{"8", "How often is a prime printed after a larger one, with 4 threads?", print_as_they_come,
		sort_before_printing, "they come as they are found: the first ten are not the least ten",
		"-"},
	{0},
};
