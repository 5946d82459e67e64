/* SPDX-License-Identifier: MIT */
#include "manager/item.h"

#include "manager/command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	size_t size;
	bool is_integer, is_fraction;
} facts[] = {
	[MPROC_SHOWN_BYTES] = {0, false, false},
	[MPROC_SHOWN_INT32] = {4, true, false},
	[MPROC_SHOWN_UINT32] = {4, true, false},
	[MPROC_SHOWN_INT64] = {8, true, false},
	[MPROC_SHOWN_UINT64] = {8, true, false},
	[MPROC_SHOWN_FLOAT] = {4, false, true},
	[MPROC_SHOWN_DOUBLE] = {8, false, true},
	[MPROC_SHOWN_BOOL] = {1, false, false},
};

bool mproci_item_is_known(mproc_shown_as as)
{
	return (size_t)as < sizeof facts / sizeof *facts;
}

size_t mproci_item_size(mproc_shown_as as)
{
	return facts[as].size;
}

bool mproci_item_is_integer(mproc_shown_as as)
{
	return facts[as].is_integer;
}

bool mproci_item_is_fraction(mproc_shown_as as)
{
	return facts[as].is_fraction;
}

/* The whole numbers, all of which but the largest uint64_t fit into an int64_t. */
static int64_t load_integer(mproc_shown_as as, const void *number)
{
	int32_t small;
	int64_t large;

	if (mproci_item_size(as) == sizeof large) {
		memcpy(&large, number, sizeof large);
		return large;
	}
	memcpy(&small, number, sizeof small);
	return as == MPROC_SHOWN_UINT32 ? (int64_t)(uint32_t)small : small;
}

static double load_fraction(mproc_shown_as as, const void *number)
{
	double large;
	float small;

	if (as == MPROC_SHOWN_DOUBLE) {
		memcpy(&large, number, sizeof large);
		return large;
	}
	memcpy(&small, number, sizeof small);
	return (double)small;
}

static void store_fraction(mproc_shown_as as, double fraction, void *number)
{
	float small = (float)fraction;

	if (as == MPROC_SHOWN_DOUBLE)
		memcpy(number, &fraction, sizeof fraction);
	else
		memcpy(number, &small, sizeof small);
}

/* As few digits as tell it from every other number. */
static int print_fraction(mproc_shown_as as, double fraction, char room[MPROCI_ITEM_TEXT])
{
	int digits = as == MPROC_SHOWN_DOUBLE ? 15 : 6, most = as == MPROC_SHOWN_DOUBLE ? 17 : 9, size;
	double again;

	do {
		size = snprintf(room, MPROCI_ITEM_TEXT, "%.*g", digits, fraction);
		again = strtod(room, NULL);
		if (as == MPROC_SHOWN_FLOAT)
			again = (double)(float)again;
	} while (digits++ < most && (again < fraction || again > fraction));
	return size;
}

static int print(mproc_shown_as as, const void *number, char room[MPROCI_ITEM_TEXT])
{
	if (as == MPROC_SHOWN_BOOL)
		return snprintf(room, MPROCI_ITEM_TEXT, "%d", *(const char *)number != 0);
	if (mproci_item_is_fraction(as))
		return print_fraction(as, load_fraction(as, number), room);
	if (as == MPROC_SHOWN_UINT64)
		return snprintf(room, MPROCI_ITEM_TEXT, "%llu", (unsigned long long)load_integer(as, number));
	return snprintf(room, MPROCI_ITEM_TEXT, "%lld", (long long)load_integer(as, number));
}

mproci_view mproci_item_show(mproc_shown_as as, mproci_view bytes, char room[MPROCI_ITEM_TEXT])
{
	if (as == MPROC_SHOWN_BYTES || bytes.size != mproci_item_size(as))
		return bytes;
	return (mproci_view){room, (size_t)print(as, bytes.bytes, room)};
}

void mproci_item_reply(mproci_reply *reply, mproc_shown_as as, mproci_view bytes)
{
	char room[MPROCI_ITEM_TEXT];

	mproci_reply_bulk(reply, mproci_item_show(as, bytes, room));
}

/* Digits alone, as they are written. */
static bool read_unsigned(mproci_view text, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text.size == 0 || (text.bytes[0] == '0' && text.size > 1))
		return false;
	for (size_t i = 0; i < text.size; ++i) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9' || __builtin_mul_overflow(number, 10, &number)
			|| __builtin_add_overflow(number, (uint64_t)(text.bytes[i] - '0'), &number))
			return false;
	}
	*ret_number = number;
	return true;
}

static bool fits(mproc_shown_as as, int64_t number)
{
	if (as == MPROC_SHOWN_INT32)
		return number >= INT32_MIN && number <= INT32_MAX;
	return as != MPROC_SHOWN_UINT32 || (number >= 0 && number <= UINT32_MAX);
}

static void store_integer(mproc_shown_as as, int64_t integer, void *number)
{
	uint32_t small = (uint32_t)integer;

	if (mproci_item_size(as) == sizeof integer)
		memcpy(number, &integer, sizeof integer);
	else
		memcpy(number, &small, sizeof small);
}

/* Whether it does not become infinite. */
static bool holds(mproc_shown_as as, double fraction)
{
	return as == MPROC_SHOWN_DOUBLE || isinf(fraction) || !isinf((float)fraction);
}

static bool read_number(mproc_shown_as as, mproci_view text, char room[MPROCI_ITEM_NUMBER])
{
	uint64_t natural;
	int64_t integer;
	double fraction;

	if (mproci_item_is_fraction(as)) {
		if (!mproci_read_double(text, &fraction) || !holds(as, fraction))
			return false;
		store_fraction(as, fraction, room);
		return true;
	}
	if (as == MPROC_SHOWN_UINT64) {
		if (!read_unsigned(text, &natural))
			return false;
		memcpy(room, &natural, sizeof natural);
		return true;
	}
	if (!mproci_read_integer(text, &integer) || !fits(as, integer))
		return false;
	store_integer(as, integer, room);
	return true;
}

bool mproci_item_read(
	mproc_shown_as as, mproci_view text, char room[MPROCI_ITEM_NUMBER], mproci_view *ret_bytes)
{
	*ret_bytes = text;
	if (as == MPROC_SHOWN_BYTES)
		return true;
	*ret_bytes = (mproci_view){room, mproci_item_size(as)};
	if (as != MPROC_SHOWN_BOOL)
		return read_number(as, text, room);
	room[0] = text.size == 1 && text.bytes[0] == '1';
	return text.size == 1 && (text.bytes[0] == '0' || text.bytes[0] == '1');
}

bool mproci_item_add(mproc_shown_as as, void *number, int64_t added)
{
	int64_t before = load_integer(as, number), sum;
	uint64_t natural;

	if (as == MPROC_SHOWN_UINT64) {
		if (__builtin_add_overflow((uint64_t)before, added, &natural))
			return false;
		memcpy(number, &natural, sizeof natural);
		return true;
	}
	if (__builtin_add_overflow(before, added, &sum) || !fits(as, sum))
		return false;
	store_integer(as, sum, number);
	return true;
}

bool mproci_item_add_fraction(mproc_shown_as as, void *number, double added)
{
	double sum = load_fraction(as, number) + added;

	if (as == MPROC_SHOWN_FLOAT)
		sum = (double)(float)sum;
	if (!isfinite(sum))
		return false;
	store_fraction(as, sum, number);
	return true;
}
