/* SPDX-License-Identifier: MIT */
#include "people.h"
#include "support.h"
#include "sys/clock.h"
#include "sys/file_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <mproc/file_lock.h>
#include <mproc/process.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const mproc_file_lock_options for_many = {.shared = true};

/* What most tests use. */
static mproc_file_lock *lock;

static mproc_file_lock *open_lock(const mproc_file_lock_options *options)
{
	mproc_file_lock *one = NULL;
	int rc = mproc_file_lock_open(in_tree("/lock"), options, &one);

	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
	return one;
}

static void make_lock(void)
{
	tree_create();
	lock = open_lock(NULL);
}

static void close_lock(void)
{
	ck_assert_ptr_null(mproc_file_lock_close(lock));
	tree_remove();
}

static int acquire(void *one)
{
	return mproc_file_lock_acquire(one, MPROC_FOREVER);
}

static int try(void *one)
{
	return mproc_file_lock_acquire(one, MPROC_NOW);
}

static int acquire_soon(void *one)
{
	return mproc_file_lock_acquire(one, mproc_after(0.02));
}

static int release(void *one)
{
	return mproc_file_lock_release(one);
}

static void check_failed(int rc, int expected, const char *text)
{
	ck_assert_msg(rc == expected, "%d (%s) instead of %d", rc, mproc_error_text(), expected);
	support_check_text(text);
}

static struct stat status_of(const char *name)
{
	struct stat status;

	ck_assert_int_eq(stat(in_tree(name), &status), 0);
	return status;
}

/* Whether somebody who opens the file can lock it like flock(1): 0 or -EWOULDBLOCK. */
static int flock_as_stranger(int how)
{
	int file = open(in_tree("/lock"), O_RDONLY | O_CLOEXEC);
	int rc = flock(file, how | LOCK_NB) == 0 ? 0 : -errno;

	close(file);
	return rc;
}

START_TEST(open_makes_the_file_and_close_leaves_it)
{
	mode_t before = umask(027);
	mproc_file_lock *one;

	ck_assert_int_eq(mproc_file_lock_open(in_tree("/new"), NULL, &one), 0);
	umask(before);
	ck_assert_int_eq(status_of("/new").st_mode & 07777, 0640);
	ck_assert_ptr_null(mproc_file_lock_close(one));
	ck_assert_int_eq(status_of("/new").st_size, 0);
}
END_TEST

START_TEST(file_and_directory_that_are_there_can_be_locks)
{
	mproc_file_lock *file, *folder;

	tree_write("/there", "something");
	ck_assert_int_eq(mproc_file_lock_open(in_tree("/there"), NULL, &file), 0);
	ck_assert_int_eq(mproc_file_lock_open(in_tree(""), NULL, &folder), 0);
	ck_assert_int_eq(try(file), 0);
	ck_assert_int_eq(try(folder), 0);
	ck_assert_int_eq(release(folder), 0);
	ck_assert_int_eq(release(file), 0);
	ck_assert_int_eq(status_of("/there").st_size, 9);
	mproc_file_lock_close(folder);
	mproc_file_lock_close(file);
}
END_TEST

START_TEST(open_lock_locks_nobody_out)
{
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), 0);
}
END_TEST

START_TEST(held_lock_locks_strangers_out_until_it_is_released)
{
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(acquire(lock), 0);
		ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
		ck_assert_int_eq(flock_as_stranger(LOCK_SH), -EWOULDBLOCK);
		ck_assert_int_eq(release(lock), 0);
		ck_assert_int_eq(flock_as_stranger(LOCK_EX), 0);
	}
}
END_TEST

START_TEST(free_lock_is_acquired_whatever_the_deadline)
{
	const mproc_deadline deadlines[] = {MPROC_FOREVER, MPROC_NOW, 1, mproc_after(100)};

	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; ++i) {
		ck_assert_int_eq(mproc_file_lock_acquire(lock, deadlines[i]), 0);
		ck_assert_int_eq(release(lock), 0);
	}
}
END_TEST

