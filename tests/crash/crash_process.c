/* SPDX-License-Identifier: MIT */
/*
 * Processes: who starts one, and who joins it; the server that forks it; the child itself, from its first instruction to its last.
 *
 * Whatever a test has started holds the write end of a pipe, "the leash"; where nobody has it any more, nothing of the test
 * is left, neither a process nor a descriptor.
 */
#include "crash.h"

#include "family/member.h"
#include "process/process.h"
#include "process/server.h"
#include "sys/descriptor.h"
#include "sys/kept.h"
#include "sys/message.h"

#include <errno.h>
#include <fcntl.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	/* What the function of a child returns. */
	CODE = 42,
	/* Less than the harness waits for anybody. */
	PATIENCE = 4000,
};

typedef struct scene {
	mproc_start start;
	bool has_options;
	/* The write end of the leash; the end of its socket that a server has, and that those who ask it have. */
	int leash, served, asking;
	mproci_id server, lost;
	/* How often functions ran: of the process that a victim starts or is, of those that others start. */
	_Atomic uint32_t runs, other_runs, exits;
	/* How far things may go: counted up. */
	_Atomic uint32_t go;
	_Atomic uint32_t is_done;
	/* Of the first start: what it returned, and then the exit code. */
	int rc, code;
	/* What nobody ever counts up. */
	_Atomic uint32_t never;
	mproc_process *process;
} scene;

/* The harness's ends of what the last test had. */
static int leash[2] = {-1, -1}, ends[2] = {-1, -1};

/* ---- what children run ---- */

static int return_code(void *shared)
{
	++((scene *)shared)->other_runs;
	return CODE;
}

static int run_on(void *shared)
{
	scene *all = shared;

	++all->runs;
	crash_await(&all->never, 1);
	return CODE;
}

static int await_go(void *shared)
{
	scene *all = shared;

	++all->runs;
	crash_await(&all->go, 2);
	return CODE;
}

static void count_exit(void *shared)
{
	++((scene *)shared)->exits;
}

static int run_and_end(void *shared)
{
	++((scene *)shared)->runs;
	mproc_at_exit(count_exit, shared);
	return CODE;
}

/* ---- starting ---- */

static int start(scene *all, mproc_process_function *function, mproc_process **ret_process)
{
	const char *environment[] = {"A=1", NULL};
	mproc_process_options options = {
		.start = all->start,
		.descriptors = &all->leash,
		.descriptor_count = 1,
	};

	if (all->start == MPROC_START_FORK && !all->has_options)
		options = (mproc_process_options){.start = MPROC_START_FORK};
	if (all->has_options) {
		options.name = "named";
		options.directory = "/";
		options.environment = environment;
		options.input = MPROC_STREAM_NULL;
	}
	return mproc_process_start(&options, function, all, 0, ret_process);
}

static int join(mproc_process *process)
{
	int code = -1000;

	crash_expect(mproc_process_join(process, MPROC_FOREVER) == 0, "join: %s", mproc_error_text());
	crash_expect(mproc_process_exit_code(process, &code) == 0, "exit code: %s", mproc_error_text());
	crash_expect(mproc_process_close(process) == NULL, "it cannot be closed");
	return code;
}

/* Whatever happened, the next one comes to be. */
static void start_and_join_another(scene *all)
{
	uint32_t runs = all->other_runs;
	mproc_process *process;
	int rc, code;

	rc = start(all, return_code, &process);
	crash_expect(rc == 0, "the next start: %d, %s", rc, mproc_error_text());
	code = join(process);
	crash_expect(code == CODE, "the next one ended with %d", code);
	crash_expect(all->other_runs == runs + 1, "the next one ran %u times", all->other_runs - runs);
}

static void check_memory(void)
{
	void *block = mproc_alloc(100);

	crash_expect(block != NULL, "no block: %s", mproc_error_text());
	mproc_free(block);
}

/* Nobody but a server may be left of the children of this process. */
static void check_children(void)
{
	uint32_t self = 1 + (uint32_t)mproci_member_self(), limit = mproci_family_here->member_limit;

	for (uint32_t index = 0; index < limit; ++index) {
		const mproci_member *member = &mproci_family_here->members[index];
		uint64_t word = member->word;

		crash_expect((word & 0xff) == MPROCI_MEMBER_FREE || (word >> 8 & 0xffffff) != self
				     || strcmp(member->name, "mproc-server") == 0,
			"the slot of \"%s\" is not given back", member->name);
	}
}

/* ---- the leash ---- */

