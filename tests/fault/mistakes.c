/* SPDX-License-Identifier: MIT */
#include "mistakes.h"

#include <errno.h>
#include <mproc/arena.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor is forgotten where the start fails. */
static int leak_descriptor(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	int fd = eventfd(0, EFD_CLOEXEC), rc;

	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc < 0)
		return rc;
	close(fd);
	return 0;
}

static int leak_memory(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	/* volatile: otherwise the compiler does without. */
	void *volatile memory = malloc(100);
	int rc;

	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc < 0)
		return rc;
	free(memory);
	return 0;
}

static int leak_block(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	void *block = mproc_alloc(100);
	int rc;

	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc < 0)
		return rc;
	mproc_free(block);
	return 0;
}

/* A helper of its own that ends by itself, and is waited for unless the start fails. */
static int leave_zombie(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	pid_t helper = fork();
	int rc;

	if (helper == 0)
		_exit(0);
	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc < 0)
		return rc;
	if (helper > 0)
		waitpid(helper, NULL, 0);
	return 0;
}

/* For a word that does not come when the start fails. */
static int wait_for_ever(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	int ends[2], rc;
	char byte;

	if (pipe(ends) != 0)
		return mproc_process_start(options, function, argument, size, ret_process);
	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc < 0 && read(ends[0], &byte, 1) < 0)
		return -EIO;
	close(ends[0]);
	close(ends[1]);
	return rc;
}

static int keep_silent(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return mproc_process_start(options, function, argument, size, ret_process);
}

/* What was tried again and worked is reported as failed. */
static int run_nevertheless(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	mproc_process *second = NULL;
	int rc;

	rc = mproc_process_start(options, function, argument, size, ret_process);
	if (rc == 0 || mproc_process_start(options, function, argument, size, &second) < 0)
		return rc;
	mproc_process_join(second, MPROC_FOREVER);
	mproc_process_close(second);
	return rc;
}

static int run_twice(const mproc_process_options *options, mproc_process_function *function,
	const void *argument, size_t size, mproc_process **ret_process)
{
	mproc_process *second = NULL;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0 && mproc_process_start(options, function, argument, size, &second) == 0) {
		mproc_process_join(second, MPROC_FOREVER);
		mproc_process_close(second);
	}
	if (fd >= 0)
		close(fd);
	return mproc_process_start(options, function, argument, size, ret_process);
}

const fault_scenario fault_mistakes[] = {
	{.name = "mistake: leaks a descriptor",
		.start = MPROC_START_FORK,
		.mistake = leak_descriptor,
		.caught_as = "descriptors instead of"},
	{.name = "mistake: leaks memory",
		.start = MPROC_START_FORK,
		.mistake = leak_memory,
		.caught_as = ": memory:"},
	{.name = "mistake: leaks a block",
		.start = MPROC_START_FORK,
		.mistake = leak_block,
		.caught_as = "blocks of the arena"},
	{.name = "mistake: leaves a zombie",
		.start = MPROC_START_FORK,
		.mistake = leave_zombie,
		.caught_as = "processes:"},
	{.name = "mistake: waits for ever",
		.start = MPROC_START_FORK,
		.mistake = wait_for_ever,
		.caught_as = "hangs"},
	{.name = "mistake: says nothing",
		.start = MPROC_START_FORK,
		.mistake = keep_silent,
		.caught_as = "without an error text"},
	{.name = "mistake: fails, and runs",
		.start = MPROC_START_FORK,
		.mistake = run_nevertheless,
		.caught_as = "but the function ran"},
	{.name = "mistake: runs twice",
		.start = MPROC_START_FORK,
		.mistake = run_twice,
		.caught_as = "ran 2 times"},
	{.name = NULL},
};