START_TEST(handles_of_one_process_exclude_each_other)
{
	mproc_file_lock *other = open_lock(NULL);
	mproc_deadline deadline;

	ck_assert_int_eq(acquire(lock), 0);
	check_failed(try(other), -ETIMEDOUT, "/lock\": still held by somebody else at the deadline");
	deadline = mproc_after(0.02);
	check_failed(mproc_file_lock_acquire(other, deadline), -ETIMEDOUT, "still held by somebody else");
	ck_assert_int_ge(mproci_clock_now(), deadline);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(acquire_soon(other), 0);
	mproc_file_lock_close(other);
}
END_TEST

START_TEST(shared_lock_is_held_by_many_or_by_one_who_does_not_share)
{
	mproc_file_lock *one = open_lock(&for_many), *other = open_lock(&for_many);

	ck_assert_int_eq(acquire(one), 0);
	ck_assert_int_eq(try(other), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_SH), 0);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_int_eq(release(one), 0);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_int_eq(release(other), 0);
	ck_assert_int_eq(try(lock), 0);
	ck_assert_int_eq(try(one), -ETIMEDOUT);
	ck_assert_int_eq(acquire_soon(other), -ETIMEDOUT);
	mproc_file_lock_close(one);
	mproc_file_lock_close(other);
}
END_TEST

START_TEST(thread_waits_for_another_one_of_its_process)
{
	support_thread thread;

	ck_assert_int_eq(acquire(lock), 0);
	thread = support_in_thread(try, lock);
	ck_assert_int_eq(thread.result, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(thread.text, "still held by somebody else at the deadline"));
	ck_assert_int_eq(support_in_thread(acquire_soon, lock).result, -ETIMEDOUT);
	support_begin(&thread, acquire, lock);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(support_end(&thread), 0);
}
END_TEST

enum {
	SIDES = 4,
	ROUNDS = 500,
};

/* What the lock protects; between processes too. */
static struct {
	long total;
	long copy;
	_Atomic uint32_t waiting;
} * shared;

static int count_up(void *one)
{
	for (int i = 0; i < ROUNDS; ++i) {
		if (acquire(one) != 0)
			return 1;
		if (shared->total != shared->copy)
			return 2;
		++shared->total;
		++shared->copy;
		if (release(one) != 0)
			return 3;
	}
	return 0;
}

static void share_memory(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

START_TEST(threads_exclude_each_other)
{
	support_thread threads[SIDES];

	share_memory();
	for (int i = 0; i < SIDES; ++i)
		support_begin(&threads[i], count_up, lock);
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
	ck_assert_int_eq(shared->total, (long)SIDES * ROUNDS);
	munmap(shared, sizeof *shared);
}
END_TEST

START_TEST(lock_of_a_thread_that_ended_is_the_next_threads)
{
	ck_assert_int_eq(support_in_thread(acquire, lock).result, 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(try(lock), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), 0);
}
END_TEST

START_TEST(closing_releases)
{
	mproc_file_lock *other = open_lock(NULL);

	ck_assert_int_eq(acquire(other), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_ptr_null(mproc_file_lock_close(other));
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), 0);
	ck_assert_ptr_null(mproc_file_lock_close(NULL));
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	mproc_file_lock *none = NULL;
	mproc_file_lock_options options = {0};

	check_failed(mproc_file_lock_open(NULL, NULL, &none), -EINVAL, "path is NULL");
	check_failed(mproc_file_lock_open("", NULL, NULL), -EINVAL, "ret_lock is NULL");
	check_failed(acquire(NULL), -EINVAL, "lock is NULL");
	check_failed(release(NULL), -EINVAL, "lock is NULL");
	for (int i = 0; i < 3; ++i) {
		char text[64];

		options.reserved[i] = 5;
		snprintf(text, sizeof text, "reserved[%d] is 5, not 0", i);
		check_failed(mproc_file_lock_open(in_tree("/new"), &options, &none), -EINVAL, text);
		options.reserved[i] = 0;
	}
	ck_assert_ptr_null(none);
	ck_assert_int_ne(access(in_tree("/new"), F_OK), 0);
}
END_TEST