static void make_leash(scene *all)
{
	mproci_close(leash[0]);
	mproci_close(leash[1]);
	if (pipe2(leash, O_CLOEXEC) != 0)
		leash[0] = leash[1] = -1;
	all->leash = leash[1];
}

/* The harness itself has it no longer than until its first processes have it. */
static void hand_over_leash(void *shared)
{
	(void)shared;
	mproci_close(leash[1]);
	leash[1] = -1;
}

/* Also what whoever learns of the victim's death does, before he buries it: what it has started ends without his help. */
static void await_nothing_left(void *shared)
{
	struct pollfd descriptor = {.fd = leash[0]};

	(void)shared;
	crash_expect(poll(&descriptor, 1, PATIENCE) == 1, "something that was started is left");
}

/* ---- the victim starts a process ---- */

static void make_scene(scene *all, mproc_start how, bool has_options)
{
	crash_renew_arena();
	all->start = how;
	all->has_options = has_options;
	make_leash(all);
}

static void set_fork(void *shared)
{
	make_scene(shared, MPROC_START_FORK, false);
}

static void set_fork_with_options(void *shared)
{
	make_scene(shared, MPROC_START_FORK, true);
}

static void set_server(void *shared)
{
	make_scene(shared, MPROC_START_SERVER, false);
}

static void set_spawn(void *shared)
{
	make_scene(shared, MPROC_START_SPAWN, true);
}

/* A tracee stops also for signals that it ignores. */
static void hold_signals(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
}

static void be_starter(void *shared)
{
	(void)shared;
	crash_put_clock_right();
	hold_signals();
}

/* It knows a server that nobody hears from any more. */
static void be_starter_without_server(void *shared)
{
	mproci_id gone;
	int none[2];

	be_starter(shared);
	if (mproci_member_expect("", &gone) < 0 || mproci_message_pair(none) < 0)
		_exit(1);
	mproci_member_bury(gone);
	mproci_close(none[1]);
	mproci_keep(MPROCI_KEPT_SERVER, none[0]);
	mproci_server_know(mproci_member_stamp(gone));
}

static void start_one(void *shared)
{
	mproc_process *process;
	int rc;

	rc = start(shared, run_on, &process);
	crash_expect(rc == 0, "start: %d, %s", rc, mproc_error_text());
}

static void go_on(void *shared)
{
	scene *all = shared;

	crash_expect(all->runs <= 1, "the function ran %u times", all->runs);
	make_leash(all);
	start_and_join_another(all);
	check_memory();
	check_children();
	crash_expect(mproci_member_lives(mproci_server_stamp()), "the server has ended");
}

/* ---- the victim joins a process ---- */

static void be_joiner(void *shared)
{
	scene *all = shared;
	struct pollfd descriptor = {.events = POLLIN};

	be_starter(shared);
	crash_expect(start(all, run_and_end, &all->process) == 0, "start: %s", mproc_error_text());
	descriptor.fd = mproc_process_fd(all->process);
	crash_expect(poll(&descriptor, 1, PATIENCE) == 1, "it does not end");
}

static void join_one(void *shared)
{
	scene *all = shared;
	int code = join(all->process);

	crash_expect(code == CODE, "it ended with %d", code);
}

/* ---- the victim is the server ---- */

static void make_socket(void *shared)
{
	scene *all = shared;

	set_server(shared);
	mproci_close(ends[0]);
	mproci_close(ends[1]);
	if (mproci_message_pair(ends) < 0)
		ends[0] = ends[1] = -1;
	all->asking = ends[0];
	all->served = ends[1];
}

static void be_server(void *shared)
{
	((scene *)shared)->server = mproci_member_self();
	crash_put_clock_right();
	mproci_close(ends[0]);
}

static void serve(void *shared)
{
	mproci_server_serve(&((scene *)shared)->served);
}

static void know_server(scene *all)
{
	mproci_keep(MPROCI_KEPT_SERVER, all->asking);
	mproci_server_know(mproci_member_stamp(all->server));
}

/* It starts one, which must not fail but clearly, and notes what it was told; then another. */
static void start_two(scene *all, mproc_process_function *function)
{
	mproc_process *process;

	all->rc = start(all, function, &process);
	crash_expect(all->rc == 0 || all->rc == -ENOEXEC, "start: %d, %s", all->rc, mproc_error_text());
	crash_expect(all->rc == 0 || strstr(mproc_error_text(), "ended before it was set up") != NULL,
		"start: %s", mproc_error_text());
	if (all->rc == 0)
		all->code = join(process);
	check_children();
	start_and_join_another(all);
	check_memory();
	check_children();
	mproci_close(all->leash);
	crash_add(&all->is_done);
}

