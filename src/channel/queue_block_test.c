/* SPDX-License-Identifier: MIT */
#include <mproc/queue.h>

#include "channel/queue.h"
#include "channel/queue_fixture.h"

static const size_t sizes[] = {0, 1, 7, 8, 9, 2047, 2048, 2049, 4096, MPROCI_QUEUE_INLINE_MOST - 1,
	MPROCI_QUEUE_INLINE_MOST, MPROCI_QUEUE_INLINE_MOST + 1, 1 << 20};

static const size_t SIZES = sizeof sizes / sizeof *sizes;

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_int_eq(rc, expected);
	support_check_text(text);
}

static char *reserve(size_t size)
{
	void *block = NULL;
	int rc = mproc_queue_reserve(queue, size, &block);

	ck_assert_msg(rc == 0, "reserve of %zu bytes: %d, %s", size, rc, mproc_error_text());
	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq((uintptr_t)block % 16, 0);
	return block;
}

static void commit(void *block, size_t size)
{
	int rc = mproc_queue_commit(queue, block, size, MPROC_NOW);

	ck_assert_msg(rc == 0, "commit of %zu bytes: %d, %s", size, rc, mproc_error_text());
}

static void release(void *block)
{
	ck_assert_int_eq(mproc_queue_release(queue, block), 0);
}

/* The next message, in its block. */
static char *peek(size_t size, unsigned seed)
{
	void *block = NULL;
	size_t got = SIZE_MAX;
	int rc = mproc_queue_peek(queue, MPROC_NOW, &block, &got);

	ck_assert_msg(rc == 0, "peek: %d, %s", rc, mproc_error_text());
	ck_assert_uint_eq((uintptr_t)block % 16, 0);
	ck_assert_uint_eq(got, size);
	ck_assert(is_filled(block, size, seed));
	return block;
}

START_TEST(reserved_block_is_a_message_once_it_is_committed)
{
	create();
	for (size_t i = 0; i < SIZES; ++i) {
		char *block = reserve(sizes[i]);

		ck_assert_int_eq(mproc_queue_count(queue), 0);
		fill(block, sizes[i], 3);
		commit(block, sizes[i]);
		ck_assert_int_eq(mproc_queue_count(queue), 1);
		ck_assert_int_eq(mproc_queue_bytes(queue), (ssize_t)sizes[i]);
		get_filled(sizes[i], 3);
	}
	expect_empty();
}
END_TEST

START_TEST(message_in_a_block_may_be_shorter_than_what_was_reserved)
{
	char *block;

	create();
	block = reserve(4000);
	fill(block, 4000, 1);
	commit(block, 17);
	ck_assert_int_eq(mproc_queue_bytes(queue), 17);
	get_filled(17, 1);
	block = reserve(4000);
	commit(block, 0);
	get_filled(0, 1);
}
END_TEST

START_TEST(message_in_a_block_may_not_be_longer_than_what_was_reserved)
{
	char *block;

	create();
	block = reserve(100);
	check_failed(mproc_queue_commit(queue, block, 101, MPROC_NOW), -EMSGSIZE,
		"message of 101 bytes: 100 were reserved");
	check_failed(mproc_queue_commit(queue, block, SIZE_MAX, MPROC_NOW), -EMSGSIZE, "100 were reserved");
	fill(block, 100, 1);
	commit(block, 100);
	get_filled(100, 1);
}
END_TEST

START_TEST(block_that_was_larger_before_holds_no_more_than_is_reserved_now)
{
	char *block;

	create();
	release(reserve(15000));
	block = reserve(100);
	check_failed(mproc_queue_commit(queue, block, 101, MPROC_NOW), -EMSGSIZE,
		"message of 101 bytes: 100 were reserved");
	release(block);
}
END_TEST

START_TEST(messages_in_blocks_come_out_in_the_order_of_their_commits)
{
	char *first, *second;

	create();
	first = reserve(10);
	second = reserve(10);
	fill(first, 10, 1);
	fill(second, 10, 2);
	commit(second, 10);
	put_filled(10, 3);
	commit(first, 10);
	get_filled(10, 2);
	get_filled(10, 3);
	get_filled(10, 1);
}
END_TEST

START_TEST(peeked_message_is_taken_out_where_it_lies)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		char *reserved, *peeked;

		create_with((mproc_queue_options){.acknowledged = acknowledged});
		reserved = reserve(15000);
		fill(reserved, 15000, 1);
		commit(reserved, 15000);
		put_filled(8, 2);
		peeked = peek(15000, 1);
		ck_assert_ptr_eq(peeked, reserved);
		ck_assert_int_eq(mproc_queue_count(queue), 1);
		ck_assert_int_eq(mproc_queue_bytes(queue), 8);
		get_filled(8, 2);
		ck_assert(is_filled(peeked, 15000, 1));
		ck_assert_int_eq(
			acknowledged ? mproc_queue_ack(queue, peeked) : mproc_queue_release(queue, peeked),
			0);
		destroy();
	}
}
END_TEST

