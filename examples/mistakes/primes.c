/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in the search for a factor, 1 to 4, 6 and 7.
 */
#include "../command.h"
#include "../verify_prime/divisors.h"
#include "mistakes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	SEARCHERS = 2,
};

/* = 171656941 * 583192847 */
static const uint64_t COMPOSITE = UINT64_C(100109100129101027);

static uint64_t least_factor(uint64_t number)
{
	for (uint64_t divisor = 3; divisor <= integer_root(number); divisor += 2) {
		if (number % divisor == 0)
			return divisor;
	}
	return number;
}

/* 1 */

static int take_the_typed_number(double *ret_factor)
{
	*ret_factor = (double)least_factor(UINT64_C(1109100129100369));
	return 0;
}

static int take_the_number_meant(double *ret_factor)
{
	*ret_factor = (double)least_factor(UINT64_C(100109100129100369));
	return 0;
}

/* 2 to 4: two threads search for a factor of COMPOSITE, each in a half of the divisors. */

typedef struct search {
	/* Odd ones, if .first is odd. */
	uint64_t first, end;
	atomic_bool *flag;
	/* Whether it has tried all divisors, and none is a factor. */
	bool has_found_none;
} search;

/* Returns nothing, whatever it finds, as in the documents. */
static void *search_half(void *argument)
{
	search *self = argument;
	uint64_t divisor = self->first;

	self->has_found_none = false;
	for (; divisor < self->end; divisor += 2) {
		if (atomic_load_explicit(self->flag, memory_order_relaxed))
			return NULL;
		if (COMPOSITE % divisor == 0) {
			atomic_store_explicit(self->flag, true, memory_order_relaxed);
			return NULL;
		}
	}
	self->has_found_none = true;
	return NULL;
}

/* Returns 0, and what each search returned; or -1 after telling what failed. */
static int run_searches(search *halves, void *ret_results[SEARCHERS])
{
	pthread_t threads[SEARCHERS];
	int started = 0, error = 0;

	while (started < SEARCHERS && error == 0) {
		error = pthread_create(&threads[started], NULL, search_half, &halves[started]);
		started += error == 0;
	}
	while (started-- > 0)
		pthread_join(threads[started], &ret_results[started]);
	return error == 0 ? 0 : complain("cannot start a thread: %s", strerror(error));
}

/* Halves as the documents cut them, 3 … half and half … root: the second one may begin with an even number. */
static void cut_anywhere(search *halves, atomic_bool *flag)
{
	uint64_t end = integer_root(COMPOSITE) + 1, middle = 3 + (end - 3) / SEARCHERS;

	halves[0] = (search){.first = 3, .end = middle, .flag = flag};
	halves[1] = (search){.first = middle, .end = end, .flag = flag};
}

/* Both halves begin with an odd number, and neither leaves one out. */
static void cut_at_an_odd_number(search *halves, atomic_bool *flag)
{
	cut_anywhere(halves, flag);
	halves[0].end = halves[1].first |= 1;
}

/* The flag that is cleared is a local one; that at which the threads look has been set by the search before. */
static int clear_another_flag(double *ret_is_prime)
{
	static atomic_bool flag = true;
	search halves[SEARCHERS];
	void *results[SEARCHERS];
	int rc;

	{
		atomic_bool flag_of_this_search = false;

		(void)flag_of_this_search;
		cut_at_an_odd_number(halves, &flag);
		rc = run_searches(halves, results);
		*ret_is_prime = !flag_of_this_search;
	}
	return rc;
}

static int clear_the_flag_itself(double *ret_is_prime)
{
	static atomic_bool flag = true;
	search halves[SEARCHERS];
	void *results[SEARCHERS];
	int rc;

	flag = false;
	cut_at_an_odd_number(halves, &flag);
	rc = run_searches(halves, results);
	*ret_is_prime = !flag;
	return rc;
}

static int begin_with_an_even_number(double *ret_is_prime)
{
	atomic_bool flag = false;
	search halves[SEARCHERS];
	void *results[SEARCHERS];
	int rc;

	cut_anywhere(halves, &flag);
	rc = run_searches(halves, results);
	*ret_is_prime = !flag;
	return rc;
}

