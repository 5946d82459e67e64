/* SPDX-License-Identifier: MIT */
#include "base/parse_size.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Returns whether it fits; where the digits end in @text. */
static bool read_digits(const char **text, size_t *ret_number)
{
	size_t number = 0;
	bool is_fitting = true;

	for (; is_digit(**text); ++*text) {
		is_fitting = is_fitting && !__builtin_mul_overflow(number, (size_t)10, &number)
			     && !__builtin_add_overflow(number, (size_t)(**text - '0'), &number);
	}
	*ret_number = number;
	return is_fitting;
}

int mproci_parse_size(const char *text, size_t *ret_size)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	size_t number, factor = 1;
	bool is_fitting;

	if (!is_digit(*text))
		return -EINVAL;
	is_fitting = read_digits(&text, &number);
	if (*text != '\0') {
		suffix = strchr(suffixes, *text);
		if (suffix == NULL || text[1] != '\0')
			return -EINVAL;
		factor = (size_t)1 << 10 * (suffix - suffixes + 1);
	}
	if (!is_fitting || __builtin_mul_overflow(number, factor, &number))
		return -ERANGE;
	*ret_size = number;
	return 0;
}