START_TEST(message_of_each_size_can_be_peeked)
{
	create();
	for (unsigned round = 0; round < 2; ++round) {
		char *blocks[sizeof sizes / sizeof *sizes];

		for (size_t i = 0; i < SIZES; ++i)
			put_filled(sizes[i], round);
		for (size_t i = 0; i < SIZES; ++i)
			blocks[i] = peek(sizes[i], round);
		expect_empty();
		for (size_t i = 0; i < SIZES; ++i) {
			ck_assert(is_filled(blocks[i], sizes[i], round));
			release(blocks[i]);
		}
	}
}
END_TEST

START_TEST(small_message_is_peeked_from_a_closed_queue)
{
	create();
	put_filled(8, 1);
	put_filled(10000, 2);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	release(peek(8, 1));
	release(peek(10000, 2));
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_FOREVER, &(void *){NULL}, NULL), -EPIPE);
	support_check_text("closed, and empty");
}
END_TEST

START_TEST(size_of_a_peeked_message_need_not_be_asked_for)
{
	void *block;

	create();
	put_filled(8, 1);
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_NOW, &block, NULL), 0);
	release(block);
}
END_TEST

START_TEST(peeked_block_can_be_written_to)
{
	char *block;

	create();
	put_filled(10000, 1);
	put_filled(10000, 2);
	block = peek(10000, 1);
	memset(block, 0, 10000);
	get_filled(10000, 2);
	release(block);
}
END_TEST

/* Many at once, more than there are envelopes at first. */
START_TEST(many_blocks_can_be_held_at_once)
{
	enum {
		MANY = 1000
	};
	char *blocks[MANY];

	create();
	for (unsigned i = 0; i < MANY; ++i) {
		blocks[i] = reserve(i * 5);
		fill(blocks[i], i * 5ULL, i);
	}
	for (unsigned i = MANY; i > 0; --i) {
		ck_assert(is_filled(blocks[i - 1], (i - 1) * 5ULL, i - 1));
		commit(blocks[i - 1], (i - 1) * 5ULL);
	}
	ck_assert_int_eq(mproc_queue_count(queue), MANY);
	for (unsigned i = MANY; i > 0; --i)
		blocks[i - 1] = peek((i - 1) * 5ULL, i - 1);
	for (unsigned i = 0; i < MANY; ++i)
		release(blocks[i]);
	expect_empty();
}
END_TEST

START_TEST(blocks_are_used_again)
{
	size_t blocks;

	create();
	for (unsigned i = 0; i < 10; ++i) {
		release(reserve(1 << 20));
		put_filled(1 << 20, i);
		release(peek(1 << 20, i));
	}
	blocks = count_blocks();
	for (unsigned i = 0; i < 1000; ++i) {
		release(reserve(1 << 16));
		put_filled(1 << 12, i);
		get_filled(1 << 12, i);
	}
	ck_assert_uint_eq(count_blocks(), blocks);
}
END_TEST

