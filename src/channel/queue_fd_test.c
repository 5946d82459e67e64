/* SPDX-License-Identifier: MIT */
#include <mproc/queue.h>

#include "channel/queue.h"
#include "family/bell.h"
#include "family/member.h"
#include "people.h"
#include "support.h"
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* In the arena. */
static struct shared {
	mproc_queue *queue;
	_Atomic uint32_t go, seen;
} * shared;

static mproc_queue *queue;

static void set_up(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	shared->queue = queue;
}

static void tear_down(void)
{
	mproc_queue_destroy(queue);
	mproc_free(shared);
	ck_assert(!mproci_watchers_are_there());
}

static bool is_readable(int fd)
{
	return mproci_poll_one(fd, MPROC_NOW) == 0;
}

static int put(uint32_t value)
{
	return mproc_queue_put(queue, &value, sizeof value, MPROC_FOREVER);
}

static int get(uint32_t *ret_value)
{
	return mproc_queue_get(queue, ret_value, sizeof *ret_value, MPROC_NOW, NULL);
}

/* A descriptor that was looked behind once: nothing is there. */
static int open_quiet(void)
{
	int fd = mproc_queue_fd(queue);
	uint32_t value;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(!is_readable(fd));
	return fd;
}

/* As an event loop does. */
static uint32_t await_one(int fd)
{
	for (;;) {
		uint32_t value = 0;
		int rc;

		ck_assert_int_eq(mproci_poll_one(fd, MPROC_FOREVER), 0);
		rc = get(&value);
		if (rc == 0)
			return value;
		ck_assert(rc == -ETIMEDOUT || rc == -EAGAIN);
	}
}

