/* SPDX-License-Identifier: MIT */
#include "manager/command.h"

#include <math.h>
#include <stdlib.h>

enum {
	/* What fits every fraction that anybody writes. */
	DOUBLE_SIZE = 256,
};

/* Returns whether all of it is digits, at least one, the first no zero unless it is the only one, and fits. */
static bool read_digits(const char *at, const char *end, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (at == end || (*at == '0' && end - at > 1))
		return false;
	for (; at < end; ++at) {
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number)
			|| __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return false;
	}
	*ret_number = number;
	return true;
}

bool mproci_read_integer(mproci_view text, int64_t *ret_number)
{
	bool is_negative = text.size > 0 && text.bytes[0] == '-';
	uint64_t number;

	if (!read_digits(text.bytes + is_negative, text.bytes + text.size, &number))
		return false;
	if (is_negative ? number == 0 || number > (uint64_t)INT64_MAX + 1 : number > INT64_MAX)
		return false;
	*ret_number = is_negative ? (int64_t)(0 - number) : (int64_t)number;
	return true;
}

/* strtod makes infinity and zero also of what is too large or too small to be written as a double. */
static bool is_exact(const char *text, double number)
{
	if (isnan(number))
		return false;
	if (isinf(number))
		return strpbrk(text, "iI") != NULL;
	return number != 0 || text[strcspn(text, "123456789eEpP")] < '1'
	       || text[strcspn(text, "123456789eEpP")] > '9';
}

bool mproci_read_double(mproci_view text, double *ret_number)
{
	char copy[DOUBLE_SIZE], *end;
	double number;

	if (text.size == 0 || text.size >= sizeof copy || memchr(text.bytes, '\0', text.size) != NULL)
		return false;
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	if (strchr(" \t\n\v\f\r", copy[0]) != NULL)
		return false;
	number = strtod(copy, &end);
	if (*end != '\0' || !is_exact(copy, number))
		return false;
	*ret_number = number;
	return true;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool mproci_is_word(mproci_view argument, const char *word)
{
	for (size_t i = 0; i < argument.size; ++i) {
		if (word[i] == '\0' || upper(argument.bytes[i]) != upper(word[i]))
			return false;
	}
	return word[argument.size] == '\0';
}
