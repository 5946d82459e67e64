/* SPDX-License-Identifier: MIT */
#include "manager/glob.h"

#include <stdint.h>

enum {
	/* Steps for each byte, and for all together. */
	STEPS_PER_BYTE = 16,
	STEPS = 1 << 16,
};

/* How far a pattern and a name have been compared. */
typedef struct place {
	size_t in_pattern, in_name;
} place;

/* Read one member of a set, a byte or a range, and step behind it.  Returns whether @byte is in it. */
static bool match_member(mproci_view pattern, size_t *at, unsigned char byte)
{
	const unsigned char *bytes = (const unsigned char *)pattern.bytes;
	size_t left = pattern.size - *at;
	unsigned char low, high;

	if (left >= 2 && bytes[*at] == '\\') {
		*at += 2;
		return bytes[*at - 1] == byte;
	}
	if (left >= 3 && bytes[*at + 1] == '-') {
		low = bytes[*at];
		high = bytes[*at + 2];
		*at += 3;
		return low <= high ? low <= byte && byte <= high : high <= byte && byte <= low;
	}
	return bytes[(*at)++] == byte;
}

/* A set that does not end ends with the pattern.  *@at is behind the "[". */
static bool match_set(mproci_view pattern, size_t *at, unsigned char byte)
{
	bool is_inverted = *at < pattern.size && pattern.bytes[*at] == '^';
	bool is_in = false;

	if (is_inverted)
		(*at)++;
	while (*at < pattern.size && pattern.bytes[*at] != ']')
		is_in |= match_member(pattern, at, byte);
	if (*at < pattern.size)
		(*at)++;
	return is_in != is_inverted;
}

/* Compare what stands for one byte, and step behind it. */
static bool match_one(mproci_view pattern, size_t *at, unsigned char byte)
{
	switch (pattern.bytes[*at]) {
	case '?':
		(*at)++;
		return true;
	case '[':
		(*at)++;
		return match_set(pattern, at, byte);
	case '\\':
		if (*at + 1 < pattern.size)
			(*at)++;
		break;
	default:
		break;
	}
	return (unsigned char)pattern.bytes[(*at)++] == byte;
}

static bool is_star(mproci_view pattern, size_t at)
{
	return at < pattern.size && pattern.bytes[at] == '*';
}

/*
 * Only the last star is ever given more of the name: if what stands between two stars fits somewhere, then it may as
 * well be where it fits first.
 */
bool mproci_glob_matches(mproci_view pattern, mproci_view name)
{
	size_t most = STEPS + STEPS_PER_BYTE * (pattern.size + name.size);
	place at = {0}, star = {0};
	bool has_star = false;
	size_t from;

	for (size_t steps = 0; at.in_name < name.size && steps < most; steps += 1 + at.in_pattern - from) {
		from = at.in_pattern;
		if (is_star(pattern, from)) {
			at.in_pattern++;
			star = at;
			has_star = true;
		} else if (from < pattern.size
			   && match_one(pattern, &at.in_pattern, (unsigned char)name.bytes[at.in_name])) {
			at.in_name++;
		} else if (has_star) {
			steps += at.in_pattern - from;
			star.in_name++;
			at = star;
			from = at.in_pattern;
		} else {
			return false;
		}
	}
	while (is_star(pattern, at.in_pattern))
		at.in_pattern++;
	return at.in_name == name.size && at.in_pattern == pattern.size;
}
