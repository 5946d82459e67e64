/* SPDX-License-Identifier: MIT */
/*
 * by_hand - counts primes in several processes, once by fork and pipes written out by hand, and once by a pool.
 *
 * Both do the same, as long as nobody dies.  With --crash the process that has that part kills itself at its first attempt: by hand
 * its count is lost, which the end of its pipe tells; the pool has another worker do it again.
 */
#include "command.h"
#include "prime.h"

#include <mproc.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MOST_PARTS = 64,
};

static const char USAGE[] =
	"usage: by_hand [OPTION]...\n"
	"Counts primes by fork and pipes, and by a pool.\n"
	"\n"
	"  --below N     count the primes below N, at most 1000000000; 1000000 by default\n"
	"  --parts N     in so many parts, 1 to 64; 4 by default\n"
	"  --crash PART  who counts this part kills itself at its first attempt\n"
	"  --help        this text\n";

/* The numbers from first to behind - 1. */
typedef struct part {
	uint64_t first, behind;
	bool crashes;
} part;

/* What the parent has of a child made by hand. */
typedef struct child {
	pid_t pid;
	int pipe;
} child;

static uint64_t count_primes(const part *counted)
{
	uint64_t count = 0;

	for (uint64_t number = counted->first; number < counted->behind; ++number)
		count += is_prime(number);
	return count;
}

/* A pipe may take or give less than all, and a signal may come between. */
static bool write_all(int fd, const void *data, size_t size)
{
	const char *rest = data;

	while (size > 0) {
		ssize_t done = write(fd, rest, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		rest += done;
		size -= (size_t)done;
	}
	return true;
}

/* False also at the end of the pipe: its writer has died. */
static bool read_all(int fd, void *data, size_t size)
{
	char *rest = data;

	while (size > 0) {
		ssize_t done = read(fd, rest, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		rest += done;
		size -= (size_t)done;
	}
	return true;
}

/* What the child does; _exit, since what stdio has buffered and atexit has registered is the parent's. */
static _Noreturn void work_by_hand(const part *counted, int pipe)
{
	uint64_t count;

	if (counted->crashes)
		raise(SIGKILL);
	count = count_primes(counted);
	_exit(write_all(pipe, &count, sizeof count) ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int start_by_hand(const part *counted, child *ret_child)
{
	int ends[2];

	if (pipe(ends) < 0)
		return complain("pipe: %s", strerror(errno));
	fflush(NULL); /* or the child's copy of what is buffered might be written, too */
	ret_child->pid = fork();
	if (ret_child->pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return complain("fork: %s", strerror(errno));
	}
	if (ret_child->pid == 0) {
		close(ends[0]);
		work_by_hand(counted, ends[1]);
	}
	/* Now, before the next fork: or the pipe would never end, since the next child has it open as well. */
	close(ends[1]);
	ret_child->pipe = ends[0];
	return 0;
}

static int finish_by_hand(const child *ended, uint64_t *ret_count)
{
	bool is_whole = read_all(ended->pipe, ret_count, sizeof *ret_count);
	int status;

	close(ended->pipe);
	while (waitpid(ended->pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain("waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return complain("a child was killed by signal %d: its part is lost", WTERMSIG(status));
	return is_whole && WEXITSTATUS(status) == 0 ? 0 : complain("a child ended without its count");
}

/* Returns 0, or -1 after telling what is missing in @ret_total. */
static int count_by_hand(const part *parts, size_t count, uint64_t *ret_total)
{
	child children[MOST_PARTS];
	size_t started = 0;
	int rc = 0;

	*ret_total = 0;
	while (started < count && start_by_hand(&parts[started], &children[started]) == 0)
		++started;
	if (started < count)
		rc = -1;
	for (size_t i = 0; i < started; ++i) {
		uint64_t found = 0;

		if (finish_by_hand(&children[i], &found) < 0)
			rc = -1;
		else
			*ret_total += found;
	}
	return rc;
}

static int count_part(const void *item, void *result, mproc_task *task)
{
	const part *counted = item;

	if (counted->crashes && mproc_task_attempt(task) == 1)
		raise(SIGKILL);
	*(uint64_t *)result = count_primes(counted);
	return 0;
}

static int count_by_pool(const part *parts, size_t count, uint64_t *ret_total)
{
	const mproc_map_options options = {.chunk = 1, .retries = 1};
	uint64_t counts[MOST_PARTS];
	mproc_pool *pool;
	int rc = mproc_pool_open(NULL, &pool);

	if (rc < 0)
		return fail();
	rc = mproc_pool_map(pool, count_part, parts, sizeof *parts, count, counts, sizeof *counts, &options);
	mproc_pool_close(pool);
	*ret_total = 0;
	for (size_t i = 0; i < count && rc == 0; ++i)
		*ret_total += counts[i];
	return rc == 0 ? 0 : fail();
}

/* Equal parts, as far as it goes: the first ones have one number more. */
static void divide(uint64_t below, part *parts, size_t count)
{
	uint64_t first = 0;

	for (size_t i = 0; i < count; ++i) {
		parts[i] = (part){.first = first, .behind = first + below / count + (i < below % count)};
		first = parts[i].behind;
	}
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"below", "1000000"}, {"parts", "4"}, {"crash", "0"}};
	part parts[MOST_PARTS];
	uint64_t by_hand = 0, by_pool = 0, below, crash;
	size_t count;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 3);
	below = whole_number(&settings[0], 1, 1000000000);
	count = whole_number(&settings[1], 1, MOST_PARTS);
	crash = whole_number(&settings[2], 0, count);
	divide(below, parts, count);
	if (crash > 0)
		parts[crash - 1].crashes = true;
	failed = count_by_hand(parts, count, &by_hand);
	say("by hand  %" PRIu64 " primes%s", by_hand, failed ? ", and what was lost" : "");
	if (count_by_pool(parts, count, &by_pool) < 0)
		return exit_status(-1);
	say("by pool  %" PRIu64 " primes", by_pool);
	return exit_status(failed);
}
