/* SPDX-License-Identifier: MIT */
#include "manager/client_fixture.h"

enum {
	LEASE = 1000,
	/* What is answered when it is not known when. */
	TRY_LATER = -1000,
};

/* The first token of all, in microseconds. */
static const int64_t FIRST = (WALL + BEGINNING) * 1000;

static int64_t acquire(mproci_session *client, const char *owner)
{
	return client_number(client_ask(
		client, "FCALL mproc_lock_acquire 3 l {l}:fence {l}:wake %s %d", owner, (int)LEASE));
}

static int64_t release(mproci_session *client, const char *owner)
{
	return client_number(client_ask(client, "FCALL mproc_lock_release 2 l {l}:wake %s", owner));
}

static int64_t extend(mproci_session *client, const char *owner, int lease)
{
	return client_number(client_ask(client, "FCALL mproc_lock_extend 1 l %s %d", owner, lease));
}

static int64_t enter(mproci_session *client, const char *owner, int permits)
{
	return client_number(client_ask(client,
		"FCALL mproc_semaphore_acquire 3 s {s}:fence {s}:wake %s %d %d", owner, permits, (int)LEASE));
}

static int64_t leave(mproci_session *client, const char *owner)
{
	return client_number(client_ask(client, "FCALL mproc_semaphore_release 2 s {s}:wake %s", owner));
}

static int64_t stay(mproci_session *client, const char *owner, int lease)
{
	return client_number(client_ask(client, "FCALL mproc_semaphore_extend 1 s %s %d", owner, lease));
}

/* How many there are to wake those that wait. */
static int64_t take_wake(const char *name)
{
	int64_t count = client_number(client_ask(one, "LLEN {%s}:wake", name));

	client_ask(one, "DEL {%s}:wake", name);
	return count;
}

START_TEST(a_lock_has_one_holder)
{
	ck_assert_int_eq(acquire(one, "a"), FIRST);
	fixture_advance(400);
	ck_assert_int_eq(acquire(other, "b"), 400 - LEASE);
	ck_assert_int_eq(acquire(one, "c"), 400 - LEASE);
	ck_assert_str_eq(client_ask(other, "TYPE l"), "+mproc-lock\r\n");
	ck_assert_str_eq(client_ask(other, "PTTL l"), ":600\r\n");
}
END_TEST

START_TEST(who_acquires_again_has_the_same_token_and_a_new_lease)
{
	ck_assert_int_eq(acquire(one, "a"), FIRST);
	fixture_advance(400);
	ck_assert_int_eq(acquire(one, "a"), FIRST);
	ck_assert_int_eq(acquire(other, "b"), -LEASE);
}
END_TEST

START_TEST(a_lock_that_is_released_wakes_one)
{
	acquire(one, "a");
	ck_assert_int_eq(release(other, "b"), 0);
	ck_assert_int_eq(take_wake("l"), 0);
	ck_assert_int_eq(release(one, "a"), 1);
	ck_assert_int_eq(acquire(one, "a"), FIRST + 1);
	ck_assert_int_eq(take_wake("l"), 0);
	ck_assert_int_eq(release(one, "a"), 1);
	ck_assert_str_eq(client_ask(one, "PTTL {l}:wake"), ":60000\r\n");
	ck_assert_int_eq(take_wake("l"), 1);
	ck_assert_int_eq(release(one, "a"), 0);
	ck_assert_str_eq(client_ask(one, "EXISTS l"), ":0\r\n");
}
END_TEST

START_TEST(a_lock_is_free_when_its_lease_has_ended)
{
	acquire(one, "a");
	fixture_advance(LEASE);
	ck_assert_int_eq(extend(one, "a", LEASE), 0);
	ck_assert_int_eq(release(one, "a"), 0);
	ck_assert_int_eq(acquire(other, "b"), FIRST + 1);
}
END_TEST

START_TEST(a_lease_is_extended)
{
	acquire(one, "a");
	fixture_advance(LEASE - 1);
	ck_assert_int_eq(extend(other, "b", LEASE), 0);
	ck_assert_int_eq(extend(one, "a", 2 * LEASE), 1);
	fixture_advance(LEASE);
	ck_assert_int_eq(acquire(other, "b"), -LEASE);
	ck_assert_int_eq(extend(one, "a", 10), 1);
	ck_assert_str_eq(client_ask(one, "PTTL l"), ":10\r\n");
}
END_TEST

START_TEST(a_lock_is_free_when_its_client_has_gone)
{
	mproci_session *third = client_new();

	ck_assert_int_eq(acquire(third, "a"), FIRST);
	client_end(third);
	ck_assert_int_eq(take_wake("l"), 1);
	ck_assert_int_eq(acquire(other, "b"), FIRST + 1);
}
END_TEST

START_TEST(a_lock_goes_with_the_client_that_used_it_last)
{
	mproci_session *third = client_new(), *fourth = client_new();

	acquire(third, "a");
	ck_assert_int_eq(extend(fourth, "a", LEASE), 1);
	client_end(third);
	ck_assert_int_eq(acquire(other, "b"), -LEASE);
	client_end(fourth);
	ck_assert_int_eq(acquire(other, "b"), FIRST + 1);
}
END_TEST