START_TEST(block_that_is_not_reserved_cannot_be_committed)
{
	static const char text[] = "not reserved in this queue";
	uint64_t on_the_stack[4] = {0}, *allocated = mproc_calloc(4, sizeof *allocated);
	mproc_queue *first;
	char *block;

	create();
	check_failed(mproc_queue_commit(queue, NULL, 1, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_commit(queue, &on_the_stack[2], 1, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_commit(queue, allocated, 1, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_commit(queue, &allocated[2], 1, MPROC_NOW), -EINVAL, text);
	block = reserve(15000);
	check_failed(mproc_queue_commit(queue, block + 1, 1, MPROC_NOW), -EINVAL, text);
	check_failed(mproc_queue_commit(queue, block + 16, 1, MPROC_NOW), -EINVAL, text);
	first = queue;
	create();
	check_failed(mproc_queue_commit(queue, block, 1, MPROC_NOW), -EINVAL, text);
	destroy();
	queue = first;
	fill(block, 15000, 1);
	commit(block, 15000);
	/* It is the queue's now. */
	check_failed(mproc_queue_commit(queue, block, 1, MPROC_NOW), -EINVAL, text);
	ck_assert_ptr_eq(peek(15000, 1), block);
	check_failed(mproc_queue_commit(queue, block, 1, MPROC_NOW), -EINVAL, text);
	release(block);
	check_failed(mproc_queue_commit(queue, block, 1, MPROC_NOW), -EINVAL, text);
	mproc_free(allocated);
	expect_empty();
}
END_TEST

START_TEST(block_that_this_process_does_not_have_cannot_be_released)
{
	static const char text[] = "none of this queue that this process has";
	uint64_t on_the_stack[4] = {0}, *allocated = mproc_calloc(4, sizeof *allocated);
	char *block;

	create();
	ck_assert_int_eq(mproc_queue_release(queue, NULL), 0);
	check_failed(mproc_queue_release(queue, &on_the_stack[2]), -EINVAL, text);
	check_failed(mproc_queue_release(queue, allocated), -EINVAL, text);
	check_failed(mproc_queue_release(queue, &allocated[2]), -EINVAL, text);
	/* Addresses of the arena where nothing was ever allocated. */
	check_failed(mproc_queue_release(queue, (char *)queue + (1LL << 33)), -EINVAL, text);
	block = reserve(15000);
	check_failed(mproc_queue_release(queue, block + 16), -EINVAL, text);
	commit(block, 5);
	check_failed(mproc_queue_release(queue, block), -EINVAL, text);
	block = NULL;
	ck_assert_int_eq(mproc_queue_peek(queue, MPROC_NOW, (void **)&block, NULL), 0);
	release(block);
	check_failed(mproc_queue_release(queue, block), -EINVAL, text);
	block = reserve(100000);
	release(block);
	check_failed(mproc_queue_release(queue, block), -EINVAL, text);
	mproc_free(allocated);
}
END_TEST

START_TEST(block_of_a_message_that_is_owed_is_not_released)
{
	char *block;

	create_acknowledged();
	put_filled(8, 1);
	block = peek(8, 1);
	check_failed(mproc_queue_release(queue, block), -EINVAL, "owed, so it is acknowledged or given back");
	ck_assert_int_eq(mproc_queue_ack(queue, block), 0);
	release(reserve(8));
}
END_TEST

START_TEST(block_that_was_not_accepted_is_still_the_callers)
{
	char *block;

	create_with((mproc_queue_options){.max_messages = 1});
	put_filled(8, 1);
	block = reserve(10000);
	fill(block, 10000, 2);
	check_failed(
		mproc_queue_commit(queue, block, 10000, MPROC_NOW), -ETIMEDOUT, "full until the deadline");
	check_failed(mproc_queue_commit(queue, block, 10000, mproc_after(0.01)), -ETIMEDOUT,
		"full until the deadline");
	ck_assert(is_filled(block, 10000, 2));
	get_filled(8, 1);
	commit(block, 10000);
	get_filled(10000, 2);
}
END_TEST

START_TEST(destroy_takes_blocks_with_it)
{
	for (int acknowledged = 0; acknowledged <= 1; ++acknowledged) {
		create_with((mproc_queue_options){.acknowledged = acknowledged});
		for (unsigned i = 0; i < 100; ++i) {
			put_filled(10000, i);
			peek(10000, i);
			reserve(10000);
		}
		destroy();
		ck_assert_uint_eq(count_blocks(), blocks_before);
	}
}
END_TEST

/* Threads. */

static _Atomic uintptr_t handed;

static int commit_handed(void *unused)
{
	(void)unused;
	fill((void *)handed, 10000, 4);
	return mproc_queue_commit(queue, (void *)handed, 10000, MPROC_FOREVER);
}

START_TEST(another_thread_may_commit_a_block)
{
	create();
	atomic_store(&handed, (uintptr_t)reserve(10000));
	ck_assert_int_eq(support_in_thread(commit_handed, NULL).result, 0);
	get_filled(10000, 4);
}
END_TEST

enum {
	ROUNDS = 3000,
};

static int commit_all(void *unused)
{
	int rc = 0;

	(void)unused;
	for (unsigned i = 0; i < ROUNDS && rc == 0; ++i) {
		size_t size = i * 7 % 5000;
		void *block = NULL;

		rc = mproc_queue_reserve(queue, size, &block);
		if (rc < 0)
			return rc;
		fill(block, size, i);
		rc = mproc_queue_commit(queue, block, size, MPROC_FOREVER);
	}
	return rc;
}

static int peek_all(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < 2 * ROUNDS; ++i) {
		void *block = NULL;
		size_t size = 0;
		int rc = mproc_queue_peek(queue, MPROC_FOREVER, &block, &size);

		if (rc < 0)
			return rc;
		/* Its first byte tells the seed: 223 * 31 is 1 in a byte. */
		if (size > 0 && !is_filled(block, size, ((unsigned char *)block)[0] * 223U))
			return -EBADMSG;
		rc = mproc_queue_release(queue, block);
		if (rc < 0)
			return rc;
	}
	return 0;
}

START_TEST(blocks_go_between_threads)
{
	support_thread producers[2], consumers[2];

	create_with((mproc_queue_options){.max_messages = 10});
	for (int i = 0; i < 2; ++i)
		support_begin(&producers[i], commit_all, NULL);
	support_begin(&consumers[0], peek_all, NULL);
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&producers[i]), 0);
	ck_assert_int_eq(support_end(&consumers[0]), 0);
	expect_empty();
}
END_TEST

