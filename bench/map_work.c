/* SPDX-License-Identifier: MIT */
#include "map_work.h"

#include "bench.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static int copy_number(const void *item, void *result, struct mproc_task *task)
{
	(void)task;
	*(uint64_t *)result = *(const uint64_t *)item;
	return 0;
}

static bool is_prime(uint64_t number)
{
	if (number < 2 || number % 2 == 0)
		return number == 2;
	for (uint64_t divisor = 3; divisor * divisor <= number; divisor += 2) {
		if (number % divisor == 0)
			return false;
	}
	return true;
}

static int judge_number(const void *item, void *result, struct mproc_task *task)
{
	(void)task;
	*(bool *)result = is_prime(*(const uint64_t *)item);
	return 0;
}

enum {
	NOOP_COUNT = 4000000
};

const map_work map_noop = {
	.name = "noop",
	.function = copy_number,
	.first = 1,
	.count = NOOP_COUNT,
	.result_size = sizeof(uint64_t),
	.sum = UINT64_C(1) * NOOP_COUNT * (NOOP_COUNT + UINT64_C(1)) / 2,
};

const map_work map_primes = {
	.name = "primes",
	.function = judge_number,
	.first = 100000000,
	.count = 1000001,
	.result_size = sizeof(bool),
	.sum = 54208,
};

void map_work_fill(const map_work *work, uint64_t *items)
{
	for (size_t i = 0; i < work->count; ++i)
		items[i] = work->first + i;
}

void map_work_clear(const map_work *work, void *results)
{
	memset(results, 0, work->count * work->result_size);
}

void map_work_check(const map_work *work, const void *results, const char *who)
{
	const uint64_t *numbers = results;
	const bool *verdicts = results;
	uint64_t sum = 0;

	for (size_t i = 0; i < work->count; ++i)
		sum += work->result_size == sizeof *numbers ? numbers[i] : verdicts[i];
	if (sum != work->sum)
		bench_fail("%s: the results of %s add up to %" PRIu64 ", not to %" PRIu64, who, work->name,
			sum, work->sum);
}