/* A number is not prime when a result says false: but who finds a factor returns nothing, and so does who finds none. */
static int ask_for_no_factor(double *ret_is_prime)
{
	static char no[] = "false";
	atomic_bool flag = false;
	search halves[SEARCHERS];
	void *results[SEARCHERS];
	int rc;

	cut_at_an_odd_number(halves, &flag);
	rc = run_searches(halves, results);
	*ret_is_prime = true;
	for (int i = 0; i < SEARCHERS && rc == 0; ++i) {
		if (results[i] == no)
			*ret_is_prime = false;
	}
	return rc;
}

/* Each tells whether it has tried all its divisors in vain: only then there is no factor. */
static int ask_each_half(double *ret_is_prime)
{
	atomic_bool flag = false;
	search halves[SEARCHERS];
	void *results[SEARCHERS];
	int rc;

	cut_at_an_odd_number(halves, &flag);
	rc = run_searches(halves, results);
	*ret_is_prime = true;
	for (int i = 0; i < SEARCHERS; ++i)
		*ret_is_prime *= halves[i].has_found_none;
	return rc;
}

/* 6 */

/* Small divisors first, without asking whether one is the number itself. */
static bool survives_small_divisors(uint64_t number)
{
	for (uint64_t divisor = 3; divisor < 21; divisor += 2) {
		if (number % divisor == 0)
			return false;
	}
	return true;
}

static int count_with_small_divisors(double *ret_primes)
{
	*ret_primes = 0;
	for (uint64_t number = 3; number < 20; number += 2)
		*ret_primes += survives_small_divisors(number);
	return 0;
}

static int count_small_primes(double *ret_primes)
{
	*ret_primes = 0;
	for (uint64_t number = 3; number < 20; number += 2)
		*ret_primes += is_prime(number);
	return 0;
}

static bool is_prime_by_the_documents(uint64_t number)
{
	if (number % 2 == 0)
		return false;
	for (uint64_t divisor = 3; divisor <= integer_root(number); divisor += 2) {
		if (number % divisor == 0)
			return false;
	}
	return true;
}

static int judge_two_by_parity(double *ret_is_prime)
{
	*ret_is_prime = is_prime_by_the_documents(2);
	return 0;
}

static int judge_two(double *ret_is_prime)
{
	*ret_is_prime = is_prime(2);
	return 0;
}

static int judge_one_by_parity(double *ret_is_prime)
{
	*ret_is_prime = is_prime_by_the_documents(1);
	return 0;
}

static int judge_one(double *ret_is_prime)
{
	*ret_is_prime = is_prime(1);
	return 0;
}

/* 7 */

static int trust_the_floating_point_root(double *ret_root)
{
	volatile double number = (double)UINT64_MAX; /* is 2^64 */

	*ret_root = (double)(uint64_t)sqrt(number);
	return 0;
}

static int correct_the_root(double *ret_root)
{
	*ret_root = (double)integer_root(UINT64_MAX);
	return 0;
}

const mistake PRIME_MISTAKES[] = {
	{"1", "The least factor of the \"large non-prime 1\", 100109100129100369", take_the_typed_number,
		take_the_number_meant, "1109100129100369 was typed, which costs nothing to factor", "-"},
	{"2", "Is 100109100129101027 prime, by two threads and a flag (1: yes)?", clear_another_flag,
		clear_the_flag_itself, "a local flag was cleared: all stop at once, fast and wrong", "-"},
	{"3", "The same by two ranges", begin_with_an_even_number, ask_each_half,
		"the second range begins with 158200112: it tries even divisors only", "-"},
	{"4", "The same, by what the workers return", ask_for_no_factor, ask_each_half,
		"who finds a factor returns nothing, and nobody reads the flag", "-"},
	{"6a", "How many of 3, 5, … 19 are prime?", count_with_small_divisors, count_small_primes,
		"each is divided by itself first", "-"},
	{"6b", "Is 2 prime (1: yes)?", judge_two_by_parity, judge_two, "all even numbers are rejected", "-"},
	{"6c", "Is 1 prime (1: yes)?", judge_one_by_parity, judge_one, "it has no divisor to be tried", "-"},
	{"7", "The whole root of 2^64 - 1", trust_the_floating_point_root, correct_the_root,
		"2^64 - 1 is rounded to 2^64", "-"},
	{0},
};