START_TEST(a_lock_that_somebody_has_deleted_is_free)
{
	mproci_session *third = client_new();

	acquire(third, "a");
	client_ask(one, "DEL l");
	ck_assert_int_eq(acquire(one, "b"), FIRST + 1);
	client_end(third);
	ck_assert_int_eq(acquire(other, "c"), -LEASE);
}
END_TEST

START_TEST(a_lock_with_another_name_goes_with_its_lease)
{
	mproci_session *third = client_new();

	acquire(third, "a");
	client_ask(one, "RENAME l m");
	ck_assert_int_eq(acquire(one, "b"), FIRST + 1);
	client_end(third);
	ck_assert_int_eq(acquire(other, "c"), -LEASE);
	fixture_advance(LEASE);
	ck_assert_str_eq(client_ask(one, "EXISTS m"), ":0\r\n");
}
END_TEST

START_TEST(what_others_hold_by_setting_a_string_is_held)
{
	client_ask(other, "SET l token NX PX 300");
	ck_assert_int_eq(acquire(one, "a"), -300);
}
END_TEST

START_TEST(what_never_expires_is_no_lock)
{
	static const char *const makings[] = {"SET l token", "LPUSH l x"};

	for (size_t i = 0; i < sizeof makings / sizeof *makings; ++i) {
		client_ask(other, "%s", makings[i]);
		ck_assert_str_eq(client_ask(one, "FCALL mproc_lock_acquire 3 l {l}:fence {l}:wake a 1000"),
			"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
		client_ask(other, "DEL l");
	}
}
END_TEST

START_TEST(who_holds_a_lock_keeps_others_from_setting_a_string)
{
	acquire(one, "a");
	ck_assert_str_eq(client_ask(other, "SET l token NX PX 300"), "$-1\r\n");
}
END_TEST

START_TEST(a_lease_has_a_bounded_length)
{
	ck_assert_str_eq(client_ask(one, "FCALL mproc_lock_acquire 3 l {l}:fence {l}:wake a 0"),
		"-ERR lease: '0' is not a number from 1 to 31536000000\r\n");
	ck_assert_str_eq(client_ask(one, "EXISTS l"), ":0\r\n");
	ck_assert_str_eq(client_ask(one, "EXISTS {l}:fence"), ":0\r\n");
}
END_TEST

START_TEST(fence_that_is_at_its_end_stops_no_other)
{
	client_ask(one, "SET {l}:fence 9223372036854775806");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_lock_acquire 3 l {l}:fence {l}:wake a 1000"),
		":9223372036854775807\r\n");
	ck_assert_int_gt(
		client_number(client_ask(one, "FCALL mproc_lock_acquire 3 m {m}:fence {m}:wake a 1000")), 0);
}
END_TEST

START_TEST(nothing_is_held_without_a_fence)
{
	client_ask(one, "SET {l}:fence x");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_lock_acquire 3 l {l}:fence {l}:wake a 1000"),
		"-ERR token at the fence: 'x' is not a number from 0 to 9223372036854775806\r\n");
	ck_assert_str_eq(client_ask(one, "EXISTS l"), ":0\r\n");
}
END_TEST

START_TEST(a_semaphore_has_as_many_holders_as_permits)
{
	ck_assert_int_eq(enter(one, "a", 2), FIRST);
	ck_assert_int_eq(take_wake("s"), 1);
	fixture_advance(10);
	ck_assert_int_eq(enter(other, "b", 2), FIRST + 1);
	ck_assert_int_eq(take_wake("s"), 0);
	ck_assert_int_eq(enter(other, "c", 2), 10 - LEASE);
	ck_assert_int_eq(enter(other, "c", 0), 10 - LEASE);
	ck_assert_int_eq(leave(one, "a"), 1);
	ck_assert_int_eq(take_wake("s"), 1);
	ck_assert_int_eq(leave(one, "a"), 0);
	ck_assert_int_eq(enter(other, "c", 2), FIRST + 2);
	ck_assert_str_eq(client_ask(other, "TYPE s"), "+mproc-semaphore\r\n");
}
END_TEST

START_TEST(a_semaphore_without_permits_lets_nobody_in)
{
	ck_assert_int_eq(enter(one, "a", 0), TRY_LATER);
	ck_assert_str_eq(client_ask(other, "EXISTS s"), ":0\r\n");
}
END_TEST

START_TEST(a_permit_comes_back_when_its_lease_has_ended)
{
	enter(one, "a", 2);
	fixture_advance(LEASE / 2);
	enter(one, "b", 2);
	ck_assert_int_eq(stay(one, "b", LEASE), 1);
	fixture_advance(LEASE / 2);
	ck_assert_int_eq(stay(one, "a", LEASE), 0);
	ck_assert_int_eq(enter(other, "c", 2), FIRST + 2);
	ck_assert_int_eq(enter(other, "d", 2), -LEASE / 2);
	fixture_advance(2 * LEASE);
	ck_assert_str_eq(client_ask(other, "EXISTS s"), ":0\r\n");
}
END_TEST

