/* SPDX-License-Identifier: MIT */
/*
 * The children of this process are found by asking the kernel of each process in /proc whether it is one,
 * which waitid tells without waiting.  (The file "children" in /proc is not in every kernel, and leaves
 * some out when one of them ends meanwhile.)  A child keeps its pid until we reap it: so a kill by pid
 * cannot hit a stranger.
 *
 * A sweep looks at every process once, in the order of pids.  Who is killed leaves children to us: they are
 * met later in the same sweep, or in the next.  That goes level by level, and when hundreds fight for the
 * processors each level takes as long as it takes all of them to have their turn.  So from the second sweep
 * on, who descends from somebody doomed is doomed as well: most have a higher pid than their parent, and
 * one sweep finds the whole tree.  It must not hit strangers: that the parent's pid is still that of the
 * one who was doomed is sure when the child is older than the sweep, for who has got that pid since cannot
 * have older children; and that the child is still the same, when its descriptor was opened before that was
 * looked at.
 *
 * Why it ends with nobody left.  Whoever is our child when a sweep begins stays in /proc until reaped, so
 * that sweep meets it.  Who becomes ours during a sweep is the child of one of ours that ended.  If a sweep
 * meets none that is not known, none was there when it began, and none came but from those that are known.
 *
 * Why a fork bomb loses.  We reap only when a sweep met nobody alive.  Until then each one killed keeps its
 * place in the number of processes that the user or the cgroup may have, so the bomb cannot fill it again:
 * a bomb that may have N processes is over after N kills.  A process that has got SIGKILL forks no more.
 *
 * Why one that forks and ends, for ever, loses: its next pid is above its last.  Few entries are read at
 * once, so that it is met within microseconds of being listed, and if that was too late, further on in the
 * same sweep.
 */
#include "sys/orphans.h"

#include "base/deadline.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/kernel_text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REST_MICROSECONDS = 500,
	/* There may be more: they are for the next sweep. */
	DOOMED = 4096
};

struct sweep {
	bool (*is_known)(pid_t child, void *argument);
	void *argument;

	bool reaps;
	bool looks_deep;
	uint64_t began;

	/* Whom it has met that is ours and not known. */
	unsigned alive, ended, immune;
	/* Those and their descendants, in the order of pids. */
	unsigned doomed_count;
	pid_t doomed[DOOMED];
};

int mproci_orphans_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 ? 0 : -errno;
}

/* Returns whether @pid is our child, and whether it has ended. */
static bool is_child(pid_t pid, bool *ret_ended, int flags)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | __WALL | flags) != 0)
		return false;
	*ret_ended = info.si_pid != 0;
	return true;
}

static void doom(struct sweep *sweep, pid_t pid)
{
	if (sweep->doomed_count < DOOMED)
		sweep->doomed[sweep->doomed_count++] = pid;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static bool is_doomed(const struct sweep *sweep, pid_t pid)
{
	return bsearch(&pid, sweep->doomed, sweep->doomed_count, sizeof pid, compare_pids) != NULL;
}

/* "PID (NAME) STATE PARENT ...", and the name may hold anything. */
static pid_t read_parent(pid_t pid)
{
	char text[128];

	if (mproci_kernel_text_read(text, sizeof text, "/proc/%d/stat", (int)pid) < 0)
		return 0;
	const char *state = strrchr(text, ')');
	return state == NULL || strlen(state) < 4 ? 0 : (pid_t)strtol(state + 4, NULL, 10);
}

static bool descends_from_doomed(const struct sweep *sweep, pid_t pid)
{
	uint64_t start;

	return is_doomed(sweep, read_parent(pid)) && mproci_process_start_time(pid, &start) == 0
	       && start < sweep->began;
}

static void meet_descendant(struct sweep *sweep, pid_t pid)
{
	if (!descends_from_doomed(sweep, pid))
		return;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return;
	if (descends_from_doomed(sweep, pid) && mproci_child_kill(pidfd) == 0) {
		doom(sweep, pid);
		++sweep->alive;
	}
	close(pidfd);
}

static void meet_child(struct sweep *sweep, pid_t pid, bool ended)
{
	doom(sweep, pid);
	if (ended) {
		++sweep->ended;
		if (sweep->reaps)
			is_child(pid, &ended, 0);
		return;
	}
	if (kill(pid, SIGKILL) == 0)
		++sweep->alive;
	else
		++sweep->immune;
}

static void meet(struct sweep *sweep, pid_t pid)
{
	bool ended = false;

	if (!is_child(pid, &ended, WNOWAIT)) {
		if (sweep->looks_deep)
			meet_descendant(sweep, pid);
	} else if (!sweep->is_known(pid, sweep->argument)) {
		meet_child(sweep, pid, ended);
	}
}

/* Names that are no number give 0, which is nobody's pid. */
static void meet_entries(struct sweep *sweep, const char *entries, size_t size)
{
	for (size_t offset = 0; offset < size;) {
		const struct dirent64 *entry = (const void *)(entries + offset);
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			meet(sweep, pid);
		offset += entry->d_reclen;
	}
}

/* opendir would allocate, and read a thousand entries ahead. */
static int meet_all(struct sweep *sweep)
{
	union {
		struct dirent64 one;
		char bytes[sizeof(struct dirent64)];
	} entries;
	long size;
	int rc;

	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return -errno;
	while ((size = syscall(SYS_getdents64, proc, entries.bytes, sizeof entries)) > 0)
		meet_entries(sweep, entries.bytes, (size_t)size);
	rc = size < 0 ? -errno : 0;
	close(proc);
	return rc;
}

/* What the one before has met says what this one does. */
static void begin(struct sweep *sweep)
{
	sweep->looks_deep = sweep->alive > 0;
	sweep->reaps = sweep->alive == 0 && sweep->ended > 0;
	sweep->began = mproci_process_ticks_now();
	sweep->alive = sweep->ended = sweep->immune = sweep->doomed_count = 0;
}

bool mproci_orphans_may_come(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

int mproci_orphans_kill(
	bool (*is_known)(pid_t child, void *argument), void *argument, mproc_deadline deadline)
{
	struct sweep sweep;
	int rc;

	sweep.is_known = is_known;
	sweep.argument = argument;
	sweep.alive = sweep.ended = 0;
	if (!mproci_orphans_may_come())
		return 0;
	for (;;) {
		begin(&sweep);
		rc = meet_all(&sweep);
		if (rc < 0)
			return rc;
		if (sweep.alive == 0 && sweep.ended == 0)
			return sweep.immune == 0 ? 0 : -EPERM;
		if (sweep.alive == 0 || !sweep.looks_deep)
			continue;
		if (mproci_deadline_passed(deadline, mproci_clock_now()))
			return -ETIMEDOUT;
		usleep(REST_MICROSECONDS);
	}
}