START_TEST(descriptor_is_the_same_each_time_and_closed_by_exec)
{
	int fd = mproc_queue_fd(queue);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(mproc_queue_fd(queue), fd);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(each_queue_has_a_descriptor_of_its_own)
{
	mproc_queue *other;
	int fd = open_quiet(), other_fd;

	ck_assert_int_eq(mproc_queue_create(NULL, &other), 0);
	other_fd = mproc_queue_fd(other);
	ck_assert_int_ge(other_fd, 0);
	ck_assert_int_ne(other_fd, fd);
	ck_assert_int_eq(mproc_queue_put(other, "x", 1, MPROC_FOREVER), 0);
	ck_assert(is_readable(other_fd));
	ck_assert(!is_readable(fd));
	ck_assert_int_eq(mproc_queue_fd(queue), fd);
	mproc_queue_destroy(other);
	ck_assert_int_eq(mproc_queue_fd(queue), fd);
}
END_TEST

START_TEST(what_is_no_queue_has_no_descriptor)
{
	char nothing[4096] = {0};

	ck_assert_int_eq(mproc_queue_fd(NULL), -EINVAL);
	support_check_text("queue is NULL");
	ck_assert_int_eq(mproc_queue_fd((mproc_queue *)(void *)nothing), -EINVAL);
	support_check_text("not initialised, or destroyed");
}
END_TEST

START_TEST(message_that_was_there_before_the_descriptor_is_told)
{
	uint32_t value;
	int fd;

	ck_assert_int_eq(put(1), 0);
	fd = mproc_queue_fd(queue);
	ck_assert(is_readable(fd));
	ck_assert_int_eq(get(&value), 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(!is_readable(fd));
}
END_TEST

START_TEST(descriptor_is_readable_until_the_queue_was_found_empty)
{
	int fd = open_quiet();
	uint32_t value;

	for (int round = 0; round < 3; ++round) {
		for (uint32_t i = 0; i < 5; ++i) {
			ck_assert_int_eq(put(i), 0);
			ck_assert(is_readable(fd));
		}
		for (uint32_t i = 0; i < 5; ++i) {
			ck_assert(is_readable(fd));
			ck_assert_int_eq(get(&value), 0);
			ck_assert_uint_eq(value, i);
		}
		ck_assert_int_eq(get(&value), -ETIMEDOUT);
		ck_assert(!is_readable(fd));
		ck_assert_int_eq(get(&value), -ETIMEDOUT);
		ck_assert(!is_readable(fd));
	}
}
END_TEST

START_TEST(every_way_to_put_is_told)
{
	static char large[100000];
	int fd = open_quiet();
	char byte;
	void *block;

	ck_assert_int_eq(mproc_queue_put_many(queue, "abc", 1, 3, MPROC_FOREVER, NULL), 0);
	ck_assert(is_readable(fd));
	while (mproc_queue_get(queue, &byte, 1, MPROC_NOW, NULL) == 0)
		;
	ck_assert(!is_readable(fd));

	ck_assert_int_eq(mproc_queue_put(queue, large, sizeof large, MPROC_FOREVER), 0);
	ck_assert(is_readable(fd));
	while (mproc_queue_get(queue, large, sizeof large, MPROC_NOW, NULL) == 0)
		;
	ck_assert(!is_readable(fd));

	ck_assert_int_eq(mproc_queue_reserve(queue, sizeof large, &block), 0);
	ck_assert(!is_readable(fd));
	ck_assert_int_eq(mproc_queue_commit(queue, block, 1, MPROC_FOREVER), 0);
	ck_assert(is_readable(fd));
}
END_TEST

static void make_acknowledged(void)
{
	mproc_queue_destroy(queue);
	ck_assert_int_eq(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue), 0);
	shared->queue = queue;
}

START_TEST(message_that_is_given_back_is_told)
{
	uint32_t value;
	int fd;

	make_acknowledged();
	fd = open_quiet();
	ck_assert_int_eq(put(1), 0);
	ck_assert(is_readable(fd));
	ck_assert_int_eq(get(&value), 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(!is_readable(fd));
	ck_assert_int_eq(mproc_queue_give_back(queue, NULL), 0);
	ck_assert(is_readable(fd));
	ck_assert_uint_eq(await_one(fd), 1);
	ck_assert_int_eq(mproc_queue_ack(queue, NULL), 0);
}
END_TEST

/* Somebody who has told, for the bell rang already, and has not put yet. */
static int stay_inside(void *unused)
{
	int rc = mproci_queue_lock_producers(queue, MPROC_FOREVER);

	(void)unused;
	atomic_store(&shared->go, 1);
	support_await(&shared->seen, 1);
	mproci_biased_lock_release(&queue->producers.lock);
	return rc;
}

START_TEST(descriptor_stays_readable_while_a_producer_is_inside)
{
	int fd = mproc_queue_fd(queue);
	support_thread producer;
	uint32_t value;

	support_begin(&producer, stay_inside, NULL);
	support_await(&shared->go, 1);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(is_readable(fd));
	shared->seen = 1;
	ck_assert_int_eq(support_end(&producer), 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(!is_readable(fd));
}
END_TEST

START_TEST(closed_queue_is_readable_for_ever)
{
	uint32_t value;
	int fd = open_quiet();

	ck_assert_int_eq(put(1), 0);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	ck_assert(is_readable(fd));
	ck_assert_int_eq(get(&value), 0);
	for (int i = 0; i < 3; ++i) {
		ck_assert(is_readable(fd));
		ck_assert_int_eq(get(&value), -EPIPE);
	}
}
END_TEST

START_TEST(close_of_an_empty_queue_is_told)
{
	uint32_t value;
	int fd = open_quiet();

	ck_assert_int_eq(mproc_queue_close(queue), 0);
	ck_assert(is_readable(fd));
	ck_assert_int_eq(get(&value), -EPIPE);
	ck_assert(is_readable(fd));
}
END_TEST

START_TEST(descriptor_is_closed_with_the_queue)
{
	int fd = open_quiet();

	queue = mproc_queue_destroy(queue);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(descriptor_that_the_application_has_closed_is_made_anew)
{
	int fd = open_quiet(), ends[2];
	uint32_t value;
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(dup3(ends[0], fd, O_CLOEXEC), fd);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	/* What has its number now is left alone. */
	ck_assert_int_eq(put(1), 0);
	ck_assert_int_eq(get(&value), 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	ck_assert_int_ne(mproc_queue_fd(queue), fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	open_quiet();
	ck_assert_int_eq(put(2), 0);
	ck_assert_uint_eq(await_one(mproc_queue_fd(queue)), 2);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static struct rlimit refuse_descriptors(void)
{
	struct rlimit before, none;

	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	return before;
}

START_TEST(descriptor_that_cannot_be_had_is_refused_and_then_made)
{
	struct rlimit before = refuse_descriptors();
	int rc = mproc_queue_fd(queue);

	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(rc, -EMFILE);
	support_check_text("RLIMIT_NOFILE is 0");
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	ck_assert_int_eq(mproc_queue_fd(queue), -EACCES);
	support_check_text("it is not dumpable");
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	open_quiet();
}
END_TEST

START_TEST(descriptor_is_refused_when_the_family_has_no_room)
{
	mproci_bell bell;
	uint32_t watcher;

	ck_assert_int_eq(mproci_bell_open(&bell), 0);
	for (int i = 0; i < MPROCI_WATCHERS; ++i)
		ck_assert_int_eq(mproci_watcher_add(&bell, &bell, &watcher), 0);
	ck_assert_int_eq(mproc_queue_fd(queue), -EAGAIN);
	support_check_text("4096 queues and events are waited for");
	for (uint32_t i = 0; i < MPROCI_WATCHERS; ++i)
		mproci_watcher_remove(i);
	mproci_bell_close(&bell);
}
END_TEST

enum {
	ROUNDS = 3000,
	/* Where two threads take turns, which takes long on a machine that is busy. */
	TURNS = 500,
	PRODUCERS = 3,
};

static int put_often(void *unused)
{
	int rc = 0;

	(void)unused;
	for (uint32_t i = 0; i < ROUNDS && rc == 0; ++i)
		rc = put(i);
	return rc;
}

/* What is lost here is lost for ever, and the test with it: nobody looks again by himself. */
START_TEST(nothing_that_threads_put_is_missed)
{
	support_thread producers[PRODUCERS];
	int fd = mproc_queue_fd(queue);

	for (int i = 0; i < PRODUCERS; ++i)
		support_begin(&producers[i], put_often, NULL);
	for (int i = 0; i < PRODUCERS * ROUNDS; ++i)
		await_one(fd);
	for (int i = 0; i < PRODUCERS; ++i)
		ck_assert_int_eq(support_end(&producers[i]), 0);
}
END_TEST

static int put_when_seen(void *unused)
{
	int rc = 0;

	(void)unused;
	support_await(&shared->go, 1);
	for (uint32_t i = 1; i <= TURNS && rc == 0; ++i) {
		support_await(&shared->seen, i - 1);
		rc = put(i);
	}
	return rc;
}

static void see_all(void)
{
	int fd = mproc_queue_fd(queue);

	shared->go = 1;
	for (uint32_t i = 1; i <= TURNS; ++i) {
		ck_assert_uint_eq(await_one(fd), i);
		shared->seen = i;
	}
}

START_TEST(nothing_that_a_thread_puts_is_missed_one_by_one)
{
	support_thread producer;

	support_begin(&producer, put_when_seen, NULL);
	see_all();
	ck_assert_int_eq(support_end(&producer), 0);
}
END_TEST

/* Several threads of one process, one descriptor. */
static int consume(void *unused)
{
	int fd = mproc_queue_fd(queue);

	(void)unused;
	for (;;) {
		uint32_t value;
		int rc;

		if (mproci_poll_one(fd, MPROC_FOREVER) < 0)
			return 1;
		rc = get(&value);
		if (rc == -EPIPE)
			return 0;
		if (rc == 0)
			atomic_fetch_add(&shared->seen, 1);
		else if (rc != -ETIMEDOUT && rc != -EAGAIN)
			return 2;
	}
}

START_TEST(threads_share_a_descriptor)
{
	support_thread consumers[3], producers[PRODUCERS];

	for (int i = 0; i < 3; ++i)
		support_begin(&consumers[i], consume, NULL);
	for (int i = 0; i < PRODUCERS; ++i)
		support_begin(&producers[i], put_often, NULL);
	for (int i = 0; i < PRODUCERS; ++i)
		ck_assert_int_eq(support_end(&producers[i]), 0);
	support_await(&shared->seen, PRODUCERS * ROUNDS);
	ck_assert_int_eq(mproc_queue_close(queue), 0);
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(support_end(&consumers[i]), 0);
	ck_assert_uint_eq(shared->seen, PRODUCERS * ROUNDS);
}
END_TEST

/* One message goes round: got, and given back. */
static int get_and_give_back(void *unused)
{
	(void)unused;
	for (int i = 0; i < TURNS; ++i) {
		uint32_t value;

		while (get(&value) != 0)
			sched_yield();
		if (mproc_queue_give_back(queue, NULL) != 0)
			return 1;
	}
	atomic_store(&shared->go, 1);
	return 0;
}

START_TEST(nothing_that_is_given_back_is_missed)
{
	support_thread other;
	int fd;

	make_acknowledged();
	fd = mproc_queue_fd(queue);
	ck_assert_int_eq(put(7), 0);
	support_begin(&other, get_and_give_back, NULL);
	do {
		ck_assert_uint_eq(await_one(fd), 7);
		ck_assert_int_eq(mproc_queue_give_back(queue, NULL), 0);
	} while (atomic_load(&shared->go) == 0);
	ck_assert_int_eq(support_end(&other), 0);
}
END_TEST

START_TEST(descriptor_works_with_epoll)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd = open_quiet();
	uint32_t value;

	ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
	for (uint32_t i = 0; i < 3; ++i) {
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, 0), 0);
		ck_assert_int_eq(put(i), 0);
		ck_assert_int_eq(epoll_wait(epoll, &event, 1, -1), 1);
		ck_assert_uint_eq(event.events, EPOLLIN);
		ck_assert_int_eq(get(&value), 0);
		ck_assert_int_eq(get(&value), -ETIMEDOUT);
	}
	close(epoll);
}
END_TEST

/* From here on: between processes. */

static int join_and_put_when_seen(void *unused)
{
	return mproci_family_join() != 0 ? 100 : put_when_seen(unused);
}

START_TEST(nothing_that_an_older_process_puts_is_missed)
{
	pid_t producer = support_fork(join_and_put_when_seen, NULL);

	see_all();
	ck_assert_int_eq(support_reap(producer), 0);
}
END_TEST

START_TEST(nothing_that_processes_put_is_missed)
{
	pid_t producers[PRODUCERS];
	int fd = mproc_queue_fd(queue);

	for (int i = 0; i < PRODUCERS; ++i)
		producers[i] = support_fork(put_often, NULL);
	for (int i = 0; i < PRODUCERS * ROUNDS; ++i)
		await_one(fd);
	for (int i = 0; i < PRODUCERS; ++i)
		ck_assert_int_eq(support_reap(producers[i]), 0);
}
END_TEST

/* A queue that is made later than the process that puts into it. */
static int put_into_the_queue_that_is_shown(void *unused)
{
	(void)unused;
	support_await(&shared->go, 1);
	queue = shared->queue;
	return put(77);
}

START_TEST(process_older_than_the_queue_tells)
{
	pid_t older = support_fork(put_into_the_queue_that_is_shown, NULL);
	int fd;

	queue = mproc_queue_destroy(queue);
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	shared->queue = queue;
	fd = open_quiet();
	shared->go = 1;
	ck_assert_uint_eq(await_one(fd), 77);
	ck_assert_int_eq(support_reap(older), 0);
}
END_TEST

static int use_own_descriptor(void *parents)
{
	int fd;
	uint32_t value;

	if (fcntl(*(int *)parents, F_GETFD) >= 0)
		return 1;
	fd = mproc_queue_fd(queue);
	if (fd < 0 || get(&value) != -ETIMEDOUT || is_readable(fd))
		return 2;
	if (put(5) != 0 || !is_readable(fd))
		return 3;
	return 0;
}

START_TEST(forked_child_has_a_descriptor_of_its_own)
{
	int fd = open_quiet();

	ck_assert_int_eq(support_reap(support_fork(use_own_descriptor, &fd)), 0);
	ck_assert(is_readable(fd));
	ck_assert_uint_eq(await_one(fd), 5);
	mproci_member_sweep();
}
END_TEST

static int close_queue(void *unused)
{
	(void)unused;
	return mproc_queue_close(queue);
}

static int destroy_queue(void *unused)
{
	(void)unused;
	if (mproci_family_join() != 0)
		return 1;
	mproc_queue_destroy(queue);
	return 0;
}

START_TEST(another_process_closes_the_queue)
{
	int fd = open_quiet();

	ck_assert_int_eq(support_reap(support_fork(close_queue, NULL)), 0);
	ck_assert_int_eq(mproci_poll_one(fd, MPROC_FOREVER), 0);
}
END_TEST

START_TEST(queue_that_another_process_destroyed_is_readable_for_ever)
{
	int fd = open_quiet(), anew;
	uint32_t value;

	ck_assert_int_eq(support_reap(support_fork(destroy_queue, NULL)), 0);
	ck_assert(is_readable(fd));
	ck_assert_int_eq(get(&value), -EINVAL);
	ck_assert(is_readable(fd));
	/* Another one, perhaps at its address, has nothing to do with it. */
	ck_assert_int_eq(mproc_queue_create(NULL, &queue), 0);
	ck_assert_int_eq(get(&value), -ETIMEDOUT);
	ck_assert(is_readable(fd));
	anew = open_quiet();
	ck_assert_int_eq(put(3), 0);
	ck_assert_uint_eq(await_one(anew), 3);
}
END_TEST

static int put_until_killed(void *unused)
{
	uint32_t value;

	(void)unused;
	while (put(0) == 0 && get(&value) != -EPIPE)
		;
	return 1;
}

/* Whatever the dead has left half done, the next message is told. */
START_TEST(killed_producer_leaves_the_descriptor_in_order)
{
	int fd = mproc_queue_fd(queue);

	for (uint32_t i = 1; i <= 50; ++i) {
		pid_t producer = support_fork(put_until_killed, NULL);

		await_one(fd);
		support_kill(producer);
		while (get(&(uint32_t){0}) != -ETIMEDOUT)
			;
		ck_assert(!is_readable(fd));
		ck_assert_int_eq(put(i), 0);
		ck_assert_uint_eq(await_one(fd), i);
	}
}
END_TEST

static int watch_the_queue(void *unused)
{
	(void)unused;
	return mproc_queue_fd(queue) < 0;
}

START_TEST(killed_consumer_stops_nobody)
{
	int fd = open_quiet();

	support_kill(support_fork_and_keep(watch_the_queue, NULL));
	ck_assert_int_eq(put(1), 0);
	ck_assert_uint_eq(await_one(fd), 1);
	mproci_member_sweep();
}
END_TEST

static int get_and_keep(void *unused)
{
	uint32_t value;

	(void)unused;
	return get(&value);
}

START_TEST(message_that_the_dead_owed_is_told_when_it_is_buried)
{
	mproc_process *consumer;
	uint32_t value;
	int fd;

	make_acknowledged();
	ck_assert_int_eq(put(1), 0);
	consumer = support_start_and_keep(get_and_keep, NULL);
	fd = mproc_queue_fd(queue);
	while (get(&value) != -ETIMEDOUT)
		;
	ck_assert(!is_readable(fd));
	support_kill_and_join(consumer);
	ck_assert_uint_eq(await_one(fd), 1);
	ck_assert_int_eq(mproc_queue_ack(queue, NULL), 0);
}
END_TEST

static int put_without_descriptors(void *unused)
{
	(void)unused;
	if (mproci_family_join() != 0)
		return 100;
	refuse_descriptors();
	if (put(1) != -EMFILE)
		return 1;
	return strstr(mproc_error_text(), "RLIMIT_NOFILE is 0") == NULL ? 2 : 0;
}

START_TEST(message_of_which_nobody_could_be_told_is_not_put)
{
	int fd = open_quiet();

	ck_assert_int_eq(support_reap(support_fork(put_without_descriptors, NULL)), 0);
	ck_assert_int_eq(mproc_queue_is_empty(queue), 1);
	ck_assert(!is_readable(fd));
	ck_assert_int_eq(put(2), 0);
	ck_assert_uint_eq(await_one(fd), 2);
}
END_TEST

static int open_without_proc(void *unused)
{
	(void)unused;
	/* Only root can; there is no /usr/proc. */
	if (geteuid() != 0)
		return 0;
	if (mproci_family_join() != 0 || chroot("/usr") != 0)
		return 1;
	return mproc_queue_fd(queue) == -ENOENT ? 0 : 2;
}

START_TEST(descriptor_is_refused_where_proc_is_not_mounted)
{
	ck_assert_int_eq(support_reap(support_fork(open_without_proc, NULL)), 0);
}
END_TEST

/*
 * One thread forks, the others use descriptors: no child finds a lock that nobody holds.  The child allocates nothing, for
 * AddressSanitizer's allocator may have been copied locked.
 */
static int fork_often(void *idle)
{
	char byte;

	for (int i = 0; i < 200; ++i) {
		pid_t child = fork();

		if (child == 0)
			_exit(mproc_queue_get(idle, &byte, sizeof byte, MPROC_NOW, NULL) != -ETIMEDOUT);
		if (support_reap(child) != 0)
			return 1;
	}
	atomic_store(&shared->go, 1);
	return 0;
}

START_TEST(process_may_fork_while_its_threads_use_descriptors)
{
	int fd = mproc_queue_fd(queue);
	support_thread forker;
	mproc_queue *idle;

	ck_assert_int_eq(mproc_queue_create(NULL, &idle), 0);
	ck_assert_int_ge(mproc_queue_fd(idle), 0);
	support_begin(&forker, fork_often, idle);
	while (atomic_load(&shared->go) == 0) {
		mproc_queue *other;

		ck_assert_int_eq(mproc_queue_create(NULL, &other), 0);
		ck_assert_int_ge(mproc_queue_fd(other), 0);
		ck_assert_int_eq(put(1), 0);
		ck_assert_uint_eq(await_one(fd), 1);
		mproc_queue_destroy(other);
	}
	ck_assert_int_eq(support_end(&forker), 0);
	mproci_member_sweep();
	mproc_queue_destroy(idle);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		descriptor_is_the_same_each_time_and_closed_by_exec,
		each_queue_has_a_descriptor_of_its_own,
		what_is_no_queue_has_no_descriptor,
		message_that_was_there_before_the_descriptor_is_told,
		descriptor_is_readable_until_the_queue_was_found_empty,
		every_way_to_put_is_told,
		message_that_is_given_back_is_told,
		descriptor_stays_readable_while_a_producer_is_inside,
		closed_queue_is_readable_for_ever,
		close_of_an_empty_queue_is_told,
		descriptor_is_closed_with_the_queue,
		descriptor_that_the_application_has_closed_is_made_anew,
		descriptor_that_cannot_be_had_is_refused_and_then_made,
		descriptor_is_refused_when_the_family_has_no_room,
		nothing_that_threads_put_is_missed,
		nothing_that_a_thread_puts_is_missed_one_by_one,
		threads_share_a_descriptor,
		nothing_that_is_given_back_is_missed,
		descriptor_works_with_epoll,
		NULL,
	};
	const TTest *process_tests[] = {
		nothing_that_an_older_process_puts_is_missed,
		nothing_that_processes_put_is_missed,
		process_older_than_the_queue_tells,
		forked_child_has_a_descriptor_of_its_own,
		another_process_closes_the_queue,
		queue_that_another_process_destroyed_is_readable_for_ever,
		killed_producer_leaves_the_descriptor_in_order,
		killed_consumer_stops_nobody,
		message_that_the_dead_owed_is_told_when_it_is_buried,
		message_of_which_nobody_could_be_told_is_not_put,
		descriptor_is_refused_where_proc_is_not_mounted,
		process_may_fork_while_its_threads_use_descriptors,
		NULL,
	};
	const support_suite suite = {
		.name = "queue descriptor",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = set_up,
		.teardown = tear_down,
	};

	return support_run_suite(&suite);
}
