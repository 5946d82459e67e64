/* SPDX-License-Identifier: MIT */
/*
 * A tracee is resumed up to its next system call while its calls are of interest, otherwise up to its next
 * mark: an instruction that traps, with what it means in a register.
 *
 * To fail a call, its number is replaced by -1 where it enters the kernel, and the result by an error where
 * it leaves it.  Who is killed where he enters the kernel is not served any more.
 */
#include "tracer.h"

#include "calls.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct tracee {
	pid_t pid;
	fault_victim role;
	/* It is known who started it; its first stop has been seen. */
	bool is_known, is_waiting;
	bool is_in_call, is_in_function, has_ended;
	/* What its call is to fail with, or 0; or it is to be the last one. */
	int pending;
	bool is_doomed;
	/* Its last call, for whom it hangs in. */
	long number;
	uint64_t arguments[6];
} tracee;

typedef struct run {
	const fault_plan *plan;
	fault_result result;
	tracee tracees[FAULT_MOST_PROCESSES];
	int count;
	/* Between FAULT_BEGIN and FAULT_END. */
	bool is_begun, is_over;
	/* The starter, stopped at FAULT_END until the others sleep; or NULL. */
	tracee *held;
	/* Calls that were counted. */
	unsigned calls;
	/* The kind of the one that failed. */
	const fault_call *kind;
	int starter_status;
	struct timespec until;
} run;

fault_board *fault_here;
static int output = -1;

static void give_up(const char *what)
{
	fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
	exit(2);
}

#ifdef __x86_64__
static const uint64_t MARK = 0x6661756c74000000;

bool fault_can_trace(void)
{
	return true;
}

void fault_mark(fault_mark_kind kind)
{
	__asm__ volatile("int3" ::"a"(MARK | kind) : "memory");
}

static bool read_mark(pid_t pid, fault_mark_kind *ret_kind)
{
	uint64_t value = (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rax), NULL);

	if ((value & ~(uint64_t)0xff) != MARK)
		return false;
	*ret_kind = (fault_mark_kind)(value & 0xff);
	return true;
}

static void skip_call(pid_t pid)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

static void set_result(pid_t pid, long result)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
}
#else
bool fault_can_trace(void)
{
	return false;
}

void fault_mark(fault_mark_kind kind)
{
	(void)kind;
}

static bool read_mark(pid_t pid, fault_mark_kind *ret_kind)
{
	(void)pid;
	(void)ret_kind;
	return false;
}

static void skip_call(pid_t pid)
{
	(void)pid;
}

static void set_result(pid_t pid, long result)
{
	(void)pid;
	(void)result;
}
#endif

/* All on one processor: stops are handed to and fro, and that is faster. */
static void stay_on_one_processor(void)
{
	cpu_set_t usable, one;

	sched_getaffinity(0, sizeof usable, &usable);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
}