START_TEST(path_that_cannot_be_opened_is_told_of)
{
	mproc_file_lock *none = NULL;

	check_failed(mproc_file_lock_open(in_tree("/none/a"), NULL, &none), -ENOENT,
		"/none/a\": cannot be opened: No such file or directory");
	check_failed(mproc_file_lock_open(in_tree("/lock/a"), NULL, &none), -ENOTDIR, "Not a directory");
	check_failed(mproc_file_lock_open("", NULL, &none), -ENOENT, "\"\": cannot be opened: No such file");
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(open_fails_when_no_descriptors_are_left)
{
	rlim_t before = limit(RLIMIT_NOFILE, 0);
	mproc_file_lock *none = NULL;
	int rc = mproc_file_lock_open(in_tree("/lock"), NULL, &none);

	limit(RLIMIT_NOFILE, before);
	check_failed(rc, -EMFILE, "cannot be opened: Too many open files, RLIMIT_NOFILE is 0");
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(removed_file_is_made_again)
{
	for (int i = 0; i < 3; ++i) {
		ck_assert_int_eq(unlink(in_tree("/lock")), 0);
		ck_assert_int_eq(try(lock), 0);
		ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
		ck_assert_int_eq(release(lock), 0);
	}
}
END_TEST

START_TEST(file_in_the_place_of_another_is_what_is_locked)
{
	char new[PATH_MAX + NAME_MAX];

	tree_write("/new", "something");
	snprintf(new, sizeof new, "%s", in_tree("/new"));
	ck_assert_int_eq(rename(new, in_tree("/lock")), 0);
	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), 0);
}
END_TEST

START_TEST(file_that_is_removed_while_somebody_waits_for_it_is_not_enough)
{
	mproc_file_lock *other = open_lock(NULL);
	support_thread thread;

	ck_assert_int_eq(acquire(lock), 0);
	support_begin(&thread, acquire, other);
	ck_assert_int_eq(unlink(in_tree("/lock")), 0);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(support_end(&thread), 0);
	/* What it holds is what those find who come now. */
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	mproc_file_lock_close(other);
}
END_TEST

START_TEST(file_that_cannot_be_made_again_is_told_of_and_the_handle_stays)
{
	mproc_file_lock *other;

	ck_assert_int_eq(mkdir(in_tree("/folder"), 0700), 0);
	ck_assert_int_eq(mproc_file_lock_open(in_tree("/folder/lock"), NULL, &other), 0);
	ck_assert_int_eq(unlink(in_tree("/folder/lock")), 0);
	ck_assert_int_eq(rmdir(in_tree("/folder")), 0);
	check_failed(acquire(other), -ENOENT, "/folder/lock\": cannot be opened: No such file or directory");
	check_failed(release(other), -EPERM, "not held by this thread");
	tree_write("/folder", "something");
	check_failed(acquire(other), -ENOTDIR, "/folder/lock\": Not a directory");
	ck_assert_int_eq(unlink(in_tree("/folder")), 0);
	ck_assert_int_eq(mkdir(in_tree("/folder"), 0700), 0);
	ck_assert_int_eq(acquire(other), 0);
	mproc_file_lock_close(other);
}
END_TEST

