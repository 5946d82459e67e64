/* SPDX-License-Identifier: MIT */
/*
 * What has a name outside the family: shared memory, and locks on files.  A name of shared memory is there whole, or not yet, or
 * left over empty for who unlinks it.  The lock on a file is free when its holder is dead.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/file_lock.h>
#include <mproc/result.h>
#include <mproc/shared_memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SIZE = 5000,
	FULL_OF = 0x5a,
};

/* Of this run of the harness, which takes them away when it ends. */
static char block_name[32], folder[32], lock_path[48];

typedef struct names {
	_Atomic crash_stage stage;
	/* Set when the holder of the lock may release it. */
	_Atomic uint32_t holder_may_go;
} names;

static void take_names_away(void)
{
	mproc_shared_memory_unlink(block_name);
	unlink(lock_path);
	rmdir(folder);
}

static void choose_names(void)
{
	if (folder[0] != '\0')
		return;
	snprintf(block_name, sizeof block_name, "mproc_crash_%d", (int)getpid());
	snprintf(folder, sizeof folder, "/tmp/mproc_crash_XXXXXX");
	if (mkdtemp(folder) == NULL)
		abort();
	snprintf(lock_path, sizeof lock_path, "%s/lock", folder);
	atexit(take_names_away);
}

/* ---- named shared memory ---- */

static void make_no_block(void *shared)
{
	(void)shared;
	choose_names();
	mproc_shared_memory_unlink(block_name);
}

static void make_block(void *shared)
{
	mproc_shared_memory *block;

	make_no_block(shared);
	if (mproc_shared_memory_create(block_name, SIZE, &block) < 0)
		abort();
	memset(mproc_shared_memory_address(block), FULL_OF, SIZE);
	mproc_shared_memory_close(block);
}

static void create_block(void *shared)
{
	names *all = shared;
	mproc_shared_memory *block;

	all->stage = CRASH_INSIDE;
	mproc_shared_memory_create(block_name, SIZE, &block);
	all->stage = CRASH_AFTER;
}

static void open_and_close_block(void *shared)
{
	mproc_shared_memory *block;

	(void)shared;
	if (mproc_shared_memory_open(block_name, &block) == 0)
		mproc_shared_memory_close(block);
}

static void unlink_block(void *shared)
{
	names *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_shared_memory_unlink(block_name);
	all->stage = CRASH_AFTER;
}

/* Whether there is such a block; then it is as large as it was made, and full of @byte. */
static bool look_for_block(char byte)
{
	mproc_shared_memory *block;
	const char *bytes;
	int rc;

	rc = mproc_shared_memory_open(block_name, &block);
	crash_expect(rc == 0 || rc == -ENOENT || rc == -EBADMSG, "%s", mproc_error_text());
	if (rc < 0)
		return false;
	bytes = mproc_shared_memory_address(block);
	crash_expect(mproc_shared_memory_size(block) == SIZE, "%zu bytes instead of %d",
		mproc_shared_memory_size(block), SIZE);
	for (int i = 0; i < SIZE; ++i)
		crash_expect(bytes[i] == byte, "byte %d is %d", i, bytes[i]);
	mproc_shared_memory_close(block);
	return true;
}

/* The name can be used, after it was unlinked. */
static void use_block_name(void)
{
	mproc_shared_memory *block;
	int rc = mproc_shared_memory_unlink(block_name);

	crash_expect(rc == 0 || rc == -ENOENT, "%s", mproc_error_text());
	crash_expect(mproc_shared_memory_create(block_name, SIZE, &block) == 0, "%s", mproc_error_text());
	crash_expect(look_for_block(0), "what was made is not there");
	mproc_shared_memory_close(block);
	crash_expect(mproc_shared_memory_unlink(block_name) == 0, "%s", mproc_error_text());
}

static void check_creation(void *shared)
{
	names *all = shared;

	crash_expect_outcome(all->stage, look_for_block(0));
	use_block_name();
}

static void check_block(void *shared)
{
	(void)shared;
	crash_expect(look_for_block(FULL_OF), "the block is gone");
	use_block_name();
}

static void check_unlinking(void *shared)
{
	names *all = shared;

	crash_expect_outcome(all->stage, !look_for_block(FULL_OF));
	use_block_name();
}

/* ---- file lock ---- */

