/* SPDX-License-Identifier: MIT */
/*
 * Handles that many processes have by fork; and a Redis that is killed while all of them use it.
 */
#include "remote/remote_fixture.h"

#include <fcntl.h>
#include <mproc/remote_dict.h>
#include <mproc/remote_subscription.h>
#include <mproc/remote_watch.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum {
	PROCESSES = 20,
	EACH = 50,
	WORKERS = 3,
	KILLS = 5,
	STEPS_PER_KILL = 200,
};

static int count_for_a_while(void *unused)
{
	(void)unused;
	for (int i = 0; i < EACH; ++i) {
		int rc = mproc_remote_counter_add(remote, "counter", 1, soon(), NULL);

		if (rc < 0)
			return rc;
		rc = mproc_remote_dict_add(remote, "dict", &i, sizeof i, 1, soon(), NULL);
		if (rc < 0)
			return rc;
	}
	return 0;
}

START_TEST(many_processes_use_one_handle)
{
	pid_t others[PROCESSES];
	char expected[16];

	open_both(NULL);
	for (int i = 0; i < PROCESSES; ++i)
		others[i] = support_fork(count_for_a_while, NULL);
	ck_assert_int_eq(count_for_a_while(NULL), 0);
	for (int i = 0; i < PROCESSES; ++i)
		ck_assert_int_eq(support_reap(others[i]), 0);
	snprintf(expected, sizeof expected, "%d", (PROCESSES + 1) * EACH);
	check_value("counter", expected);
	ck_assert_int_eq(mproc_remote_dict_count(remote, "dict", soon()), EACH);
	close_both();
}
END_TEST

static uint64_t list_descriptors(void)
{
	uint64_t all = 0;

	for (int descriptor = 0; descriptor < 64; ++descriptor) {
		if (fcntl(descriptor, F_GETFD) >= 0)
			all |= UINT64_C(1) << descriptor;
	}
	return all;
}

static uint64_t before_connecting;

/* Those that were opened since. */
static uint64_t list_new(void)
{
	return list_descriptors() & ~before_connecting;
}

/* Whether they are closed by exec. */
static bool are_private(void)
{
	uint64_t opened = list_new();

	for (int descriptor = 0; descriptor < 64; ++descriptor) {
		if ((opened >> descriptor & 1) != 0 && (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0)
			return false;
	}
	return true;
}

/* The child has nothing of its parent's connections, which would not end with that; and closes what it has opened. */
static int look_at_descriptors(void *unused)
{
	char value[8];

	(void)unused;
	if (list_new() != 0)
		return 1;
	if (mproc_remote_value_get(remote, "name", value, sizeof value, soon(), NULL) != 0)
		return 2;
	if (!are_private())
		return 3;
	remote = mproc_remote_close(remote);
	return list_new() == 0 ? 0 : 4;
}

START_TEST(forked_child_has_no_descriptor_of_its_parent)
{
	mproc_remote_subscription *subscription;
	mproc_remote_watch *watch;

	server_start(&server, NULL);
	before_connecting = list_descriptors();
	connect_to(server.url, NULL);
	set("name", "1");
	check_ok(mproc_remote_subscribe(remote, "channel", soon(), &subscription));
	check_ok(mproc_remote_watch_open(remote, "flag", soon(), &watch));
	ck_assert(are_private());
	ck_assert_int_eq(support_reap(support_fork(look_at_descriptors, NULL)), 0);
	check_value("name", "1");
	subscription = mproc_remote_subscription_close(subscription);
	watch = mproc_remote_watch_close(watch);
	close_both();
	ck_assert_uint_eq(list_new(), 0);
}
END_TEST

/* What all count together: what they were told is done, and what may be done or not. */
typedef struct book {
	_Atomic uint32_t done, unknown;
	_Atomic bool is_over;
} book;

static book *kept;

static int count_until_over(void *unused)
{
	(void)unused;
	while (!kept->is_over) {
		int rc = mproc_remote_counter_add(remote, "counter", 1, soon(), NULL);

		if (rc == 0)
			++kept->done;
		else if (rc == -ECONNRESET)
			++kept->unknown;
		else
			return rc;
	}
	return 0;
}

static void kill_and_restart(void)
{
	support_await(&kept->done, kept->done + STEPS_PER_KILL);
	server_end(&server, SIGKILL);
	server_run(&server);
}

START_TEST(what_a_killed_server_has_said_is_in_its_journal)
{
	pid_t workers[WORKERS];
	int64_t counted = 0;

	open_both(&(server_options){.journal = "always"});
	kept = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(kept, MAP_FAILED);
	for (int i = 0; i < WORKERS; ++i)
		workers[i] = support_fork(count_until_over, NULL);
	for (int i = 0; i < KILLS; ++i)
		kill_and_restart();
	kept->is_over = true;
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_int_eq(support_reap(workers[i]), 0);
	check_ok(mproc_remote_counter_get(remote, "counter", soon(), &counted));
	ck_assert_int_ge(counted, kept->done);
	ck_assert_int_le(counted, kept->done + kept->unknown);
	munmap(kept, sizeof *kept);
	close_both();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		many_processes_use_one_handle,
		forked_child_has_no_descriptor_of_its_parent,
		what_a_killed_server_has_said_is_in_its_journal,
		NULL,
	};
	const support_suite suite = {
		.name = "inherited",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
	};

	return support_run_suite(&suite);
}
