/* SPDX-License-Identifier: MIT */
#include "manager/decimal.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Whether a number has become infinite, or nothing, because it is too large or too small: then it was written with
 * digits.
 */
static bool is_out_of_range(const char *text, long double number)
{
	size_t mantissa = strcspn(text, "eEpP");

	if (isinf(number))
		return strpbrk(text, "0123456789") != NULL;
	return number == 0 && strcspn(text, "123456789") < mantissa;
}

bool mproci_decimal_read(mproci_view text, long double *ret_number)
{
	char copy[MPROCI_DECIMAL_SIZE];
	long double number;
	char *end;

	if (text.size == 0 || text.size >= sizeof copy || isspace((unsigned char)text.bytes[0]))
		return false;
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	number = strtold(copy, &end);
	if (end != copy + text.size || isnan(number) || is_out_of_range(copy, number))
		return false;
	*ret_number = number;
	return true;
}

mproci_view mproci_decimal_write(long double number, char buffer[MPROCI_DECIMAL_SIZE])
{
	size_t size = (size_t)snprintf(buffer, MPROCI_DECIMAL_SIZE, "%.17Lf", number);

	while (buffer[size - 1] == '0')
		size--;
	if (buffer[size - 1] == '.')
		size--;
	if (size == 2 && buffer[0] == '-' && buffer[1] == '0') {
		buffer[0] = '0';
		size = 1;
	}
	return (mproci_view){buffer, size};
}
