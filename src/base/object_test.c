/* SPDX-License-Identifier: MIT */
#include "base/object.h"

#include "people.h"
#include "support.h"

#include <errno.h>

static const uint64_t MARK = UINT64_C(0x1234567890abcdef);

START_TEST(object_with_its_mark_is_accepted)
{
	const struct {
		uint64_t mark;
		char rest[8];
	} object = {.mark = MARK};

	ck_assert_int_eq(mproci_check_object(&object, MARK, "thing"), 0);
}
END_TEST

START_TEST(no_object_is_refused_by_its_noun)
{
	ck_assert_int_eq(mproci_check_object(NULL, MARK, "thing"), -EINVAL);
	ck_assert_str_eq(mproc_error_text(), "thing is NULL");
}
END_TEST

START_TEST(object_without_its_mark_is_refused_by_its_address)
{
	const uint64_t wrong[] = {0, MARK + 1, MARK ^ UINT64_C(1) << 63, UINT64_MAX};

	for (int i = 0; i < 4; ++i) {
		ck_assert_int_eq(mproci_check_object(&wrong[i], MARK, "thing"), -EINVAL);
		support_check_text("thing 0x");
		support_check_text(": not initialised, or destroyed");
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		object_with_its_mark_is_accepted,
		no_object_is_refused_by_its_noun,
		object_without_its_mark_is_refused_by_its_address,
		NULL,
	};

	return support_run("object", tests);
}
