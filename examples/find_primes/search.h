/* SPDX-License-Identifier: MIT */
/*
 * find_primes/search.h - a range of numbers to be judged, and the ways to judge them.
 */
#ifndef FIND_PRIMES_SEARCH_H
#define FIND_PRIMES_SEARCH_H

#include <mproc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MOST_WORKERS = 1024,
};

/* What is known of a number. */
typedef uint8_t verdict;
enum {
	UNKNOWN = 0,
	COMPOSITE = 1,
	PRIME = 2
};

typedef struct search {
	uint64_t from;
	size_t count;
	unsigned workers;
	/* Of the pools; 0: the library chooses. */
	size_t chunk;
	/* Of the queues: the most messages in each; 0: the library chooses. */
	size_t queue_max;
	/* And in how many portions the numbers are put. */
	size_t rounds;

	/* One of each a number.  Numbers and verdicts lie where all processes see them.  Numbers are written by the first
	 * method that needs them. */
	uint64_t *numbers;
	bool has_numbers;
	verdict *verdicts;
	mproc_outcome *outcomes;
	/* What the methods so far have found out together. */
	verdict *known;
	double serial_seconds;
} search;

/* Judge all numbers.  Returns 0, MPROC_ITEMS_FAILED after telling which and why, or a negative errno. */
typedef int search_function(search *self);

search_function search_serially, search_with_threads, search_ranges, search_with_pool;
search_function search_with_imap, search_with_imap_unordered;
search_function search_by_queue, search_by_queue_in_batches, search_by_queue_of_threads, search_by_manager;

/* What became of a process, by its exit code as mproc_process_exit_code tells it. */
mproc_outcome outcome_of(int exit_code);

/* Tell why a number, or several, could not be judged: the end of a line. */
void print_reason(mproc_outcome outcome);

/* Tell that a number was not judged, and why. */
void report_failed_number(uint64_t number, mproc_outcome outcome);

/* Of the first @count numbers: tell which were not judged, and forget their verdicts. */
void report_failed_numbers(search *self, size_t count);

/* Print what a method has found. */
void print_row(const search *self, const char *name, double seconds);

/* Add what a method found to what is known.  Returns 0, or -1 after telling where it contradicts. */
int merge_verdicts(search *self, const char *name);

/* Print how much memory that took: to compare methods, run them one by one. */
void print_memory(void);

/* Print the first ten and the last ten of the primes that are known. */
void print_primes(const search *self);

#endif