/* The handle of each process. */
static mproc_file_lock *lock;

static void make_no_lock(void *shared)
{
	(void)shared;
	choose_names();
	unlink(lock_path);
}

static void open_lock(void *shared)
{
	(void)shared;
	crash_expect(mproc_file_lock_open(lock_path, NULL, &lock) == 0, "%s", mproc_error_text());
}

static void acquire_and_release(void)
{
	mproc_file_lock_acquire(lock, MPROC_FOREVER);
	mproc_file_lock_release(lock);
}

static void open_use_and_close(void *shared)
{
	open_lock(shared);
	acquire_and_release();
	lock = mproc_file_lock_close(lock);
}

static void acquire_lock(void *shared)
{
	(void)shared;
	acquire_and_release();
}

static void acquire_until_deadline(void *shared)
{
	(void)shared;
	mproc_file_lock_acquire(lock, crash_soon(20));
}

static void wait_in_line(void *shared)
{
	open_lock(shared);
	crash_expect(mproc_file_lock_acquire(lock, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_expect(mproc_file_lock_release(lock) == 0, "%s", mproc_error_text());
}

static void hold(void *shared)
{
	names *all = shared;

	open_lock(shared);
	crash_expect(mproc_file_lock_acquire(lock, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_await(&all->holder_may_go, 1);
	crash_expect(mproc_file_lock_release(lock) == 0, "%s", mproc_error_text());
}

static void make_held_lock(void *shared)
{
	make_no_lock(shared);
	crash_start("the holder", hold);
}

static void queue_up(void *shared)
{
	names *all = shared;

	crash_start("the next in line", wait_in_line);
	crash_add(&all->holder_may_go);
}

static void check_lock(void *shared)
{
	open_lock(shared);
	crash_expect(mproc_file_lock_acquire(lock, MPROC_NOW) == 0, "the lock is not free: %s",
		mproc_error_text());
	crash_expect(mproc_file_lock_release(lock) == 0, "%s", mproc_error_text());
	crash_expect(mproc_file_lock_acquire(lock, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	lock = mproc_file_lock_close(lock);
}

static void check_lock_of_others(void *shared)
{
	names *all = shared;

	crash_add(&all->holder_may_go);
	wait_in_line(shared);
	lock = mproc_file_lock_close(lock);
}

/* ---- a mistake: whoever makes the file has the lock ---- */

static void make_lock_file(void *shared)
{
	int descriptor;

	(void)shared;
	descriptor = open(lock_path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	close(descriptor);
	unlink(lock_path);
}

static void check_lock_file(void *shared)
{
	(void)shared;
	crash_expect(access(lock_path, F_OK) != 0, "the lock is held by nobody");
}

const crash_operation crash_file_operations[] = {
	{
		.name = "shared memory: create",
		.size = sizeof(names),
		.set_up = make_no_block,
		.operate = create_block,
		.survive = check_creation,
		.is_slow = true,
	},
	{
		.name = "shared memory: open and close",
		.size = sizeof(names),
		.set_up = make_block,
		.operate = open_and_close_block,
		.survive = check_block,
		.is_slow = true,
	},
	{
		.name = "shared memory: unlink",
		.size = sizeof(names),
		.set_up = make_block,
		.operate = unlink_block,
		.survive = check_unlinking,
		.is_slow = true,
	},
	{
		.name = "file lock: open, acquire, release, close",
		.size = sizeof(names),
		.set_up = make_no_lock,
		.operate = open_use_and_close,
		.survive = check_lock,
		.is_slow = true,
	},
	{
		.name = "file lock: wait, another behind",
		.size = sizeof(names),
		.set_up = make_held_lock,
		.prepare = open_lock,
		.operate = acquire_lock,
		.unblock = queue_up,
		.survive = check_lock_of_others,
	},
	{
		.name = "file lock: wait until a deadline",
		.size = sizeof(names),
		.set_up = make_held_lock,
		.prepare = open_lock,
		.operate = acquire_until_deadline,
		.survive = check_lock_of_others,
		.is_slow = true,
	},
	{
		.name = "mistake: whoever makes a file has the lock",
		.size = sizeof(names),
		.set_up = make_no_lock,
		.operate = make_lock_file,
		.survive = check_lock_file,
		.is_slow = true,
		.is_mistake = true,
	},
	{0},
};