START_TEST(who_enters_again_has_a_new_token_and_lease)
{
	ck_assert_int_eq(enter(one, "a", 1), FIRST);
	fixture_advance(10);
	ck_assert_int_eq(enter(one, "a", 1), FIRST + 1);
	ck_assert_int_eq(enter(other, "b", 1), -LEASE);
}
END_TEST

START_TEST(permits_come_back_when_their_client_has_gone)
{
	mproci_session *third = client_new();

	enter(third, "a", 3);
	enter(third, "b", 3);
	enter(one, "c", 3);
	take_wake("s");
	client_end(third);
	ck_assert_int_eq(take_wake("s"), 1);
	ck_assert_int_eq(enter(one, "d", 3), FIRST + 3);
	ck_assert_int_eq(enter(one, "e", 3), FIRST + 4);
	ck_assert_int_eq(enter(one, "f", 3), -LEASE);
}
END_TEST

START_TEST(nothing_stays_of_a_client_that_had_it_all)
{
	mproci_session *third = client_new();

	acquire(third, "a");
	for (int i = 0; i < 100; ++i) {
		char owner[16];

		snprintf(owner, sizeof owner, "%d", i);
		ck_assert_int_gt(enter(third, owner, 100), 0);
	}
	client_end(third);
	ck_assert_str_eq(client_ask(one, "EXISTS l s"), ":0\r\n");
}
END_TEST

/* A lock as it should be: who holds it, until when, and the newest token. */
enum {
	CLIENTS = 4,
	STEPS = 20000,
	NOBODY = -1,
};

static struct model {
	mproci_session *clients[CLIENTS];
	int holder;
	int64_t newest, ends_at;
	unsigned seed;
} model;

static int draw(int bound)
{
	return rand_r(&model.seed) % bound;
}

static void step_acquire(int who, const char *owner)
{
	int64_t answer = acquire(model.clients[who], owner);

	ck_assert_int_eq(answer > 0, model.holder == NOBODY || model.holder == who);
	if (answer <= 0) {
		ck_assert_int_eq(answer, fixture_now - model.ends_at);
		return;
	}
	ck_assert(model.holder == who ? answer == model.newest : answer > model.newest);
	model.newest = answer;
	model.holder = who;
	model.ends_at = fixture_now + LEASE;
}

static void step_extend(int who, const char *owner)
{
	ck_assert_int_eq(extend(model.clients[who], owner, LEASE), model.holder == who);
	if (model.holder == who)
		model.ends_at = fixture_now + LEASE;
}

static void step_free(int who, const char *owner, bool is_end)
{
	if (is_end) {
		client_end(model.clients[who]);
		model.clients[who] = client_new();
	} else {
		ck_assert_int_eq(release(model.clients[who], owner), model.holder == who);
	}
	if (model.holder == who)
		model.holder = NOBODY;
}

static void step(void)
{
	int who = draw(CLIENTS), what = draw(10);
	char owner[2] = {(char)('a' + who), '\0'};

	if (model.ends_at <= fixture_now)
		model.holder = NOBODY;
	if (what < 4)
		step_acquire(who, owner);
	else if (what < 7)
		step_free(who, owner, what == 6);
	else if (what < 8)
		step_extend(who, owner);
	else
		fixture_advance(draw(2 * LEASE));
}

START_TEST(a_lock_is_never_held_by_two)
{
	model = (struct model){.holder = NOBODY, .seed = 1};
	for (int i = 0; i < CLIENTS; ++i)
		model.clients[i] = client_new();
	for (int i = 0; i < STEPS; ++i)
		step();
	for (int i = 0; i < CLIENTS; ++i)
		client_end(model.clients[i]);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_lock_has_one_holder,
		who_acquires_again_has_the_same_token_and_a_new_lease,
		a_lock_that_is_released_wakes_one,
		a_lock_is_free_when_its_lease_has_ended,
		a_lease_is_extended,
		a_lock_is_free_when_its_client_has_gone,
		a_lock_goes_with_the_client_that_used_it_last,
		a_lock_that_somebody_has_deleted_is_free,
		a_lock_with_another_name_goes_with_its_lease,
		what_others_hold_by_setting_a_string_is_held,
		what_never_expires_is_no_lock,
		who_holds_a_lock_keeps_others_from_setting_a_string,
		a_lease_has_a_bounded_length,
		fence_that_is_at_its_end_stops_no_other,
		nothing_is_held_without_a_fence,
		a_semaphore_has_as_many_holders_as_permits,
		a_semaphore_without_permits_lets_nobody_in,
		a_permit_comes_back_when_its_lease_has_ended,
		who_enters_again_has_a_new_token_and_lease,
		permits_come_back_when_their_client_has_gone,
		nothing_stays_of_a_client_that_had_it_all,
		a_lock_is_never_held_by_two,
		NULL,
	};
	const support_suite suite = {
		.name = "functions_of_locks", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
