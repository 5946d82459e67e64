/* SPDX-License-Identifier: MIT */
#include "trace/json.h"

#include <string.h>

static const char hexadecimal[] = "0123456789abcdef";

/* How many bytes follow the first one of a character; 0 where it cannot be the first of several. */
static size_t count_following(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if (first >= 0xe0 && first <= 0xef)
		return 2;
	return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

/* What UTF-8 forbids in the second byte: forms that are longer than need be, halves of pairs, what lies beyond Unicode. */
static int is_second(unsigned char first, unsigned char second)
{
	unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= least && second <= most;
}

/* The bytes of the character that @text begins with, which is not ASCII; 0: it is none. */
static size_t measure(const char *text, size_t limit)
{
	size_t following = count_following((unsigned char)text[0]);

	if (following == 0 || following >= limit
		|| !is_second((unsigned char)text[0], (unsigned char)text[1]))
		return 0;
	for (size_t i = 2; i <= following; ++i) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	}
	return following + 1;
}

static char *put_control(char *to, unsigned char byte)
{
	to = mproci_json_text(to, "\\u00");
	*to++ = hexadecimal[byte >> 4];
	*to++ = hexadecimal[byte & 15];
	return to;
}

/* Puts the character at *@text, and moves that behind it. */
static char *put_character(char *to, const char **text, size_t limit)
{
	unsigned char first = (unsigned char)**text;
	size_t size = first < 0x80 ? 1 : measure(*text, limit);

	if (size == 0) {
		*to++ = '?';
		++*text;
		return to;
	}
	if (first < ' ' || first == 0x7f) {
		++*text;
		return put_control(to, first);
	}
	if (first == '"' || first == '\\')
		*to++ = '\\';
	memcpy(to, *text, size);
	*text += size;
	return to + size;
}

char *mproci_json_string(char *to, const char *text, size_t limit)
{
	const char *end = text + strnlen(text, limit);

	*to++ = '"';
	while (text < end)
		to = put_character(to, &text, (size_t)(end - text));
	*to++ = '"';
	return to;
}

char *mproci_json_number(char *to, uint64_t number)
{
	char digits[MPROCI_JSON_NUMBER], *front = digits + sizeof digits;
	size_t size;

	do
		*--front = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	size = (size_t)(digits + sizeof digits - front);
	memcpy(to, front, size);
	return to + size;
}

char *mproci_json_microseconds(char *to, int64_t nanoseconds)
{
	uint64_t number = nanoseconds < 0 ? 0 : (uint64_t)nanoseconds;
	uint64_t rest = number % 1000;

	to = mproci_json_number(to, number / 1000);
	*to++ = '.';
	*to++ = (char)('0' + rest / 100);
	*to++ = (char)('0' + rest / 10 % 10);
	*to++ = (char)('0' + rest % 10);
	return to;
}

char *mproci_json_text(char *to, const char *text)
{
	return mempcpy(to, text, strlen(text));
}
