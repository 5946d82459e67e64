/* SPDX-License-Identifier: MIT */
/*
 * remote_counter - two programs and one counter: `serve` shows a number of its shared memory under a name, and counts; `add`, which knows nothing but the URL,
 * counts as well.
 *
 *	remote_counter serve &
 *	remote_counter add unix:/run/user/1000/mproc-…/manager 1000
 *	redis-cli -s /run/user/1000/mproc-…/manager INCR counter
 */
#include "command.h"

#include <mproc-net.h>
#include <stdatomic.h>

static const char USAGE[] = "usage: remote_counter serve [--count N] [--add N]\n"
			    "       remote_counter add URL [N]\n"
			    "Two programs and one counter.\n"
			    "\n"
			    "serve   shows a counter, prints its URL, adds to it itself, and waits until\n"
			    "        it has reached --count; then it prints it and ends\n"
			    "add     adds 1 to the counter at a URL, N times, 1000 by default\n"
			    "\n"
			    "  --count N  2000 by default\n"
			    "  --add N    what the server itself adds, 1 at a time; 1000 by default\n"
			    "  --help     this text\n";

static const char COUNTER[] = "counter";

/* Seconds for an answer, and for the server to be there. */
static const double PATIENCE = 10, CONNECTING = 2;

/* For itself the number is a number: an atomic in shared memory. */
static void count_here(_Atomic int64_t *number, uint64_t most, uint64_t add)
{
	for (uint64_t i = 0; i < add; ++i)
		atomic_fetch_add(number, 1);
	while ((uint64_t)atomic_load(number) < most)
		sleep_for(0.001);
	printf("%" PRId64 "\n", atomic_load(number));
}

static int serve(uint64_t most, uint64_t add)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	mproc_manager *manager = NULL;
	int failed = 0;

	if (!number || mproc_manager_start(NULL, &manager) < 0
		|| mproc_manager_show_number(manager, COUNTER, number) < 0) {
		failed = fail();
	} else {
		printf("%s\n", mproc_manager_url(manager));
		fflush(stdout);
		count_here(number, most, add);
	}
	mproc_manager_stop(manager);
	mproc_free(number);
	return failed;
}

static int add(const char *url, uint64_t count)
{
	mproc_remote *remote;
	int64_t sum = 0;
	int rc;

	rc = mproc_remote_connect(url, NULL, mproc_after(CONNECTING), &remote);
	if (rc < 0)
		return fail();
	while (rc == 0 && count-- > 0)
		rc = mproc_remote_counter_add(remote, COUNTER, 1, mproc_after(PATIENCE), &sum);
	if (rc == 0)
		printf("%" PRId64 "\n", sum);
	else
		fail();
	mproc_remote_close(remote);
	return rc;
}

enum {
	COUNT,
	ADD,
	SETTINGS
};

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {[COUNT] = {"count", "2000"}, [ADD] = {"add", "1000"}};
	setting times = {"N", "1000"};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), left = argc - next;
	const char *what = left > 0 ? argv[next] : "";

	if (strcmp(what, "serve") == 0 && left == 1)
		return exit_status(serve(whole_number(&settings[COUNT], 0, INT64_MAX),
			whole_number(&settings[ADD], 0, INT64_MAX)));
	if (strcmp(what, "add") != 0 || left < 2 || left > 3)
		refuse_word(what, "must be serve, or add and a URL");
	if (left == 3)
		times.value = argv[next + 2];
	return exit_status(add(argv[next + 1], whole_number(&times, 1, UINT32_MAX)));
}
