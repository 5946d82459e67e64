/* SPDX-License-Identifier: MIT */
#include "tracee.h"

#include "family/member.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
	fprintf(stderr, "crash: %s: %s\n", what, strerror(errno));
	exit(2);
}

#ifdef __x86_64__
enum {
	BREAKPOINT = 0xcc
};
static const unsigned char SYSTEM_CALL[] = {0x0f, 0x05};

bool crash_can_step(void)
{
	return true;
}

static void stop_here(void)
{
	__asm__ volatile("int3" ::: "memory");
}

static uintptr_t place_of(pid_t pid)
{
	return (uintptr_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), NULL);
}

void crash_set_breakpoint(const crash_process *process, uintptr_t place)
{
	const size_t registers = offsetof(struct user, u_debugreg);
	const size_t size = sizeof(((struct user *)NULL)->u_debugreg[0]);

	if (place != 0 && ptrace(PTRACE_POKEUSER, process->pid, registers, place) != 0)
		give_up("ptrace: breakpoint");
	/* In the control register: the local enable bit of the first, which stops at instructions. */
	if (ptrace(PTRACE_POKEUSER, process->pid, registers + 7 * size, place != 0 ? 1L : 0L) != 0)
		give_up("ptrace: breakpoint");
}
#else
/* Other machines have loops of load-linked and store-conditional, which never end under single steps. */
enum {
	BREAKPOINT = 0
};
static const unsigned char SYSTEM_CALL[1];

bool crash_can_step(void)
{
	return false;
}

static void stop_here(void)
{
}

static uintptr_t place_of(pid_t pid)
{
	(void)pid;
	return 0;
}

void crash_set_breakpoint(const crash_process *process, uintptr_t place)
{
	(void)process;
	(void)place;
}
#endif

bool crash_fork(crash_process *process, const char *name)
{
	*process = (crash_process){.name = name};
	if (mproci_member_expect("", &process->member) < 0)
		give_up("no slot for a member");
	process->pid = fork();
	if (process->pid < 0)
		give_up("fork");
	if (process->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (mproci_member_become(process->member) < 0)
			_exit(1);
		return true;
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (process->pidfd < 0)
		give_up("pidfd_open");
	return false;
}

void crash_be_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		give_up("ptrace");
	stop_here();
}

void crash_mark_end(void)
{
	stop_here();
}

static bool is_trapped(int status)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

bool crash_await_traced(crash_process *process)
{
	int status;

	if (waitpid(process->pid, &status, 0) != process->pid || !is_trapped(status))
		return false;
	ptrace(PTRACE_SETOPTIONS, process->pid, NULL, PTRACE_O_EXITKILL);
	process->at = place_of(process->pid);
	return true;
}

/* The beginning of a file in the directory of a process. */
static void read_about(pid_t pid, const char *name, char *text, size_t size)
{
	char path[32];
	ssize_t length;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(path);
	length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
}

/* R, S, Z and so on, as ps shows it. */
static char state_of(pid_t pid)
{
	char line[512];
	const char *name_end;

	read_about(pid, "stat", line, sizeof line);
	name_end = strrchr(line, ')');
	return name_end == NULL ? '?' : name_end[2];
}

static unsigned long count_switches(pid_t pid)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char text[4096];
	const char *found;

	read_about(pid, "status", text, sizeof text);
	found = strstr(text, key);
	return found == NULL ? 0 : strtoul(found + sizeof key - 1, NULL, 10);
}

static crash_progress note_step(crash_process *process, int status)
{
	process->is_asleep = false;
	if (!is_trapped(status))
		return CRASH_BROKEN;
	process->at = place_of(process->pid);
	return CRASH_STEPPED;
}

static crash_progress note_sleep(crash_process *process)
{
	process->is_asleep = true;
	process->switches = count_switches(process->pid);
	return CRASH_ASLEEP;
}

/* All run on one processor: when this process runs again the tracee has stopped, or sleeps. */
static crash_progress await_call(crash_process *process)
{
	int status;

	for (;;) {
		if (waitpid(process->pid, &status, WNOHANG) == process->pid)
			return note_step(process, status);
		if (state_of(process->pid) == 'S')
			return note_sleep(process);
		sched_yield();
	}
}

crash_progress crash_step(crash_process *process)
{
	/* The tracee is a fork of this process: the same code lies at the same place. */
	const unsigned char *next = (const unsigned char *)process->at;
	int status;

	if (next[0] == BREAKPOINT)
		return CRASH_AT_END;
	process->is_in_call = memcmp(next, SYSTEM_CALL, sizeof SYSTEM_CALL) == 0;
	if (ptrace(PTRACE_SINGLESTEP, process->pid, NULL, NULL) != 0)
		give_up("ptrace: single step");
	if (process->is_in_call)
		return await_call(process);
	if (waitpid(process->pid, &status, 0) != process->pid)
		give_up("waitpid");
	return note_step(process, status);
}

crash_progress crash_run_on(crash_process *process)
{
	if (ptrace(PTRACE_CONT, process->pid, NULL, NULL) != 0)
		give_up("ptrace: continue");
	return await_call(process);
}

crash_progress crash_await_wake(crash_process *process, int milliseconds)
{
	int status;

	for (int i = 0; i <= milliseconds * 10; ++i) {
		if (waitpid(process->pid, &status, WNOHANG) == process->pid)
			return note_step(process, status);
		if (state_of(process->pid) == 'S' && count_switches(process->pid) != process->switches)
			return note_sleep(process);
		usleep(100);
	}
	return CRASH_BROKEN;
}

void crash_read_robust_head(const crash_process *process, crash_robust_head *ret_head)
{
	struct iovec here = {.iov_base = ret_head, .iov_len = sizeof *ret_head};
	struct iovec there = {.iov_len = sizeof *ret_head};
	size_t size;

	memset(ret_head, 0, sizeof *ret_head);
	if (syscall(SYS_get_robust_list, process->pid, &there.iov_base, &size) == 0)
		process_vm_readv(process->pid, &here, 1, &there, 1, 0);
}

void crash_await_sleep(const crash_process *process)
{
	char state = state_of(process->pid);

	for (; state != 'S' && state != 'Z'; state = state_of(process->pid))
		sched_yield();
}

bool crash_await_end(const crash_process *process, int milliseconds)
{
	struct pollfd descriptor = {.fd = process->pidfd, .events = POLLIN};

	return poll(&descriptor, 1, milliseconds) == 1;
}

void crash_kill(const crash_process *process)
{
	syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
}

int crash_status(const crash_process *process)
{
	siginfo_t info = {0};

	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
}

void crash_reap(crash_process *process)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) != 0 && errno == EINTR)
		;
	close(process->pidfd);
	process->pid = 0;
}