void fault_prepare(void)
{
	sigset_t child;

	fault_here =
		mmap(NULL, sizeof *fault_here, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault_here == MAP_FAILED)
		give_up("mmap");
	output = memfd_create("output", MFD_CLOEXEC);
	if (output < 0)
		give_up("memfd_create");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	/* Those whose parent has ended are reaped here, and at once. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	stay_on_one_processor();
}

void fault_finish(void)
{
	close(output);
	munmap(fault_here, sizeof *fault_here);
	fault_here = NULL;
}

_Noreturn void fault_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (fault_here->complaint[0] == '\0')
		vsnprintf(fault_here->complaint, sizeof fault_here->complaint, format, arguments);
	va_end(arguments);
	_exit(1);
}

const char *fault_output(void)
{
	static char text[4096];
	ssize_t size = pread(output, text, sizeof text - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	return text;
}

/* The tracer's complaint is of more weight than what the starter found. */
static void complain(run *it, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(run *it, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (it->result.complaint[0] == '\0')
		vsnprintf(it->result.complaint, sizeof it->result.complaint, format, arguments);
	va_end(arguments);
}

static tracee *find(run *it, pid_t pid)
{
	for (int i = 0; i < it->count; ++i) {
		if (it->tracees[i].pid == pid)
			return &it->tracees[i];
	}
	if (it->count == FAULT_MOST_PROCESSES)
		give_up("too many processes");
	it->tracees[it->count] = (tracee){.pid = pid};
	fault_here->processes[it->count] = pid;
	fault_here->process_count = (uint32_t)++it->count;
	return &it->tracees[it->count - 1];
}

/* Whether calls are still to fail. */
static bool is_interested(const run *it)
{
	return !it->is_over && (!it->result.was_injected || (it->plan->is_lasting && it->result.may_last));
}

static bool is_counted(const run *it, const tracee *who)
{
	return it->is_begun && is_interested(it) && who->role == it->plan->victim && !who->is_in_function;
}

/* Who was there before the beginning sleeps in a call, and could not be told otherwise then. */
static bool is_watched(const run *it, const tracee *who)
{
	return who->pending != 0 || who->is_doomed || is_counted(it, who)
	       || (who->role == FAULT_SERVER && it->plan->victim == FAULT_SERVER && is_interested(it));
}

static void resume(const run *it, const tracee *who, int signal_number)
{
	/* It fails when somebody has killed it: its end will be told. */
	ptrace(is_watched(it, who) ? PTRACE_SYSCALL : PTRACE_CONT, who->pid, NULL, (long)signal_number);
}

static void adopt(run *it, pid_t pid)
{
	tracee *child = find(it, pid);

	child->is_known = true;
	child->role = !it->is_begun ? FAULT_SERVER : it->is_over ? FAULT_NOBODY : FAULT_CHILD;
	if (child->is_waiting)
		resume(it, child, 0);
}

static void choose_code(run *it, const fault_call *call)
{
	it->kind = call;
	it->result.was_injected = true;
	it->result.call = call->name;
	it->result.code_count = fault_count_codes(call);
	it->result.code = call->codes[it->plan->variant % it->result.code_count];
	fault_here->code = it->result.code;
	fault_here->call = call->name;
	it->result.may_last = fault_is_lasting(call, it->result.code);
}

static void fail(const run *it, tracee *who)
{
	who->pending = it->result.code;
	if (!it->kind->is_done)
		skip_call(who->pid);
}

/* A thread takes its process with it. */
static void kill_at_call(run *it, tracee *who, const char *name)
{
	if (++it->calls != it->plan->number)
		return;
	it->result.was_injected = true;
	it->result.call = name;
	it->result.code_count = 1;
	who->is_doomed = it->plan->deed == FAULT_KILLED_AFTER;
	if (!who->is_doomed)
		kill(who->pid, SIGKILL);
}

static void enter_call(run *it, tracee *who)
{
	const fault_call *call;

	if (!is_counted(it, who))
		return;
	call = fault_find_call(who->number, who->arguments);
	if (it->plan->deed != FAULT_FAILS) {
		kill_at_call(it, who, call->name);
		return;
	}
	if (fault_count_codes(call) > 0 && ++it->calls == it->plan->number)
		choose_code(it, call);
	if (call == it->kind)
		fail(it, who);
}

static void stop_at_call(run *it, tracee *who)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, who->pid, sizeof info, &info) > 0) {
		who->is_in_call = info.op == PTRACE_SYSCALL_INFO_ENTRY;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			who->number = (long)info.entry.nr;
			memcpy(who->arguments, info.entry.args, sizeof who->arguments);
			enter_call(it, who);
		} else if (who->is_doomed) {
			kill(who->pid, SIGKILL);
		} else if (who->pending != 0) {
			set_result(who->pid, -who->pending);
			who->pending = 0;
		}
	}
	resume(it, who, 0);
}

static void stop_at_mark(run *it, tracee *who, fault_mark_kind kind)
{
	switch (kind) {
	case FAULT_BEGIN:
		it->is_begun = true;
		break;
	case FAULT_END:
		it->held = who;
		return;
	case FAULT_FUNCTION_BEGIN:
		who->is_in_function = true;
		++fault_here->begun;
		break;
	case FAULT_FUNCTION_END:
		who->is_in_function = false;
		break;
	case FAULT_SECOND_FUNCTION:
		++fault_here->begun_second;
		break;
	case FAULT_REFUSED:
		fault_here->was_refused = true;
		break;
	}
	resume(it, who, 0);
}

static void stop_at_event(run *it, tracee *who, int event)
{
	unsigned long child;

	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (ptrace(PTRACE_GETEVENTMSG, who->pid, NULL, &child) == 0)
			adopt(it, (pid_t)child);
		break;
	case PTRACE_EVENT_STOP:
		who->is_waiting = !who->is_known;
		if (who->is_waiting)
			return;
		break;
	default:
		break;
	}
	resume(it, who, 0);
}

static void handle_stop(run *it, tracee *who, int status)
{
	int event = status >> 16, signal_number = WSTOPSIG(status);
	fault_mark_kind kind;

	if (event != 0)
		stop_at_event(it, who, event);
	else if (signal_number == (SIGTRAP | 0x80))
		stop_at_call(it, who);
	else if (signal_number == SIGTRAP && read_mark(who->pid, &kind))
		stop_at_mark(it, who, kind);
	else
		resume(it, who, signal_number);
}

static void handle(run *it, pid_t pid, int status)
{
	tracee *who = find(it, pid);

	if (WIFSTOPPED(status)) {
		handle_stop(it, who, status);
		return;
	}
	who->has_ended = true;
	if (who == &it->tracees[0])
		it->starter_status = status;
}

