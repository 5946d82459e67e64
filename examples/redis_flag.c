/* SPDX-License-Identifier: MIT */
/*
 * redis_flag - a process works until a flag of a server is set; its parent sets it.  The server may be Redis or a manager, and
 * whoever sets the flag may be any program in any language: redis-cli, for instance, by SET and PUBLISH.
 */
#include "command.h"

#include <mproc-net.h>

static const char USAGE[] =
	"usage: redis_flag [--server URL]\n"
	"A process works until a flag of a server is set; its parent sets it.\n"
	"\n"
	"  --server URL  unix:PATH or redis://HOST:PORT; redis://127.0.0.1:6379 by default\n"
	"  --help        this text\n";

static const char STARTED[] = "mproc:redis_flag:started", STOP[] = "mproc:redis_flag:stop";

/* Seconds that the server and the other process have, and that the server has to be there. */
static const double PATIENCE = 10, CONNECTING = 2;

/* What the child does: it looks at its copy of the flag, which the server keeps up to date, and waits for nobody. */
static int count_until_stopped(mproc_remote_watch *stop)
{
	unsigned long looks = 0;
	int rc;

	while ((rc = mproc_remote_watch_is_set(stop)) == 0)
		++looks;
	if (rc < 0)
		return fail();
	printf("stopped after %s\n", looks > 0 ? "some work" : "no work at all");
	fflush(stdout);
	return 0;
}

/* It uses its parent's handle, and has a connection of its own. */
static int work(void *remote)
{
	mproc_remote_watch *stop;
	int rc;

	rc = mproc_remote_watch_open(remote, STOP, mproc_after(PATIENCE), &stop);
	if (rc == 0)
		rc = mproc_remote_event_set(remote, STARTED, mproc_after(PATIENCE));
	if (rc < 0)
		return exit_status(fail());
	rc = count_until_stopped(stop);
	mproc_remote_watch_close(stop);
	return exit_status(rc);
}

/* Returns 0, or -1 after telling what failed. */
static int clear_flags(mproc_remote *remote)
{
	if (mproc_remote_flag_clear(remote, STARTED, mproc_after(PATIENCE)) < 0
		|| mproc_remote_flag_clear(remote, STOP, mproc_after(PATIENCE)) < 0)
		return fail();
	return 0;
}

static int stop_when_started(mproc_remote *remote)
{
	printf("the flag is %s\n",
		mproc_remote_flag_get(remote, STOP, mproc_after(PATIENCE)) == 0 ? "not set" : "set");
	fflush(stdout);
	if (mproc_remote_event_wait(remote, STARTED, mproc_after(PATIENCE)) < 0
		|| mproc_remote_flag_set(remote, STOP, mproc_after(PATIENCE)) < 0)
		return fail();
	return 0;
}

static int run(mproc_remote *remote)
{
	mproc_process *worker;
	int failed;

	if (clear_flags(remote) < 0)
		return -1;
	if (mproc_process_start(NULL, work, remote, 0, &worker) < 0)
		return fail();
	failed = stop_when_started(remote);
	if (failed)
		mproc_process_terminate(worker);
	failed |= join_process(worker);
	printf("the flag is %s\n",
		mproc_remote_flag_get(remote, STOP, mproc_after(PATIENCE)) == 1 ? "set" : "not set");
	return failed | clear_flags(remote);
}

int main(int argc, char *argv[])
{
	setting server = {"server", "redis://127.0.0.1:6379"};
	mproc_remote *remote;
	int failed;

	read_command_line(argc, argv, USAGE, &server, 1);
	if (mproc_remote_connect(server.value, NULL, mproc_after(CONNECTING), &remote) < 0)
		return exit_status(fail());
	failed = run(remote);
	mproc_remote_close(remote);
	return exit_status(failed);
}