START_TEST(relative_path_means_the_same_after_a_change_of_directory)
{
	mproc_file_lock *other;

	ck_assert_int_eq(chdir(in_tree("")), 0);
	ck_assert_int_eq(mproc_file_lock_open("lock", NULL, &other), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(acquire(other), 0);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	mproc_file_lock_close(other);
}
END_TEST

START_TEST(descriptor_that_the_program_closed_is_opened_again)
{
	for (int fd = STDERR_FILENO + 1; fd < 100; ++fd) {
		struct stat here, there = status_of("/lock");

		if (fstat(fd, &here) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev)
			close(fd);
	}
	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(release(lock), 0);
}
END_TEST

/* From here on: other processes, or what ThreadSanitizer takes for a mistake of the program. */

START_TEST(lock_by_the_holder_is_refused)
{
	ck_assert_int_eq(acquire(lock), 0);
	check_failed(acquire(lock), -EDEADLK, "/lock\": this thread holds it already");
	check_failed(try(lock), -EDEADLK, "this thread holds it already");
	check_failed(acquire_soon(lock), -EDEADLK, "this thread holds it already");
	ck_assert_int_eq(release(lock), 0);
	check_failed(release(lock), -EPERM, "not held by this thread");
}
END_TEST

START_TEST(release_by_who_does_not_hold_is_refused)
{
	support_thread thread;

	check_failed(release(lock), -EPERM, "/lock\": not held by this thread");
	ck_assert_int_eq(acquire(lock), 0);
	thread = support_in_thread(release, lock);
	ck_assert_int_eq(thread.result, -EPERM);
	ck_assert_ptr_nonnull(strstr(thread.text, "/lock\": not held by this thread"));
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(release(lock), 0);
}
END_TEST

static _Atomic uint32_t stage;

/* Hold a lock until another thread has closed it, and use the list of robust locks after that. */
static int hold_while_closed(void *one)
{
	int rc = acquire(one);

	atomic_store(&stage, 1);
	support_await(&stage, 2);
	if (rc == 0)
		rc = acquire(lock);
	return rc == 0 ? release(lock) : rc;
}

START_TEST(closing_what_another_thread_holds_releases_and_does_no_harm)
{
	enum {
		BLOCKS = 64
	};
	mproc_file_lock *other = open_lock(NULL);
	size_t size = malloc_usable_size(other);
	support_thread thread;
	volatile char *blocks[BLOCKS];

	support_begin(&thread, hold_while_closed, other);
	support_await(&stage, 1);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_ptr_null(mproc_file_lock_close(other));
	/* If the handle was freed, one of these has its memory. */
	for (int i = 0; i < BLOCKS; ++i) {
		blocks[i] = malloc(size);
		for (size_t at = 0; at < size; ++at)
			blocks[i][at] = 0;
	}
	atomic_store(&stage, 2);
	ck_assert_int_eq(support_end(&thread), 0);
	for (int i = 0; i < BLOCKS; ++i) {
		for (size_t at = 0; at < size; ++at)
			ck_assert_int_eq(blocks[i][at], 0);
		free((char *)(uintptr_t)blocks[i]);
	}
}
END_TEST

START_TEST(processes_exclude_each_other)
{
	pid_t pids[SIDES];

	share_memory();
	for (int i = 0; i < SIDES; ++i) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(count_up(open_lock(NULL)));
	}
	for (int i = 0; i < SIDES; ++i)
		ck_assert_int_eq(support_reap(pids[i]), 0);
	ck_assert_int_eq(shared->total, (long)SIDES * ROUNDS);
	munmap(shared, sizeof *shared);
}
END_TEST

static int use_what_the_parent_opened(void *one)
{
	check_failed(acquire(one), -ECHILD, "/lock\": opened by another process than this one");
	check_failed(release(one), -ECHILD, "opened by another process than this one");
	ck_assert_ptr_null(mproc_file_lock_close(one));
	return 0;
}

