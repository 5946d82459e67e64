/* SPDX-License-Identifier: MIT */
/*
 * Pipes, and who has their ends: children, several processes at once, the killed.
 */
#include "channel/connection.h"
#include "channel/connection_fixture.h"

#include <mproc/init.h>
#include <mproc/process.h>
#include <sys/mman.h>
#include <sys/resource.h>

static ends open_pipe(bool one_way)
{
	ends it;

	ck_assert_int_eq(mproc_pipe(&(mproc_pipe_options){.one_way = one_way}, &it.near, &it.far), 0);
	return it;
}

START_TEST(pipe_is_two_way_unless_asked_otherwise)
{
	ends it;

	ck_assert_int_eq(mproc_pipe(NULL, &it.near, &it.far), 0);
	ck_assert_int_eq(send_filled(it.near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(send_filled(it.far, 11, 1, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.near, 11, 11, 1, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

START_TEST(first_end_of_a_one_way_pipe_receives_and_the_second_sends)
{
	ends it = open_pipe(true);

	ck_assert_int_eq(send_filled(it.far, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.near, 10, 10, 0, MPROC_NOW), 0);
	it.far = mproc_connection_close(it.far);
	check_failed(
		recv_filled(it.near, 10, 10, 0, MPROC_FOREVER), -EPIPE, "the end: nobody is there to send");
	close_ends(&it);
}
END_TEST

START_TEST(one_way_pipe_refuses_the_other_direction)
{
	ends it = open_pipe(true);
	size_t size;
	void *data;

	check_failed(
		send_filled(it.near, 10, 0, MPROC_NOW), -EBADF, "this end of a one-way pipe only receives");
	check_failed(
		recv_filled(it.far, 10, 10, 0, MPROC_NOW), -EBADF, "this end of a one-way pipe only sends");
	check_failed(mproc_connection_recv_alloc(it.far, MPROC_NOW, &data, &size), -EBADF, "only sends");
	check_failed(mproc_connection_next_size(it.far, MPROC_NOW, &size), -EBADF, "only sends");
	check_failed(mproc_connection_poll(it.far, MPROC_NOW), -EBADF, "only sends");
	close_ends(&it);
}
END_TEST

START_TEST(sender_of_a_one_way_pipe_learns_that_nobody_receives)
{
	ends it = open_pipe(true);

	it.near = mproc_connection_close(it.near);
	check_failed(send_filled(it.far, 10, 0, MPROC_FOREVER), -EPIPE, "nobody is there to receive");
	close_ends(&it);
}
END_TEST

START_TEST(end_of_a_one_way_pipe_by_its_descriptor_says_what_it_cannot)
{
	ends it = open_pipe(true), copy;

	copy.near = open_limited(dup(mproc_connection_fd(it.near)), 0);
	copy.far = open_limited(dup(mproc_connection_fd(it.far)), 0);
	check_failed(send_filled(copy.near, 10, 0, MPROC_FOREVER), -EPIPE, "nobody is there to receive");
	check_failed(recv_filled(copy.far, 10, 10, 0, MPROC_FOREVER), -EPIPE, "nobody is there to send");
	ck_assert_int_eq(send_filled(copy.far, 10, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(copy.near, 10, 10, 0, MPROC_FOREVER), 0);
	close_ends(&copy);
	close_ends(&it);
}
END_TEST

START_TEST(options_hold_for_both_ends)
{
	ends it;

	ck_assert_int_eq(mproc_pipe(&(mproc_pipe_options){.max_message = 100}, &it.near, &it.far), 0);
	check_failed(send_filled(it.near, 101, 0, MPROC_NOW), -EMSGSIZE, "up to 100 are possible");
	check_failed(send_filled(it.far, 101, 0, MPROC_NOW), -EMSGSIZE, "up to 100 are possible");
	ck_assert_int_eq(send_filled(it.near, 100, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.far, 100, 100, 0, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

START_TEST(what_is_wrong_is_named_and_outputs_are_untouched)
{
	mproc_connection *first = NULL, *second = NULL;

	check_failed(mproc_pipe(NULL, NULL, &second), -EINVAL, "ret_first is NULL");
	check_failed(mproc_pipe(NULL, &first, NULL), -EINVAL, "ret_second is NULL");
	check_failed(mproc_pipe(&(mproc_pipe_options){.reserved = {1}}, &first, &second), -EINVAL,
		"reserved[0] is 1, not 0");
	check_failed(mproc_pipe(&(mproc_pipe_options){.max_message = ((size_t)1 << 40) + 1}, &first, &second),
		-EINVAL, "max_message 1099511627777: up to 1099511627776 are possible");
	ck_assert_ptr_null(first);
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(no_pipe_is_made_when_no_descriptors_are_left)
{
	mproc_connection *first = NULL, *second = NULL;
	int next = dup(STDERR_FILENO);
	struct rlimit before, after;

	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	after = (struct rlimit){.rlim_cur = (rlim_t)next + 1, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &after), 0);
	check_failed(mproc_pipe(NULL, &first, &second), -EMFILE,
		"cannot make a pair of sockets: Too many open files, RLIMIT_NOFILE is ");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_ptr_null(first);
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(descriptors_of_a_pipe_are_closed_by_exec_and_above_2)
{
	int saved = dup(STDIN_FILENO);
	ends it;

	close(STDIN_FILENO);
	it = open_pipe(false);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
	ck_assert_int_gt(mproc_connection_fd(it.near), STDERR_FILENO);
	ck_assert_int_gt(mproc_connection_fd(it.far), STDERR_FILENO);
	ck_assert_int_eq(fcntl(mproc_connection_fd(it.near), F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(mproc_connection_fd(it.far), F_GETFD), FD_CLOEXEC);
	close_ends(&it);
}
END_TEST

/* From here on with processes. */

static int answer(void *argument)
{
	const ends *it = argument;
	int rc;

	mproc_connection_close(it->near);
	rc = recv_filled(it->far, 10, 10, 1, MPROC_FOREVER);
	if (rc == 0)
		rc = send_filled(it->far, 200000, 2, MPROC_FOREVER);
	return rc == 0 ? recv_filled(it->far, 10, 10, 1, MPROC_FOREVER) : rc;
}

START_TEST(child_talks_with_its_parent_until_the_parent_closes)
{
	ends it = open_pipe(false);
	pid_t child = support_fork(answer, &it);

	it.far = mproc_connection_close(it.far);
	ck_assert_int_eq(send_filled(it.near, 10, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.near, 200000, 200000, 2, MPROC_FOREVER), 0);
	it.near = mproc_connection_close(it.near);
	ck_assert_int_eq(support_reap(child), EPIPE);
}
END_TEST

static int greet(void *connection)
{
	return send_filled(connection, 10, 1, MPROC_FOREVER);
}

START_TEST(end_comes_when_all_processes_that_have_the_other_end_are_gone)
{
	ends it = open_pipe(true);
	pid_t child = support_fork_and_keep(greet, it.far);

	ck_assert_int_eq(recv_filled(it.near, 10, 10, 1, MPROC_FOREVER), 0);
	it.far = mproc_connection_close(it.far);
	ck_assert_int_eq(mproc_connection_poll(it.near, MPROC_NOW), 0);
	support_kill(child);
	ck_assert_int_eq(recv_filled(it.near, 10, 10, 1, MPROC_FOREVER), -EPIPE);
	close_ends(&it);
}
END_TEST

static int close_both(void *argument)
{
	ends *it = argument;

	close_ends(it);
	return 0;
}

START_TEST(closing_in_a_child_leaves_the_ends_of_its_parent_alone)
{
	ends it = open_pipe(false);

	ck_assert_int_eq(support_reap(support_fork(close_both, &it)), 0);
	ck_assert_int_eq(send_filled(it.near, 10, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 0, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

static int recv_second(void *connection)
{
	return recv_filled(connection, 10, 10, 1, MPROC_NOW);
}

static void look_and_fork(ends *it, socket_kind kind)
{
	size_t size;

	(void)kind;
	ck_assert_int_eq(send_filled(it->near, 0, 0, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_connection_next_size(it->far, MPROC_NOW, &size), 0);
	ck_assert_int_eq(send_filled(it->near, 10, 1, MPROC_NOW), 0);
	ck_assert_int_eq(support_reap(support_fork(recv_second, it->far)), 0);
	ck_assert_int_eq(recv_filled(it->far, 0, 0, 0, MPROC_NOW), 0);
	ck_assert_int_eq(recv_filled(it->far, 0, 0, 0, MPROC_NOW), -ETIMEDOUT);
}

START_TEST(message_that_the_parent_has_looked_at_is_not_the_childs)
{
	check_each_kind(look_and_fork);
}
END_TEST

static int recv_broken(void *connection)
{
	int rc = recv_filled(connection, 100, 100, 0, MPROC_NOW);

	support_check_text("this process was forked while its parent received a message");
	return rc;
}

START_TEST(child_of_who_has_received_half_a_message_of_a_stream_receives_nothing)
{
	ends it = open_ends(STREAM);
	size_t size;

	ck_assert_int_eq(send_filled(it.near, 100, 0, MPROC_NOW), 0);
	ck_assert_int_eq(mproc_connection_next_size(it.far, MPROC_NOW, &size), 0);
	ck_assert_int_eq(support_reap(support_fork(recv_broken, it.far)), EBADMSG);
	ck_assert_int_eq(recv_filled(it.far, 100, 100, 0, MPROC_NOW), 0);
	close_ends(&it);
}
END_TEST

static int recv_for_good(void *connection)
{
	return recv_filled(connection, 10, 10, 1, MPROC_FOREVER);
}

static int send_for_good(void *connection)
{
	return send_filled(connection, 10000000, 1, MPROC_FOREVER);
}

static int use_both(void *argument)
{
	ends *it = argument;
	int rc = recv_filled(it->far, 10, 10, 7, MPROC_NOW);

	/* The other thread is in the parent alone, and so is what it holds. */
	if (rc != -ETIMEDOUT || strstr(mproc_error_text(), "another thread") != NULL)
		return EPROTO;
	rc = send_filled(it->near, 10, 7, mproc_after(0.01));
	if (rc != -ETIMEDOUT || strstr(mproc_error_text(), "another thread") != NULL)
		return EPROTO;
	return 0;
}

/* Until another thread has its turn in sending, or in receiving. */
static void await_turn(mproc_connection *connection, bool is_sending)
{
	size_t size;
	int rc;

	do {
		if (is_sending)
			rc = send_filled(connection, 1, 0, MPROC_NOW);
		else
			rc = mproc_connection_next_size(connection, MPROC_NOW, &size);
		ck_assert_int_eq(rc, -ETIMEDOUT);
	} while (strstr(mproc_error_text(), "another thread") == NULL);
}

START_TEST(child_forked_while_other_threads_use_a_pipe_can_use_it)
{
	ends it = open_pipe(false), other = open_pipe(false), both = {.near = other.near, .far = it.far};
	support_thread receiver, sender;
	unsigned count = 0;

	while (send_filled(other.near, 1, 0, MPROC_NOW) == 0)
		++count;
	support_begin(&receiver, recv_for_good, it.far);
	support_begin(&sender, send_for_good, other.near);
	await_turn(it.far, false);
	await_turn(other.near, true);
	ck_assert_int_eq(support_reap(support_fork(use_both, &both)), 0);
	ck_assert_int_eq(send_filled(it.near, 10, 1, MPROC_FOREVER), 0);
	for (unsigned i = 0; i < count; ++i)
		ck_assert_int_eq(recv_filled(other.far, 1, 1, 0, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(other.far, 10000000, 10000000, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_end(&receiver), 0);
	ck_assert_int_eq(support_end(&sender), 0);
	close_ends(&it);
	close_ends(&other);
}
END_TEST

enum {
	PROCESSES = 3,
	MESSAGES = 1000,
	LARGEST = MPROC_CONNECTION_SHORT_MESSAGE,
	/* More than any connection holds. */
	LONG = 30000000,
};

typedef struct tally {
	_Atomic uint32_t received;
} tally;

typedef struct crowd {
	ends it;
	tally *shared;
} crowd;

static size_t size_of(unsigned number)
{
	return number % 100 == 0 ? LARGEST : number % 300;
}

static int send_many(void *argument)
{
	const crowd *all = argument;

	return send_stream(&(stream_of){.connection = all->it.near, .size = 100, .count = MESSAGES});
}

static int send_varied(void *argument)
{
	const crowd *all = argument;
	int rc = 0;

	mproc_connection_close(all->it.far);
	for (unsigned i = 0; i < MESSAGES && rc == 0; ++i)
		rc = send_filled(all->it.near, size_of(i), (unsigned)size_of(i), MPROC_FOREVER);
	return rc;
}

static int recv_varied(void *argument)
{
	static unsigned char buffer[LARGEST];
	const crowd *all = argument;

	mproc_connection_close(all->it.near);
	for (;;) {
		size_t size;
		int rc;

		rc = mproc_connection_recv(all->it.far, buffer, sizeof buffer, MPROC_FOREVER, &size);
		if (rc < 0)
			return rc;
		if (!is_filled(buffer, size, (unsigned)size))
			return EILSEQ;
		atomic_fetch_add(&all->shared->received, 1);
	}
}

static tally *share_tally(void)
{
	void *memory = mmap(NULL, sizeof(tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

START_TEST(processes_share_both_ends_for_short_messages)
{
	crowd all = {.it = open_pipe(false), .shared = share_tally()};
	pid_t senders[PROCESSES], receivers[PROCESSES];

	for (int i = 0; i < PROCESSES; ++i) {
		senders[i] = support_fork(send_varied, &all);
		receivers[i] = support_fork(recv_varied, &all);
	}
	close_ends(&all.it);
	for (int i = 0; i < PROCESSES; ++i) {
		ck_assert_int_eq(support_reap(senders[i]), 0);
		ck_assert_int_eq(support_reap(receivers[i]), EPIPE);
	}
	ck_assert_uint_eq(all.shared->received, PROCESSES * MESSAGES);
	munmap(all.shared, sizeof *all.shared);
}
END_TEST

START_TEST(what_a_killed_process_has_sent_arrives)
{
	ends it = open_pipe(false);
	crowd all = {.it = it};
	pid_t child = support_fork(send_many, &all);

	it.near = mproc_connection_close(it.near);
	for (unsigned i = 0; i < 500; ++i)
		ck_assert_int_eq(recv_filled(it.far, 100, 100, i, MPROC_FOREVER), 0);
	support_kill(child);
	for (unsigned i = 500;; ++i) {
		int rc = recv_filled(it.far, 100, 100, i, MPROC_FOREVER);

		if (rc == -EPIPE)
			break;
		ck_assert_int_eq(rc, 0);
	}
	close_ends(&it);
}
END_TEST

static int send_long_ones(void *argument)
{
	const ends *it = argument;
	int rc;

	mproc_connection_close(it->far);
	do
		rc = send_filled(it->near, LONG, 3, MPROC_FOREVER);
	while (rc == 0);
	return rc;
}

START_TEST(nothing_is_seen_of_a_message_whose_sender_was_killed)
{
	for (int i = 0; i < 10; ++i) {
		ends it = open_pipe(false);
		pid_t child = support_fork(send_long_ones, &it);
		size_t size;
		int rc;

		for (int k = 0; k < i % 3; ++k)
			ck_assert_int_eq(recv_filled(it.far, LONG, LONG, 3, MPROC_FOREVER), 0);
		ck_assert_int_eq(mproc_connection_next_size(it.far, MPROC_FOREVER, &size), 0);
		support_kill(child);
		/* It can have sent no more than what the pipe holds, which is not all. */
		ck_assert_int_eq(recv_filled(it.far, LONG, LONG, 3, MPROC_NOW), -ETIMEDOUT);
		ck_assert_int_eq(send_filled(it.near, 100, 4, MPROC_FOREVER), 0);
		ck_assert_int_eq(recv_filled(it.far, 100, LONG, 4, MPROC_FOREVER), 0);
		it.near = mproc_connection_close(it.near);
		rc = recv_filled(it.far, 0, 10, 0, MPROC_FOREVER);
		ck_assert_int_eq(rc, -EPIPE);
		close_ends(&it);
	}
}
END_TEST

START_TEST(last_sender_killed_in_the_middle_is_told_of)
{
	for (socket_kind kind = PACKETS; kind < SOCKET_KINDS; ++kind) {
		ends it = open_ends(kind);
		pid_t child = support_fork(send_long_ones, &it);
		size_t size;

		it.near = mproc_connection_close(it.near);
		ck_assert_int_eq(mproc_connection_next_size(it.far, MPROC_FOREVER, &size), 0);
		support_kill(child);
		check_failed(recv_filled(it.far, size, size, 3, MPROC_FOREVER), -EBADMSG,
			"who sent has ended in the middle of a message: ");
		ck_assert_int_eq(recv_filled(it.far, size, size, 3, MPROC_FOREVER), -EPIPE);
		close_ends(&it);
	}
}
END_TEST

static int recv_until_timeout(void *connection)
{
	int rc = recv_filled(connection, 3000000, 3000000, 3, MPROC_NOW);

	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Send a long message and a short one. */
static int send_long_and_short(void *connection)
{
	int rc = send_filled(connection, 3000000, 3, MPROC_FOREVER);

	return rc == 0 ? send_filled(connection, 10, 1, MPROC_FOREVER) : rc;
}

START_TEST(receiver_killed_in_the_middle_takes_its_message_along_and_no_other)
{
	ends it = open_pipe(false);
	support_thread thread;
	pid_t child;

	/* What the pipe holds is but a beginning. */
	ck_assert_int_eq(send_filled(it.near, 3000000, 3, MPROC_NOW), -ETIMEDOUT);
	child = support_fork_and_keep(recv_until_timeout, it.far);
	support_begin(&thread, send_long_and_short, it.near);
	support_kill(child);
	ck_assert_int_eq(recv_filled(it.far, 3000000, 3000000, 3, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_end(&thread), 0);
	close_ends(&it);
}
END_TEST

/* The child has received a part of it, and more of the same comes. */
static int send_long_when_asked(void *argument)
{
	const ends *it = argument;

	mproc_connection_close(it->far);
	return send_long_and_short(it->near);
}

static int recv_first_part(void *connection)
{
	size_t size;

	return mproc_connection_next_size(connection, MPROC_FOREVER, &size);
}

START_TEST(rest_of_what_a_killed_receiver_has_begun_is_skipped)
{
	ends it = open_pipe(false);
	pid_t sender = support_fork(send_long_when_asked, &it), receiver;

	receiver = support_fork_and_keep(recv_first_part, it.far);
	support_kill(receiver);
	ck_assert_int_eq(recv_filled(it.far, 10, 3000000, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(support_reap(sender), 0);
	close_ends(&it);
}
END_TEST

START_TEST(caught_signals_do_not_end_a_wait)
{
	ends it = open_pipe(false);

	support_disturb(greet, it.near);
	ck_assert_int_eq(recv_filled(it.far, 10, 10, 1, MPROC_FOREVER), 0);
	support_calm();
	close_ends(&it);
}
END_TEST

/* A process that has nothing but the descriptor. */
static int greet_by_descriptor(void *descriptor)
{
	mproc_connection *connection;
	int rc;

	rc = mproc_connection_open(*(int *)descriptor, NULL, &connection);
	if (rc == 0)
		rc = greet(connection);
	mproc_connection_close(connection);
	return -rc;
}

static void start_with_descriptor(mproc_start method)
{
	ends it = open_pipe(true);
	int fd = mproc_connection_fd(it.far), code = 77;
	mproc_process *process;

	ck_assert_int_eq(
		mproc_process_start(
			&(mproc_process_options){.start = method, .descriptors = &fd, .descriptor_count = 1},
			greet_by_descriptor, &fd, sizeof fd, &process),
		0);
	it.far = mproc_connection_close(it.far);
	ck_assert_int_eq(recv_filled(it.near, 10, 10, 1, MPROC_FOREVER), 0);
	ck_assert_int_eq(recv_filled(it.near, 10, 10, 1, MPROC_FOREVER), -EPIPE);
	ck_assert_int_eq(mproc_process_join(process, MPROC_FOREVER), 0);
	ck_assert_int_eq(mproc_process_exit_code(process, &code), 0);
	ck_assert_int_eq(code, 0);
	mproc_process_close(process);
	close_ends(&it);
}

START_TEST(process_started_in_any_way_wraps_the_descriptor_it_was_given)
{
	start_with_descriptor(MPROC_START_FORK);
	start_with_descriptor(MPROC_START_SPAWN);
	start_with_descriptor(MPROC_START_SERVER);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *tests[] = {
		pipe_is_two_way_unless_asked_otherwise,
		first_end_of_a_one_way_pipe_receives_and_the_second_sends,
		one_way_pipe_refuses_the_other_direction,
		sender_of_a_one_way_pipe_learns_that_nobody_receives,
		end_of_a_one_way_pipe_by_its_descriptor_says_what_it_cannot,
		options_hold_for_both_ends,
		what_is_wrong_is_named_and_outputs_are_untouched,
		no_pipe_is_made_when_no_descriptors_are_left,
		descriptors_of_a_pipe_are_closed_by_exec_and_above_2,
		NULL,
	};
	const TTest *process_tests[] = {
		child_talks_with_its_parent_until_the_parent_closes,
		end_comes_when_all_processes_that_have_the_other_end_are_gone,
		closing_in_a_child_leaves_the_ends_of_its_parent_alone,
		message_that_the_parent_has_looked_at_is_not_the_childs,
		child_of_who_has_received_half_a_message_of_a_stream_receives_nothing,
		child_forked_while_other_threads_use_a_pipe_can_use_it,
		processes_share_both_ends_for_short_messages,
		what_a_killed_process_has_sent_arrives,
		nothing_is_seen_of_a_message_whose_sender_was_killed,
		last_sender_killed_in_the_middle_is_told_of,
		receiver_killed_in_the_middle_takes_its_message_along_and_no_other,
		rest_of_what_a_killed_receiver_has_begun_is_skipped,
		caught_signals_do_not_end_a_wait,
		process_started_in_any_way_wraps_the_descriptor_it_was_given,
		NULL,
	};
	const support_suite suite = {
		.name = "pipe",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_threads_only() ? NULL : support_warm_up,
	};

	if (!support_threads_only() && mproc_init(argc, argv) < 0)
		return 1;
	return support_run_suite(&suite);
}
