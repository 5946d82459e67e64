/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "support.h"

#include <errno.h>
#include <mproc/result.h>
#include <pthread.h>
#include <string.h>

START_TEST(text_is_empty_before_the_first_failure)
{
	ck_assert_str_eq(mproc_error_text(), "");
}
END_TEST

START_TEST(fail_returns_the_code_it_was_given)
{
	ck_assert_int_eq(mproci_fail(-EINVAL, "x"), -EINVAL);
	ck_assert_int_eq(mproci_fail(-ENOMEM, "x"), -ENOMEM);
}
END_TEST

START_TEST(fail_formats_the_text)
{
	mproci_fail(-EINVAL, "chunk %d: at most %zu of %s", 7, (size_t)5, "them");
	ck_assert_str_eq(mproc_error_text(), "chunk 7: at most 5 of them");
}
END_TEST

START_TEST(text_is_replaced_by_the_next_failure)
{
	mproci_fail(-EINVAL, "the first, which is longer");
	mproci_fail(-EINVAL, "the second");
	ck_assert_str_eq(mproc_error_text(), "the second");
}
END_TEST

START_TEST(text_that_is_too_long_is_cut)
{
	char longer[2 * MPROCI_ERROR_TEXT_SIZE];

	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	mproci_fail(-EINVAL, "%s", longer);
	ck_assert_uint_eq(strlen(mproc_error_text()), MPROCI_ERROR_TEXT_SIZE - 1);
	ck_assert_int_eq(strspn(mproc_error_text(), "x"), MPROCI_ERROR_TEXT_SIZE - 1);
}
END_TEST

static void *fail_here(void *was_empty)
{
	*(bool *)was_empty = mproc_error_text()[0] == '\0';
	mproci_fail(-EINVAL, "of the other thread");
	return NULL;
}

START_TEST(each_thread_has_a_text_of_its_own)
{
	bool was_empty = false;
	pthread_t thread;

	mproci_fail(-EINVAL, "of this thread");
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_here, &was_empty), 0);
	pthread_join(thread, NULL);
	ck_assert(was_empty);
	ck_assert_str_eq(mproc_error_text(), "of this thread");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		text_is_empty_before_the_first_failure,
		fail_returns_the_code_it_was_given,
		fail_formats_the_text,
		text_is_replaced_by_the_next_failure,
		text_that_is_too_long_is_cut,
		each_thread_has_a_text_of_its_own,
		NULL,
	};

	return support_run("error", tests);
}
