/* SPDX-License-Identifier: MIT */
/*
 * shared_list - processes take ranges of numbers from the front of one list, and append the primes in them to
 * another one.
 */
#include "command.h"
#include "prime.h"

enum {
	/* Numbers in a range. */
	RANGE = 1000,
};

/* In shared memory. */
typedef struct search {
	/* The first number of each range that nobody has begun. */
	mproc_list *ranges;
	/* The primes, in the order in which they were found. */
	mproc_list *found;
	int64_t below;
} search;

static const char USAGE[] = "usage: shared_list [OPTION]...\n"
			    "Finds the primes below a number.\n"
			    "\n"
			    "  --below N    1 to 1000000000; 100000 by default\n"
			    "  --workers N  processes, 1 to 16; 4 by default\n"
			    "  --help       this text\n";

static int search_range(search *self, int64_t first)
{
	int rc = 0;

	for (int64_t number = first; number < first + RANGE && number < self->below && rc == 0; ++number)
		if (is_prime((uint64_t)number))
			rc = mproc_list_append(self->found, &number, sizeof number);
	return rc;
}

/* Runs in each process, until there are no more ranges: then there is no position 0. */
static int take_ranges(void *argument)
{
	search *self = argument;
	int64_t first;

	for (;;) {
		int rc = mproc_list_pop(self->ranges, 0, &first, sizeof first, NULL);

		if (rc == -ERANGE)
			return 0;
		if (rc < 0 || search_range(self, first) < 0)
			return fail();
	}
}

/* The slice is of all that are there at one moment. */
static int print_found(mproc_list *found)
{
	mproc_snapshot *all;
	int64_t last;

	if (mproc_list_get(found, -1, &last, sizeof last, NULL) == 0)
		printf("last     %" PRId64 "\n", last);
	if (mproc_list_slice(found, 0, SSIZE_MAX, &all) < 0)
		return fail();
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_number);
	printf("found    %zu\n", all->count);
	printf("largest ");
	for (size_t i = 0; i < all->count && i < 5; ++i)
		printf(" %" PRId64, *(const int64_t *)all->entries[i].value);
	putchar('\n');
	mproc_snapshot_close(all);
	return 0;
}

static int find_primes(search *self, int workers)
{
	for (int64_t first = 0; first < self->below; first += RANGE)
		if (mproc_list_append(self->ranges, &first, sizeof first) < 0)
			return fail();
	printf("ranges   %zd\n", mproc_list_count(self->ranges));
	if (start_and_join(NULL, take_ranges, self, 0, workers) != 0)
		return -1;
	return print_found(self->found);
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"below", "100000"}, {"workers", "4"}};
	search *shared;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 2);
	shared = mproc_calloc(1, sizeof *shared);
	if (!shared)
		return exit_status(fail());
	shared->below = (int64_t)whole_number(&settings[0], 1, 1000000000);
	if (mproc_list_create(NULL, &shared->ranges) < 0 || mproc_list_create(NULL, &shared->found) < 0)
		failed = fail();
	else
		failed = find_primes(shared, (int)whole_number(&settings[1], 1, MOST_PROCESSES));
	mproc_list_destroy(shared->ranges);
	mproc_list_destroy(shared->found);
	mproc_free(shared);
	return exit_status(failed);
}
