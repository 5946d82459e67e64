/* SPDX-License-Identifier: MIT */
#include "tracee.h"

#include "family/member.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mproc/init.h>
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

static _Noreturn void give_up(const char *what)
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

static void set_breakpoint(const crash_process *process, uintptr_t place)
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

static void set_breakpoint(const crash_process *process, uintptr_t place)
{
	(void)process;
	(void)place;
}
#endif

void crash_set_breakpoint(crash_process *process, uintptr_t place)
{
	set_breakpoint(process, place);
	process->breakpoint = place;
}

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

/* It has made a child by vfork, and that has not become another program yet: no sleep that a signal ends. */
static bool is_held_up(pid_t pid)
{
	char call[64];
	long number;

	read_about(pid, "syscall", call, sizeof call);
	number = strtol(call, NULL, 10);
	return number == SYS_clone || number == SYS_clone3;
}

static bool sleeps(pid_t pid)
{
	char state = state_of(pid);

	return state == 'S' || (state == 'D' && is_held_up(pid));
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

static bool has_event(int status, int event)
{
	return status >> 8 == (SIGTRAP | event << 8);
}

/* It has become another program, this one anew: what the loader does is of no concern. */
static int skip_loading(crash_process *process)
{
	int status;

	set_breakpoint(process, (uintptr_t)mproc_init);
	if (ptrace(PTRACE_CONT, process->pid, NULL, NULL) != 0
		|| waitpid(process->pid, &status, 0) != process->pid)
		give_up("ptrace: exec");
	if (is_trapped(status))
		set_breakpoint(process, process->breakpoint);
	return status;
}

static crash_progress note_end(crash_process *process, int status)
{
	process->has_ended = true;
	process->status = status;
	return CRASH_AT_END;
}

static crash_progress note_step(crash_process *process, int status)
{
	process->is_asleep = false;
	if (has_event(status, PTRACE_EVENT_EXEC))
		status = skip_loading(process);
	if (process->is_adopted && !WIFSTOPPED(status))
		return note_end(process, status);
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
		if (sleeps(process->pid))
			return note_sleep(process);
		sched_yield();
	}
}

/* The first bytes of the next instruction. */
static void read_instruction(const crash_process *process, unsigned char ret_bytes[sizeof(long)])
{
	long word;

	/* A tracee is a fork of this process: the same code lies at the same place. */
	if (!process->is_adopted) {
		memcpy(ret_bytes, (const void *)process->at, sizeof SYSTEM_CALL);
		return;
	}
	word = ptrace(PTRACE_PEEKTEXT, process->pid, process->at, NULL);
	memcpy(ret_bytes, &word, sizeof word);
}

crash_progress crash_step(crash_process *process)
{
	unsigned char next[sizeof(long)];
	int status;

	if (process->has_ended)
		return CRASH_AT_END;
	read_instruction(process, next);
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
	const uintptr_t beginning = (uintptr_t)mproc_init;
	crash_progress progress;

	do {
		if (ptrace(PTRACE_CONT, process->pid, NULL, NULL) != 0)
			give_up("ptrace: continue");
		progress = await_call(process);
		/* It may have become another program only now: then it stands there, breakpoint or not. */
	} while (progress == CRASH_STEPPED && process->at == beginning && process->breakpoint != beginning);
	return progress;
}

/* Returns the event with which the tracee stops. */
static int await_child(const crash_process *parent)
{
	int status;

	if (ptrace(PTRACE_CONT, parent->pid, NULL, NULL) != 0
		|| waitpid(parent->pid, &status, 0) != parent->pid)
		give_up("ptrace: parent");
	if (!is_trapped(status) || status >> 16 == 0) {
		fprintf(stderr, "crash: the parent has ended, or stopped, before it had a child\n");
		exit(2);
	}
	return status >> 16;
}

void crash_adopt(crash_process *parent, crash_process *ret_child)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
			     | PTRACE_O_TRACECLONE;
	unsigned long pid;
	int status;

	ptrace(PTRACE_SETOPTIONS, parent->pid, NULL, options);
	parent->is_held_up = await_child(parent) == PTRACE_EVENT_VFORK;
	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) != 0)
		give_up("ptrace: child");
	*ret_child = (crash_process){.pid = (pid_t)pid, .is_adopted = true};
	if (waitpid(ret_child->pid, &status, __WALL) != ret_child->pid)
		give_up("ptrace: child");
	ret_child->pidfd = (int)syscall(SYS_pidfd_open, ret_child->pid, 0);
	if (ret_child->pidfd < 0)
		give_up("pidfd_open");
	ret_child->at = place_of(ret_child->pid);
}

void crash_let_go(crash_process *parent)
{
	if (ptrace(PTRACE_DETACH, parent->pid, NULL, NULL) != 0)
		give_up("ptrace: detach");
	if (!parent->is_held_up)
		crash_await_sleep(parent);
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

/* It becomes the parent's to wait for when its tracer has done so. */
static int status_of_adopted(crash_process *process)
{
	int status;

	while (!process->has_ended) {
		if (waitpid(process->pid, &status, __WALL) != process->pid)
			give_up("waitpid");
		if (!WIFSTOPPED(status))
			note_end(process, status);
	}
	return process->status;
}

int crash_status(crash_process *process)
{
	siginfo_t info = {0};

	if (process->is_adopted)
		return status_of_adopted(process);

	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
}

void crash_reap(crash_process *process)
{
	siginfo_t info;

	while (!process->is_adopted && waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) != 0
		&& errno == EINTR)
		;
	close(process->pidfd);
	process->pid = 0;
}