static void ask_server(void *shared)
{
	scene *all = shared;

	know_server(all);
	crash_await(&all->go, 1);
	start_two(all, await_go);
}

/* What it kills ends without a word; then nobody but the server can tell how. */
static void ask_server_and_kill(void *shared)
{
	scene *all = shared;
	mproc_process *process;

	know_server(all);
	crash_await(&all->go, 1);
	crash_expect(start(all, run_on, &process) == 0, "start: %s", mproc_error_text());
	crash_await(&all->go, 2);
	mproc_process_kill(process);
	crash_expect(mproc_process_join(process, MPROC_FOREVER) == 0, "join: %s", mproc_error_text());
	all->rc = mproc_process_exit_code(process, &all->code);
	mproc_process_close(process);
	mproci_close(all->leash);
	check_children();
	crash_add(&all->is_done);
}

static void surround_with(void *shared, void (*companion)(void *))
{
	mproci_close(ends[1]);
	ends[1] = -1;
	crash_start("who asks the server", companion);
	hand_over_leash(shared);
}

static void surround_server(void *shared)
{
	surround_with(shared, ask_server);
}

static void surround_server_that_tells(void *shared)
{
	surround_with(shared, ask_server_and_kill);
}

/* First it gets its request, then its child ends. */
static void let_go(void *shared)
{
	crash_add(&((scene *)shared)->go);
}

static void go_on_without_server(void *shared)
{
	scene *all = shared;

	crash_add(&all->go);
	crash_add(&all->go);
	crash_await(&all->is_done, 1);
	crash_expect(all->rc == 0, "the start failed, although only the server died");
	crash_expect(all->runs == 1, "the function ran %u times", all->runs);
	crash_expect(all->code == CODE, "it ended with %d", all->code);
	await_nothing_left(shared);
}

static void find_out_without_server(void *shared)
{
	scene *all = shared;

	crash_add(&all->go);
	crash_add(&all->go);
	crash_await(&all->is_done, 1);
	crash_expect(all->runs <= 1, "the function ran %u times", all->runs);
	crash_expect(all->rc == -ENODATA || (all->rc == 0 && all->code == -SIGKILL),
		"one that was killed: exit code %d, %d", all->rc, all->code);
	await_nothing_left(shared);
}

/* ---- the victim is the child ---- */

static void be_parent(void *shared)
{
	start_two(shared, run_and_end);
	_exit(0);
}

static void ask_for_victim(void *shared)
{
	know_server(shared);
	start_two(shared, run_and_end);
}

static void surround_parent_server(void *shared)
{
	surround_with(shared, ask_for_victim);
}

static void prepare_parent(void *shared)
{
	(void)shared;
	crash_put_clock_right();
}

/* Of one that was served the exit code that it noted after all that it had to do is believed, even if it was killed then. */
static bool is_last_word(const scene *all)
{
	return all->start == MPROC_START_SERVER && all->exits == 1 && all->code == CODE;
}

static void check_child(void *shared)
{
	scene *all = shared;
	bool had_ended = crash_victim_had_ended();

	crash_await(&all->is_done, 1);
	crash_expect(all->runs <= 1 && all->exits <= all->runs, "it ran %u times, and ended %u times",
		all->runs, all->exits);
	crash_expect(all->rc == 0 || all->runs == 0, "the start failed, although the function ran");
	crash_expect(!had_ended || (all->rc == 0 && all->exits == 1),
		"start: %d, although it ended by itself", all->rc);
	if (all->rc == 0 && !is_last_word(all))
		crash_expect(all->code == (had_ended ? CODE : -SIGKILL), "join tells %d, but it %s",
			all->code, had_ended ? "ended" : "was killed");
	await_nothing_left(shared);
}

/* ---- mistakes ---- */

/* A child that nothing ties to its parent.  It ends later than anybody waits for it. */
static void start_untied(void *shared)
{
	(void)shared;
	if (fork() == 0) {
		sleep(1);
		_exit(0);
	}
}

/* The slot of a child that is never forked, and nobody's. */
static void lose_slot(void *shared)
{
	scene *all = shared;
	mproci_member *slot;

	mproci_member_expect("", &all->lost);
	slot = mproci_member_slot(all->lost);
	slot->word &= ~UINT64_C(0xffffff00);
}

static void find_slot(void *shared)
{
	scene *all = shared;
	bool is_lost = all->lost != 0 && crash_is_member(all->lost);

	if (is_lost)
		mproci_member_bury(all->lost);
	crash_expect(!is_lost, "a slot is lost");
}

