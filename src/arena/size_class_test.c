/* SPDX-License-Identifier: MIT */
#include "arena/size_class.h"

#include "arena/unit.h"
#include "support.h"

START_TEST(every_size_gets_the_smallest_class_that_fits)
{
	uint32_t expected = 0;

	for (size_t size = 0; size <= MPROCI_SMALL_MAX; ++size) {
		if (size > mproci_size_classes[expected].size)
			++expected;
		ck_assert_uint_eq(mproci_size_class_of(size), expected);
	}
	ck_assert_uint_eq(expected, MPROCI_SIZE_CLASSES - 1);
}
END_TEST

START_TEST(no_class_wastes_more_than_a_fifth)
{
	for (int i = 9; i < MPROCI_SIZE_CLASSES; ++i)
		ck_assert_uint_le(mproci_size_classes[i].size - mproci_size_classes[i - 1].size - 1,
			mproci_size_classes[i].size / 5);
}
END_TEST

START_TEST(a_span_holds_as_many_blocks_as_fit_beside_their_states)
{
	for (int i = 0; i < MPROCI_SIZE_CLASSES; ++i) {
		const mproci_size_class *class = &mproci_size_classes[i];
		uint32_t more = class->count + 1;

		ck_assert_uint_eq(class->size % 16, 0);
		ck_assert_uint_eq(class->start + class->count * class->size, MPROCI_UNIT_SIZE);
		ck_assert_uint_ge(class->start, MPROCI_SPAN_HEADER + (class->count + 7) / 8 * 8);
		ck_assert_uint_gt(
			MPROCI_SPAN_HEADER + (more + 7) / 8 * 8 + more * class->size, MPROCI_UNIT_SIZE);
	}
}
END_TEST

START_TEST(the_reciprocal_divides_every_offset)
{
	for (int i = 0; i < MPROCI_SIZE_CLASSES; ++i) {
		const mproci_size_class *class = &mproci_size_classes[i];

		for (uint32_t offset = 0; offset < MPROCI_UNIT_SIZE; ++offset)
			ck_assert_uint_eq((uint64_t)offset * class->reciprocal >> 32, offset / class->size);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		every_size_gets_the_smallest_class_that_fits,
		no_class_wastes_more_than_a_fifth,
		a_span_holds_as_many_blocks_as_fit_beside_their_states,
		the_reciprocal_divides_every_offset,
		NULL,
	};

	return support_run("size classes", tests);
}
