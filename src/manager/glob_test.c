/* SPDX-License-Identifier: MIT */
#include "manager/glob.h"

#include "support.h"

#include <stdlib.h>

typedef struct example {
	const char *pattern, *name;
	bool matches;
} example;

static void check_examples(const example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(mproci_glob_matches(
				      mproci_view_of(examples[i].pattern), mproci_view_of(examples[i].name))
				      == examples[i].matches,
			"%s and %s", examples[i].pattern, examples[i].name);
}

START_TEST(stars_and_question_marks_stand_for_anything)
{
	static const example examples[] = {
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"*", "", true},
		{"*", "abc", true},
		{"**", "abc", true},
		{"a*", "abc", true},
		{"*c", "abc", true},
		{"*b*", "abc", true},
		{"a*c", "abc", true},
		{"a*b", "abc", false},
		{"?", "a", true},
		{"?", "", false},
		{"??", "a", false},
		{"a?c", "abc", true},
		{"*a*b*c*", "xxaxxbxxcxx", true},
		{"*a*b*c", "xxaxxbxxcxx", false},
		{"*ab", "aab", true},
		{"*abc*abd", "abcabcabd", true},
		{"news:*", "news:tech", true},
		{"abc", "abcd", false},
	};

	check_examples(examples, sizeof examples / sizeof *examples);
}
END_TEST

START_TEST(sets_stand_for_one_byte)
{
	static const example examples[] = {
		{"[abc]", "b", true},
		{"[abc]", "d", false},
		{"[^abc]", "d", true},
		{"[^abc]", "a", false},
		{"[a-c]", "b", true},
		{"[c-a]", "b", true},
		{"[a-c]", "d", false},
		{"h[ae]llo", "hallo", true},
		{"h[^e]llo", "hello", false},
		{"[]", "a", false},
		{"[^]", "a", true},
		{"[abc", "c", true},
		{"[", "a", false},
		{"[\\]]", "]", true},
		{"[\\-]", "-", true},
		{"[a-]", "-", false},
		{"*[0-9]", "abc7", true},
	};

	check_examples(examples, sizeof examples / sizeof *examples);
}
END_TEST

START_TEST(a_backslash_takes_the_meaning_away)
{
	static const example examples[] = {
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"\\?", "?", true},
		{"\\[a]", "[a]", true},
		{"\\\\", "\\", true},
		{"a\\", "a\\", true},
		{"\\a", "a", true},
	};

	check_examples(examples, sizeof examples / sizeof *examples);
}
END_TEST

/* Would not end within the time of a test if the work were the product of both sizes. */
START_TEST(the_work_is_bounded_whatever_is_asked)
{
	const size_t size = 1 << 20;
	char *name = malloc(size), *pattern = malloc(size);

	memset(name, 'a', size);
	memset(pattern, 'a', size);
	pattern[0] = '*';
	pattern[size / 2] = 'b';
	for (int i = 0; i < 20; i++)
		ck_assert(!mproci_glob_matches(
			(mproci_view){pattern, size / 2 + 1}, (mproci_view){name, size}));
	pattern[1] = '[';
	for (int i = 0; i < 20; i++)
		ck_assert(!mproci_glob_matches((mproci_view){pattern, size}, (mproci_view){name, size}));
	free(name);
	free(pattern);
}
END_TEST

START_TEST(long_names_match_what_fits)
{
	const size_t size = 1 << 20;
	char *name = malloc(size);

	memset(name, 'a', size);
	name[size - 1] = 'z';
	ck_assert(mproci_glob_matches(mproci_view_of("a*z"), (mproci_view){name, size}));
	ck_assert(mproci_glob_matches(mproci_view_of("*a*a*a*aaz"), (mproci_view){name, size}));
	ck_assert(!mproci_glob_matches(mproci_view_of("*b*"), (mproci_view){name, size}));
	free(name);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		stars_and_question_marks_stand_for_anything,
		sets_stand_for_one_byte,
		a_backslash_takes_the_meaning_away,
		the_work_is_bounded_whatever_is_asked,
		long_names_match_what_fits,
		NULL,
	};

	return support_run("glob", tests);
}