/* It waits for what the child will do, and does not look whether it is alive. */
static void start_and_wait_blindly(void *shared)
{
	scene *all = shared;
	mproc_process *process;

	if (start(all, run_and_end, &process) == 0)
		crash_await(&all->exits, 1);
	_exit(0);
}

static void go_home(void *shared)
{
	(void)shared;
}

const crash_operation crash_process_operations[] = {
	{
		.name = "process: start by fork",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = be_starter,
		.surround = hand_over_leash,
		.operate = start_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: start by fork with options",
		.size = sizeof(scene),
		.set_up = set_fork_with_options,
		.prepare = be_starter,
		.surround = hand_over_leash,
		.operate = start_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: start by server",
		.size = sizeof(scene),
		.set_up = set_server,
		.prepare = be_starter,
		.surround = hand_over_leash,
		.operate = start_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: start by server, which has died",
		.size = sizeof(scene),
		.set_up = set_server,
		.prepare = be_starter_without_server,
		.surround = hand_over_leash,
		.operate = start_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: start by spawn",
		.size = sizeof(scene),
		.set_up = set_spawn,
		.prepare = be_starter,
		.surround = hand_over_leash,
		.operate = start_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: join, forked",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = be_joiner,
		.surround = hand_over_leash,
		.operate = join_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: join, served",
		.size = sizeof(scene),
		.set_up = set_server,
		.prepare = be_joiner,
		.surround = hand_over_leash,
		.operate = join_one,
		.unblock = go_home,
		.recover = await_nothing_left,
		.survive = go_on,
		.is_sampled = true,
	},
	{
		.name = "process: serve",
		.size = sizeof(scene),
		.set_up = make_socket,
		.prepare = be_server,
		.surround = surround_server,
		.operate = serve,
		.unblock = let_go,
		.survive = go_on_without_server,
		.rests = 3,
		.is_rechecked = true,
		.is_sampled = true,
	},
	{
		.name = "process: serve one that is killed",
		.size = sizeof(scene),
		.set_up = make_socket,
		.prepare = be_server,
		.surround = surround_server_that_tells,
		.operate = serve,
		.unblock = let_go,
		.survive = find_out_without_server,
		.rests = 3,
		.is_rechecked = true,
		.is_sampled = true,
	},
	{
		.name = "process: be forked",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = prepare_parent,
		.surround = hand_over_leash,
		.operate = be_parent,
		.survive = check_child,
		.is_child = true,
		.is_sampled = true,
	},
	{
		.name = "process: be forked, the parent stands still",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = prepare_parent,
		.surround = hand_over_leash,
		.operate = be_parent,
		.survive = check_child,
		.is_child = true,
		.holds_parent = true,
		.is_sampled = true,
	},
	{
		.name = "process: be forked with options",
		.size = sizeof(scene),
		.set_up = set_fork_with_options,
		.prepare = prepare_parent,
		.surround = hand_over_leash,
		.operate = be_parent,
		.survive = check_child,
		.is_child = true,
		.is_sampled = true,
	},
	{
		.name = "process: be served",
		.size = sizeof(scene),
		.set_up = make_socket,
		.prepare = be_server,
		.surround = surround_parent_server,
		.operate = serve,
		.survive = check_child,
		.rests = 1000,
		.is_rechecked = true,
		.is_child = true,
		.is_sampled = true,
	},
	{
		.name = "process: be served, the server stands still",
		.size = sizeof(scene),
		.set_up = make_socket,
		.prepare = be_server,
		.surround = surround_parent_server,
		.operate = serve,
		.survive = check_child,
		.rests = 1000,
		.is_rechecked = true,
		.is_child = true,
		.holds_parent = true,
		.is_sampled = true,
	},
	{
		.name = "process: be spawned",
		.size = sizeof(scene),
		.set_up = set_spawn,
		.prepare = prepare_parent,
		.surround = hand_over_leash,
		.operate = be_parent,
		.survive = check_child,
		.is_child = true,
		.is_sampled = true,
	},
	{
		.name = "process: start a child that nothing ties",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = be_starter,
		.surround = hand_over_leash,
		.operate = start_untied,
		.recover = await_nothing_left,
		.survive = go_home,
		.is_mistake = true,
	},
	{
		.name = "process: lose a slot",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = be_starter,
		.operate = lose_slot,
		.survive = find_slot,
		.is_mistake = true,
	},
	{
		.name = "process: wait for a child blindly",
		.size = sizeof(scene),
		.set_up = set_fork,
		.prepare = prepare_parent,
		.surround = hand_over_leash,
		.operate = start_and_wait_blindly,
		.survive = go_home,
		.is_child = true,
		.is_sampled = true,
		.is_mistake = true,
	},
	{0},
};