START_TEST(child_may_only_close_what_its_parent_opened)
{
	ck_assert_int_eq(support_reap(support_fork(use_what_the_parent_opened, lock)), 0);
	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(support_reap(support_fork(use_what_the_parent_opened, lock)), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(acquire(lock), 0);
}
END_TEST

static int do_nothing(void *one)
{
	(void)one;
	return 0;
}

START_TEST(child_of_the_library_may_only_close_what_its_parent_opened)
{
	mproc_process *process;
	int code = 77;

	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(mproc_process_start(NULL, use_what_the_parent_opened, lock, 0, &process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 0);
	mproc_process_close(process);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
}
END_TEST

START_TEST(child_does_not_keep_what_its_parent_releases_by_closing)
{
	mproc_file_lock *other = open_lock(NULL);
	pid_t child;

	ck_assert_int_eq(acquire(other), 0);
	child = support_fork_and_keep(do_nothing, NULL);
	mproc_file_lock_close(other);
	ck_assert_int_eq(try(lock), 0);
	support_kill(child);
}
END_TEST

/* Acquire, fork a child that lives on, and tell its pid. */
static pid_t *grandchild;

static int hold_and_fork(void *unused)
{
	int rc;

	(void)unused;
	rc = acquire(open_lock(NULL));
	*grandchild = support_fork_and_keep(do_nothing, NULL);
	return rc;
}

static pid_t fork_parent_that_holds(void)
{
	grandchild =
		mmap(NULL, sizeof *grandchild, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return support_fork_and_keep(hold_and_fork, NULL);
}

static void end_grandchild(void)
{
	/* It is an orphan, which this process does not reap. */
	ck_assert_int_eq(kill(*grandchild, 0), 0);
	ck_assert_int_eq(kill(*grandchild, SIGKILL), 0);
	munmap(grandchild, sizeof *grandchild);
}

START_TEST(lock_of_a_killed_holder_is_free_although_its_children_live)
{
	support_kill(fork_parent_that_holds());
	ck_assert_int_eq(try(lock), 0);
	end_grandchild();
}
END_TEST

START_TEST(who_waits_gets_the_lock_when_its_holder_is_killed)
{
	pid_t holder = fork_parent_that_holds();
	support_thread thread;

	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	support_begin(&thread, acquire, lock);
	support_kill(holder);
	ck_assert_int_eq(support_end(&thread), 0);
	ck_assert_int_eq(flock_as_stranger(LOCK_EX), -EWOULDBLOCK);
	end_grandchild();
}
END_TEST

static int acquire_own(void *unused)
{
	(void)unused;
	return acquire(open_lock(NULL));
}

START_TEST(stopped_holder_keeps_the_lock)
{
	pid_t holder = support_fork_and_keep(acquire_own, NULL);

	support_stop(holder);
	ck_assert_int_eq(acquire_soon(lock), -ETIMEDOUT);
	support_kill(holder);
	ck_assert_int_eq(try(lock), 0);
}
END_TEST

static int kill_it(void *pid)
{
	return kill(*(pid_t *)pid, SIGKILL);
}

static void check_wait_outlasts_signals(mproc_deadline deadline)
{
	pid_t holder = support_fork_and_keep(acquire_own, NULL);

	support_disturb(kill_it, &holder);
	ck_assert_int_eq(mproc_file_lock_acquire(lock, deadline), 0);
	support_calm();
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(support_reap(holder), -SIGKILL);
}

START_TEST(caught_signals_do_not_end_a_wait)
{
	check_wait_outlasts_signals(MPROC_FOREVER);
	check_wait_outlasts_signals(mproc_after(100));
}
END_TEST

static int acquire_without_memory(void *unused)
{
	mproc_file_lock *one = open_lock(NULL);

	(void)unused;
	refuse_call(SYS_flock, ENOLCK);
	check_failed(acquire(one), -ENOLCK, "/lock\": No locks available");
	check_failed(try(one), -ENOLCK, "No locks available");
	check_failed(release(one), -EPERM, "not held by this thread");
	return 0;
}

START_TEST(kernel_without_memory_for_locks_is_told_of)
{
	ck_assert_int_eq(support_reap(support_fork(acquire_without_memory, NULL)), 0);
}
END_TEST

static int acquire_on_a_file_system_that_wants_to_write(void *unused)
{
	mproc_file_lock *one = open_lock(NULL);
	bool is_writable = false;

	(void)unused;
	refuse_call(SYS_flock, EBADF);
	check_failed(acquire(one), -EBADF, "/lock\": Bad file descriptor");
	for (int fd = STDERR_FILENO + 1; fd < 100; ++fd)
		is_writable |= (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	return is_writable ? 0 : 1;
}

START_TEST(file_is_opened_for_writing_when_the_kernel_asks_for_that)
{
	ck_assert_int_eq(support_reap(support_fork(acquire_on_a_file_system_that_wants_to_write, NULL)), 0);
}
END_TEST

static int open_with_a_full_file_table(void *unused)
{
	mproc_file_lock *one;

	(void)unused;
	refuse_call(SYS_openat, ENFILE);
	check_failed(mproc_file_lock_open(in_tree("/lock"), NULL, &one), -ENFILE,
		"cannot be opened: Too many open files in system");
	return 0;
}

START_TEST(open_fails_when_the_file_table_is_full)
{
	ck_assert_int_eq(support_reap(support_fork(open_with_a_full_file_table, NULL)), 0);
}
END_TEST

static int open_without_privileges(void *unused)
{
	mproc_file_lock *one;

	(void)unused;
	if (geteuid() == 0 && seteuid(65534) != 0)
		return 1;
	check_failed(mproc_file_lock_open(in_tree("/lock"), NULL, &one), -EACCES,
		"/lock\": cannot be opened: Permission denied");
	check_failed(mproc_file_lock_open(in_tree("/other"), NULL, &one), -EACCES, "Permission denied");
	return 0;
}

START_TEST(file_that_may_not_be_read_is_refused)
{
	ck_assert_int_eq(chmod(in_tree(""), 0511), 0);
	ck_assert_int_eq(chmod(in_tree("/lock"), 0), 0);
	ck_assert_int_eq(support_reap(support_fork(open_without_privileges, NULL)), 0);
	ck_assert_int_eq(chmod(in_tree(""), 0711), 0);
}
END_TEST

static _Atomic bool is_enough;

/* Without Check, which has a lock of its own that a child must not find held. */
static int open_and_close(void *path)
{
	int rc = 0;

	while (rc == 0 && !is_enough) {
		mproc_file_lock *one;

		rc = mproc_file_lock_open(path, NULL, &one);
		if (rc < 0)
			break;
		rc = acquire(one);
		/* Has the other thread open another file. */
		unlink(path);
		mproc_file_lock_close(one);
	}
	return rc;
}

/* Whether any descriptor of this process leads into the tree. */
static int look_for_descriptors(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 100; ++fd) {
		char link[64], target[PATH_MAX];
		ssize_t length;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		length = readlink(link, target, sizeof target - 1);
		if (length > 0 && strncmp(target, tree(), strlen(tree())) == 0)
			return 1;
	}
	return 0;
}

START_TEST(children_forked_meanwhile_inherit_no_descriptor)
{
	enum {
		CHILDREN = 200
	};
	char path[PATH_MAX + NAME_MAX];
	support_thread threads[2];

	snprintf(path, sizeof path, "%s", in_tree("/other"));
	for (int i = 0; i < 2; ++i)
		support_begin(&threads[i], open_and_close, path);
	for (int i = 0; i < CHILDREN; ++i) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(look_for_descriptors());
		ck_assert_int_eq(support_reap(pid), 0);
	}
	is_enough = true;
	for (int i = 0; i < 2; ++i)
		ck_assert_int_eq(support_end(&threads[i]), 0);
}
END_TEST

/* From here on with flock(1). */

/* Start flock with @option on the lock, which says a word when it holds it, and holds it until @ret_to is closed. */
static pid_t start_flock(const char *option, int *ret_from, int *ret_to)
{
	int in[2], out[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execlp("flock", "flock", option, in_tree("/lock"), "sh", "-c", "echo; read end",
			(char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*ret_from = out[0];
	*ret_to = in[1];
	return pid;
}

/* The exit code of a flock with @option that does nothing: 1 when it does not get the lock. */
static int flock_with(const char *option)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execlp("flock", "flock", "-n", option, in_tree("/lock"), "true", (char *)NULL);
		_exit(127);
	}
	return support_reap(pid);
}

START_TEST(flock_does_not_get_what_we_hold)
{
	mproc_file_lock *one = open_lock(&for_many);

	ck_assert_int_eq(flock_with("-x"), 0);
	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(flock_with("-x"), 1);
	ck_assert_int_eq(flock_with("-s"), 1);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(acquire(one), 0);
	ck_assert_int_eq(flock_with("-x"), 1);
	ck_assert_int_eq(flock_with("-s"), 0);
	mproc_file_lock_close(one);
	ck_assert_int_eq(flock_with("-x"), 0);
}
END_TEST

START_TEST(we_do_not_get_what_flock_holds)
{
	mproc_file_lock *one = open_lock(&for_many);
	int from, to;
	char byte;
	pid_t pid;

	pid = start_flock("-x", &from, &to);
	ck_assert_int_eq(read(from, &byte, 1), 1);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_int_eq(try(one), -ETIMEDOUT);
	close(to);
	ck_assert_int_eq(acquire(lock), 0);
	ck_assert_int_eq(release(lock), 0);
	support_reap(pid);
	close(from);

	pid = start_flock("-s", &from, &to);
	ck_assert_int_eq(read(from, &byte, 1), 1);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	ck_assert_int_eq(try(one), 0);
	ck_assert_int_eq(release(one), 0);
	close(to);
	ck_assert_int_eq(mproc_file_lock_acquire(lock, mproc_after(100)), 0);
	support_reap(pid);
	close(from);
	mproc_file_lock_close(one);
}
END_TEST

START_TEST(flock_that_waits_gets_what_we_release)
{
	int from, to;
	char byte;
	pid_t pid;

	ck_assert_int_eq(acquire(lock), 0);
	pid = start_flock("-x", &from, &to);
	ck_assert_int_eq(release(lock), 0);
	ck_assert_int_eq(read(from, &byte, 1), 1);
	ck_assert_int_eq(try(lock), -ETIMEDOUT);
	close(to);
	support_reap(pid);
	close(from);
}
END_TEST

/* The library keeps open what it needs for processes. */
static void start_first(void)
{
	mproc_process *process;

	if (support_threads_only())
		return;
	ck_assert_int_eq(mproc_process_start(NULL, do_nothing, NULL, 0, &process), 0);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	mproc_process_close(process);
}

int main(void)
{
	const TTest *tests[] = {
		open_makes_the_file_and_close_leaves_it,
		file_and_directory_that_are_there_can_be_locks,
		open_lock_locks_nobody_out,
		held_lock_locks_strangers_out_until_it_is_released,
		free_lock_is_acquired_whatever_the_deadline,
		handles_of_one_process_exclude_each_other,
		shared_lock_is_held_by_many_or_by_one_who_does_not_share,
		thread_waits_for_another_one_of_its_process,
		threads_exclude_each_other,
		lock_of_a_thread_that_ended_is_the_next_threads,
		closing_releases,
		what_is_missing_is_named,
		path_that_cannot_be_opened_is_told_of,
		open_fails_when_no_descriptors_are_left,
		removed_file_is_made_again,
		file_in_the_place_of_another_is_what_is_locked,
		file_that_is_removed_while_somebody_waits_for_it_is_not_enough,
		file_that_cannot_be_made_again_is_told_of_and_the_handle_stays,
		relative_path_means_the_same_after_a_change_of_directory,
		descriptor_that_the_program_closed_is_opened_again,
		NULL,
	};
	const TTest *process_tests[] = {
		lock_by_the_holder_is_refused,
		release_by_who_does_not_hold_is_refused,
		closing_what_another_thread_holds_releases_and_does_no_harm,
		processes_exclude_each_other,
		child_may_only_close_what_its_parent_opened,
		child_of_the_library_may_only_close_what_its_parent_opened,
		child_does_not_keep_what_its_parent_releases_by_closing,
		lock_of_a_killed_holder_is_free_although_its_children_live,
		who_waits_gets_the_lock_when_its_holder_is_killed,
		stopped_holder_keeps_the_lock,
		caught_signals_do_not_end_a_wait,
		kernel_without_memory_for_locks_is_told_of,
		file_is_opened_for_writing_when_the_kernel_asks_for_that,
		open_fails_when_the_file_table_is_full,
		file_that_may_not_be_read_is_refused,
		children_forked_meanwhile_inherit_no_descriptor,
		flock_does_not_get_what_we_hold,
		we_do_not_get_what_flock_holds,
		flock_that_waits_gets_what_we_release,
		NULL,
	};
	const support_suite suite = {
		.name = "file_lock",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = start_first,
		.setup = make_lock,
		.teardown = close_lock,
	};

	return support_run_suite(&suite);
}
