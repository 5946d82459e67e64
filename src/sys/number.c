/* SPDX-License-Identifier: MIT */
#include "sys/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Longer ones are written by nobody. */
	LONGEST_TEXT = 63,
};

/* Where the decimal point is a point. */
static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The locale "C" is part of the C library, and always there. */
static void make_plain(void)
{
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void mproci_number_print(double number, char ret_text[MPROCI_NUMBER_SIZE])
{
	locale_t before;

	pthread_once(&once, make_plain);
	before = uselocale(plain);
	snprintf(ret_text, MPROCI_NUMBER_SIZE, "%.17g", number);
	uselocale(before);
}

bool mproci_number_read(const char *text, size_t size, double *ret_number)
{
	char copy[LONGEST_TEXT + 1];
	double number;
	char *end;

	if (size == 0 || size > LONGEST_TEXT || strchr("+-.0123456789iI", text[0]) == NULL || text[0] == 0)
		return false;
	memcpy(copy, text, size);
	copy[size] = 0;
	pthread_once(&once, make_plain);
	number = strtod_l(copy, &end, plain);
	if (end != copy + size || isnan(number))
		return false;
	*ret_number = number;
	return true;
}
