/* SPDX-License-Identifier: MIT */
/*
 * Queues in an arena that is too small: whatever cannot be had is told, nothing is lost, and all goes on when there
 * is memory again.
 */
#include "channel/queue_fixture.h"

enum {
	ARENA = 16 << 20,
	LARGE = 50000,
	MOST_QUEUES = 4096,
};

static void make_small_arena(void)
{
	ck_assert_int_eq(mproc_arena_reserve(ARENA), 0);
	note_blocks();
}

static void *hoard[1 << 16];
static size_t hoarded;

/* Whatever is left. */
static void take_all_memory(void)
{
	for (size_t size = 8 << 20; size >= 16; size /= 2) {
		while (hoarded < sizeof hoard / sizeof *hoard && (hoard[hoarded] = mproc_alloc(size)) != NULL)
			++hoarded;
	}
}

static void give_memory_back(void)
{
	while (hoarded > 0)
		mproc_free(hoard[--hoarded]);
}

static void check_no_memory(int rc)
{
	ck_assert_int_eq(rc, -ENOMEM);
	support_check_text("no room for");
}

START_TEST(create_fails_when_the_arena_is_full)
{
	static mproc_queue *queues[MOST_QUEUES];
	mproc_queue *none = NULL;
	size_t count = 0;
	int rc;

	while (count < MOST_QUEUES && (rc = mproc_queue_create(NULL, &queues[count])) == 0)
		++count;
	check_no_memory(rc);
	take_all_memory();
	check_no_memory(mproc_queue_create(NULL, &none));
	ck_assert_ptr_null(none);
	give_memory_back();
	while (count > 0)
		mproc_queue_destroy(queues[--count]);
}
END_TEST

/* Until there is no memory for more.  Returns how many there are. */
static unsigned put_all(size_t size, mproc_deadline deadline)
{
	char *message = malloc(size);
	unsigned count = 0;
	int rc;

	do {
		fill(message, size, count);
		rc = mproc_queue_put(queue, message, size, deadline);
		count += rc == 0;
	} while (rc == 0);
	check_no_memory(rc);
	free(message);
	return count;
}

/* What was put, in its order. */
static void get_all(size_t size, unsigned count)
{
	char *buffer = malloc(size);
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; ++i) {
		size_t got = 0;
		int rc = mproc_queue_get(queue, buffer, size, MPROC_NOW, &got);

		wrong += rc != 0 || got != size || !is_filled(buffer, size, i)
			 || mproc_queue_task_done(queue) != 0;
	}
	ck_assert_uint_eq(wrong, 0);
	expect_empty();
	free(buffer);
}

START_TEST(put_fails_when_the_arena_is_full_and_goes_on_when_it_is_not)
{
	const size_t sizes[] = {8, 2000, LARGE};

	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
			unsigned count;

			create_with((mproc_queue_options){.acknowledged = acknowledged,
				.max_messages = MPROC_QUEUE_UNBOUNDED,
				.max_bytes = MPROC_QUEUE_UNBOUNDED});
			count = put_all(sizes[i], MPROC_FOREVER);
			ck_assert_uint_gt(count, ARENA / LARGE / 4);
			ck_assert_int_eq(mproc_queue_count(queue), count);
			get_all(sizes[i], count);
			put_filled(sizes[i], 7);
			get_filled(sizes[i], 7);
			expect_empty();
			destroy();
		}
	}
}
END_TEST

START_TEST(reserve_fails_when_the_arena_is_full)
{
	void *block = NULL;

	create();
	take_all_memory();
	check_no_memory(mproc_queue_reserve(queue, LARGE, &block));
	check_no_memory(mproc_queue_reserve(queue, ARENA, &block));
	ck_assert_ptr_null(block);
	give_memory_back();
	ck_assert_int_eq(mproc_queue_reserve(queue, LARGE, &block), 0);
	ck_assert_int_eq(mproc_queue_release(queue, block), 0);
}
END_TEST

START_TEST(message_stays_when_there_is_no_memory_for_its_block)
{
	void *block = NULL;
	size_t size = 77;

	create();
	put_filled(500, 1);
	put_filled(LARGE, 2);
	take_all_memory();
	check_no_memory(mproc_queue_get_block(queue, MPROC_NOW, &block, &size));
	check_no_memory(mproc_queue_peek(queue, MPROC_NOW, &block, &size));
	ck_assert_ptr_null(block);
	ck_assert_uint_eq(size, 77);
	ck_assert_int_eq(mproc_queue_count(queue), 2);
	get_filled(500, 1);
	/* It lies in a block already. */
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_NOW, &block, &size), 0);
	ck_assert(is_filled(block, LARGE, 2));
	ck_assert_int_eq(mproc_queue_release(queue, block), 0);
	give_memory_back();
}
END_TEST

START_TEST(what_is_in_a_queue_is_got_when_the_arena_is_full)
{
	create();
	for (unsigned i = 0; i < 2000; ++i)
		put_filled(i, i);
	take_all_memory();
	for (unsigned i = 0; i < 2000; ++i)
		get_filled(i, i);
	expect_empty();
	put_filled(8, 1);
	get_filled(8, 1);
	give_memory_back();
}
END_TEST

START_TEST(put_many_tells_how_many_were_put_before_the_memory_ended)
{
	static char messages[200][LARGE];
	size_t count = 0, all = 0;

	create();
	do {
		count = 0;
		if (mproc_queue_put_many(queue, messages, LARGE, 200, MPROC_FOREVER, &count) < 0)
			break;
		all += count;
	} while (count == 200);
	support_check_text("no room for");
	ck_assert_uint_gt(all, ARENA / LARGE / 4);
	ck_assert_int_eq(mproc_queue_count(queue), (ssize_t)all);
	ck_assert_int_eq(mproc_queue_put_many(queue, messages, LARGE, 2, MPROC_FOREVER, &count), -ENOMEM);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		create_fails_when_the_arena_is_full,
		put_fails_when_the_arena_is_full_and_goes_on_when_it_is_not,
		reserve_fails_when_the_arena_is_full,
		message_stays_when_there_is_no_memory_for_its_block,
		what_is_in_a_queue_is_got_when_the_arena_is_full,
		put_many_tells_how_many_were_put_before_the_memory_ended,
		NULL,
	};
	const support_suite suite = {
		.name = "queues without memory",
		.tests = tests,
		.setup = make_small_arena,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
