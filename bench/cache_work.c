/* SPDX-License-Identifier: MIT */
#include "cache_work.h"

#include "bench.h"

#include <stdlib.h>
#include <string.h>

void cache_work_fill(uint64_t number, void *result)
{
	memset(result, (int)(number % 251), CACHE_SMALL);
	memcpy(result, &number, sizeof number);
}

bool cache_work_is_right(uint64_t number, const void *result, size_t size)
{
	unsigned char right[CACHE_SMALL];

	cache_work_fill(number, right);
	return size == sizeof right && memcmp(result, right, sizeof right) == 0;
}

/* SplitMix64. */
static uint64_t next_random(void)
{
	static uint64_t state = 1;
	uint64_t number = state += UINT64_C(0x9e3779b97f4a7c15);

	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

void cache_work_draw(uint64_t *numbers, size_t count, uint64_t range)
{
	for (size_t i = 0; i < count; ++i)
		numbers[i] = next_random() % range;
}

const char *cache_work_folder(void)
{
	const char *folder = getenv(CACHE_WORK_VARIABLE);

	if (folder == NULL)
		bench_fail(CACHE_WORK_VARIABLE " is not set: this is started by cache_bench");
	return folder;
}