/* Processes. */

static int write_handed(void *unused)
{
	(void)unused;
	fill((void *)handed, 10000, 4);
	return 0;
}

static int commit_as_stranger(void *unused)
{
	(void)unused;
	return mproc_queue_commit(queue, (void *)handed, 10000, MPROC_FOREVER);
}

START_TEST(another_process_may_write_to_a_block_and_its_owner_commits_it)
{
	create();
	atomic_store(&handed, (uintptr_t)reserve(10000));
	ck_assert_int_eq(support_reap(support_fork(write_handed, NULL)), 0);
	ck_assert_int_eq(support_reap(support_fork(commit_as_stranger, NULL)), EINVAL);
	commit((void *)handed, 10000);
	get_filled(10000, 4);
}
END_TEST

static int reserve_and_commit(void *unused)
{
	void *block = NULL;
	int rc = mproc_queue_reserve(queue, 15000, &block);

	(void)unused;
	if (rc < 0)
		return rc;
	fill(block, 15000, 6);
	return mproc_queue_commit(queue, block, 15000, MPROC_FOREVER);
}

START_TEST(committed_block_stays_when_who_reserved_it_ends)
{
	create();
	ck_assert_int_eq(support_reap(support_fork(reserve_and_commit, NULL)), 0);
	support_kill(support_fork_and_keep(reserve_and_commit, NULL));
	release(peek(15000, 6));
	get_filled(15000, 6);
}
END_TEST

static int hold_a_block(void *unused)
{
	void *block = NULL;

	(void)unused;
	return mproc_queue_reserve(queue, 1 << 20, &block);
}

static int hold_a_message(void *unused)
{
	void *block = NULL;

	(void)unused;
	return mproc_queue_peek(queue, MPROC_FOREVER, &block, NULL);
}

/* Whoever dies with blocks: however many do, what they had is used again. */
static void check_blocks_of_the_dead(support_deed *deed, bool is_joined)
{
	const size_t before = used_bytes(), most = 80;

	for (unsigned i = 0; i < 3 * most; ++i) {
		if (deed == hold_a_message)
			put_filled(1 << 20, i);
		if (is_joined)
			support_kill_and_join(support_start_and_keep(deed, NULL));
		else
			support_kill(support_fork_and_keep(deed, NULL));
		ck_assert_uint_le(used_bytes(), before + (most << 20));
	}
	expect_empty();
}

START_TEST(blocks_of_the_dead_are_used_again)
{
	create();
	check_blocks_of_the_dead(hold_a_block, true);
	destroy();
	create();
	check_blocks_of_the_dead(hold_a_message, true);
}
END_TEST

START_TEST(blocks_of_the_dead_whom_nobody_of_the_library_joins_are_used_again)
{
	create();
	check_blocks_of_the_dead(hold_a_message, false);
}
END_TEST

START_TEST(peeked_message_of_the_dead_is_not_delivered_again)
{
	create();
	put_filled(10000, 1);
	put_filled(10000, 2);
	support_kill_and_join(support_start_and_keep(hold_a_message, NULL));
	get_filled(10000, 2);
	expect_empty();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		reserved_block_is_a_message_once_it_is_committed,
		message_in_a_block_may_be_shorter_than_what_was_reserved,
		message_in_a_block_may_not_be_longer_than_what_was_reserved,
		block_that_was_larger_before_holds_no_more_than_is_reserved_now,
		messages_in_blocks_come_out_in_the_order_of_their_commits,
		peeked_message_is_taken_out_where_it_lies,
		message_of_each_size_can_be_peeked,
		small_message_is_peeked_from_a_closed_queue,
		size_of_a_peeked_message_need_not_be_asked_for,
		peeked_block_can_be_written_to,
		many_blocks_can_be_held_at_once,
		blocks_are_used_again,
		block_that_is_not_reserved_cannot_be_committed,
		block_that_this_process_does_not_have_cannot_be_released,
		block_of_a_message_that_is_owed_is_not_released,
		block_that_was_not_accepted_is_still_the_callers,
		destroy_takes_blocks_with_it,
		another_thread_may_commit_a_block,
		blocks_go_between_threads,
		NULL,
	};
	const TTest *process_tests[] = {
		another_process_may_write_to_a_block_and_its_owner_commits_it,
		committed_block_stays_when_who_reserved_it_ends,
		blocks_of_the_dead_are_used_again,
		blocks_of_the_dead_whom_nobody_of_the_library_joins_are_used_again,
		peeked_message_of_the_dead_is_not_delivered_again,
		NULL,
	};
	const support_suite suite = {
		.name = "blocks of queues",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = note_blocks,
		.teardown = check_blocks,
	};

	return support_run_suite(&suite);
}