char fault_state_of(pid_t pid)
{
	char path[32], line[512] = "";
	const char *name_end;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return '?';
	name_end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
	fclose(file);
	return name_end == NULL ? '?' : name_end[2];
}

/* Whose calls are counted, and who is not through with them. */
static bool is_busy(const run *it, const tracee *who)
{
	return !who->has_ended && who != it->held && who->is_known && is_watched(it, who)
	       && !(who->is_in_call && fault_state_of(who->pid) == 'S');
}

/* Returns whether it was done. */
static bool try_to_let_go(run *it)
{
	tracee *held = it->held;

	for (int i = 0; i < it->count; ++i) {
		if (is_busy(it, &it->tracees[i]))
			return false;
	}
	it->held = NULL;
	it->is_over = true;
	resume(it, held, 0);
	return true;
}

static bool is_late(const run *it)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > it->until.tv_sec
	       || (now.tv_sec == it->until.tv_sec && now.tv_nsec > it->until.tv_nsec);
}

static void describe_who_hangs(run *it)
{
	char text[512] = "";
	size_t length = 0;

	for (int i = 0; i < it->count && length < sizeof text - 64; ++i) {
		const tracee *who = &it->tracees[i];
		static const char *const names[] = {"another", "starter", "server", "child", ""};

		if (!who->has_ended)
			length += (size_t)snprintf(text + length, sizeof text - length, " %s (%c%s%s)",
				names[who->role], fault_state_of(who->pid), who->is_in_call ? ", in " : "",
				who->is_in_call ? fault_find_call(who->number, who->arguments)->name : "");
	}
	complain(it, "%s%s", it->tracees[0].has_ended ? "stays behind:" : "hangs:", text);
}

static void kill_all(run *it)
{
	for (int i = 0; i < it->count; ++i) {
		if (!it->tracees[i].has_ended)
			kill(it->tracees[i].pid, SIGKILL);
	}
}

/* Until all have ended. */
static void follow(run *it)
{
	static const struct timespec moment = {.tv_nsec = 1000000}, longer = {.tv_nsec = 200000000};
	sigset_t child;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid = waitpid(-1, &status, __WALL | WNOHANG);
		if (pid < 0 && errno == ECHILD)
			return;
		if (pid > 0) {
			handle(it, pid, status);
			continue;
		}
		if (it->held != NULL && try_to_let_go(it))
			continue;
		if (is_late(it)) {
			describe_who_hangs(it);
			kill_all(it);
		}
		sigtimedwait(&child, NULL, it->held != NULL ? &moment : &longer);
	}
}

static _Noreturn void be_starter(void (*function)(void *argument), void *argument)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	while (!fault_here->is_traced)
		sched_yield();
	function(argument);
	_exit(0);
}

static void seize(run *it, pid_t pid)
{
	static const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
				    | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	tracee *starter = find(it, pid);

	starter->role = FAULT_STARTER;
	starter->is_known = true;
	if (ptrace(PTRACE_SEIZE, pid, NULL, options) != 0)
		give_up("ptrace");
	fault_here->is_traced = true;
}

static void judge_end(run *it)
{
	int status = it->starter_status;

	if (fault_here->complaint[0] != '\0')
		complain(it, "%s", fault_here->complaint);
	if (it->plan->deed != FAULT_FAILS && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	if (WIFSIGNALED(status))
		complain(it, "the starter was ended by signal %d", WTERMSIG(status));
	if (status != 0)
		complain(it, "the starter ended with %d", WEXITSTATUS(status));
}

static void describe_refusal(run *it)
{
	bool is_memory = it->plan->victim == FAULT_MALLOC || it->plan->victim == FAULT_SPAWNED_MALLOC;

	it->result.was_injected = true;
	it->result.call = is_memory ? "malloc" : "any descriptor";
	it->result.code = is_memory ? ENOMEM : EMFILE;
	it->result.code_count = 1;
}

fault_result fault_run(const fault_plan *plan, void (*function)(void *argument), void *argument)
{
	static run it;
	pid_t pid;

	it = (run){.plan = plan};
	memset(fault_here, 0, sizeof *fault_here);
	if (ftruncate(output, 0) != 0)
		give_up("ftruncate");
	lseek(output, 0, SEEK_SET);
	clock_gettime(CLOCK_MONOTONIC, &it.until);
	it.until.tv_sec += plan->seconds;
	fault_here->victim = plan->victim;
	fault_here->number = plan->number;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0)
		be_starter(function, argument);
	seize(&it, pid);
	follow(&it);
	judge_end(&it);
	if (fault_here->was_refused)
		describe_refusal(&it);
	return it.result;
}
