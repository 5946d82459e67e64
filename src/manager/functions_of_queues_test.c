/* SPDX-License-Identifier: MIT */
#include "manager/backlog.h"
#include "manager/queue_fixture.h"

/* The first token of all, in microseconds. */
static const int64_t FIRST = (WALL + BEGINNING) * 1000;

START_TEST(messages_come_in_the_order_in_which_they_were_put)
{
	delivered them[MOST_DELIVERED];

	ck_assert_int_eq(put(one, "a", 0, WINDOW), 1);
	ck_assert_int_eq(put(other, "b", 0, WINDOW), 1);
	ck_assert_int_eq(put(one, "c", 0, WINDOW), 1);
	check_counts(3, 0, 0);

	ck_assert_uint_eq(get_many(one, 2, 0, them), 2);
	ck_assert_str_eq(them[0].id, "a");
	ck_assert_str_eq(them[1].id, "b");
	ck_assert_int_eq(them[0].token, FIRST);
	ck_assert_int_eq(them[1].token, FIRST + 1);
	ck_assert_int_eq(them[1].deliveries, 1);
	ck_assert_str_eq(get(other, 0).id, "c");
	ck_assert(is_empty_for(other, 0));
	check_counts(0, 3, 0);
	ck_assert_str_eq(client_ask(one, "TYPE {q}:ready"), "+mproc-queue\r\n");
}
END_TEST

START_TEST(what_is_acknowledged_is_gone)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	it = get(one, 0);
	ck_assert_int_eq(ack(one, &it), 1);
	ck_assert_int_eq(ack(one, &it), 0);
	fixture_advance(LEASE);
	ck_assert(is_empty_for(one, 0));
	check_counts(0, 0, 0);
}
END_TEST

START_TEST(an_id_is_accepted_once)
{
	delivered it;

	ck_assert_int_eq(put(one, "a", 1, WINDOW), 1);
	ck_assert_int_eq(put(one, "a", 1, WINDOW), 0);
	it = get(one, 0);
	ck_assert_int_eq(put(one, "a", 1, WINDOW), 0);
	ack(one, &it);
	ck_assert_int_eq(put(one, "a", 1, WINDOW), 0);
	fixture_advance(WINDOW);
	ck_assert_int_eq(put(one, "a", 1, WINDOW), 1);
}
END_TEST

START_TEST(an_id_that_is_in_the_queue_is_not_accepted_however_old)
{
	ck_assert_int_eq(put(one, "a", 0, 0), 1);
	fixture_advance(WINDOW);
	ck_assert_int_eq(put(one, "a", 0, 0), 0);
}
END_TEST

START_TEST(a_full_queue_takes_nothing_until_something_is_taken)
{
	ck_assert_int_eq(put(one, "a", 1, WINDOW), 1);
	take("wake");
	ck_assert_int_eq(put(one, "b", 1, WINDOW), -1);
	ck_assert_int_eq(take("wake"), 0);
	ck_assert_int_eq(take("room"), 0);
	get(other, 0);
	ck_assert_int_eq(take("room"), 1);
	ck_assert_int_eq(put(one, "b", 1, WINDOW), 1);
}
END_TEST

START_TEST(producers_that_wait_are_woken_one_after_another)
{
	put(one, "a", 3, WINDOW);
	ck_assert_int_eq(put(one, "b", 1, WINDOW), -1);
	ck_assert_int_eq(put(one, "b", 3, WINDOW), 1);
	ck_assert_int_eq(take("room"), 1);
	ck_assert_int_eq(put(one, "c", 3, WINDOW), 1);
	ck_assert_int_eq(take("room"), 0);
	fixture_advance(2000);
	get(other, 0);
	ck_assert_int_eq(take("room"), 0);
}
END_TEST

START_TEST(one_consumer_is_woken_by_what_there_is)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	ck_assert_int_eq(take("wake"), 1);
	get(one, 0);
	ck_assert_int_eq(take("wake"), 1);
	it = get(one, 0);
	ck_assert_int_eq(take("wake"), 0);
	give_back(one, &it);
	ck_assert_int_eq(take("wake"), 1);
}
END_TEST

START_TEST(what_is_given_back_comes_before_all_others)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	it = get(one, 0);
	ck_assert_int_eq(give_back(one, &it), 1);
	ck_assert_int_eq(give_back(one, &it), 0);
	ck_assert_int_eq(ack(one, &it), 0);
	it = get(other, 0);
	ck_assert_str_eq(it.id, "a");
	ck_assert_int_eq(it.deliveries, 2);
	ck_assert_int_eq(it.token, FIRST + 1);
}
END_TEST

START_TEST(what_is_owed_beyond_its_lease_comes_again)
{
	delivered first[MOST_DELIVERED], again[MOST_DELIVERED];

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	put(one, "c", 0, WINDOW);
	get_many(one, 2, 0, first);
	fixture_advance(LEASE - 1);
	ck_assert_int_eq(extend(one, &first[1], LEASE), 1);
	fixture_advance(1);

	ck_assert_uint_eq(get_many(other, 3, 0, again), 2);
	ck_assert_str_eq(again[0].id, "a");
	ck_assert_str_eq(again[1].id, "c");
	ck_assert_int_eq(ack(one, &first[0]), 0);
	ck_assert_int_eq(extend(one, &first[0], LEASE), 0);
	ck_assert_int_eq(ack(one, &first[1]), 1);
	ck_assert_int_eq(ack(other, &again[0]), 1);
}
END_TEST

START_TEST(what_is_late_may_be_acknowledged_until_somebody_else_has_it)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	it = get(one, 0);
	fixture_advance(2 * LEASE);
	ck_assert_int_eq(extend(one, &it, LEASE), 1);
	ck_assert(is_empty_for(other, 0));
	fixture_advance(2 * LEASE);
	ck_assert_int_eq(ack(one, &it), 1);
}
END_TEST

START_TEST(what_a_client_owes_comes_back_in_order_when_it_goes)
{
	mproci_session *third = client_new();
	delivered them[MOST_DELIVERED];

	for (char id[] = "a"; *id <= 'e'; ++*id)
		put(one, id, 0, WINDOW);
	get_many(third, 3, 0, them);
	ack(third, &them[1]);
	get(one, 0);
	take("wake");
	client_end(third);

	ck_assert_int_eq(take("wake"), 1);
	check_counts(3, 1, 0);
	ck_assert_uint_eq(get_many(other, 5, 0, them), 3);
	ck_assert_str_eq(them[0].id, "a");
	ck_assert_str_eq(them[1].id, "c");
	ck_assert_str_eq(them[2].id, "e");
}
END_TEST

START_TEST(what_is_extended_goes_with_the_client_that_did)
{
	mproci_session *third = client_new();
	delivered it;

	put(one, "a", 0, WINDOW);
	it = get(third, 0);
	ck_assert_int_eq(extend(other, &it, LEASE), 1);
	client_end(third);
	ck_assert(is_empty_for(one, 0));
	ck_assert_int_eq(ack(other, &it), 1);
}
END_TEST

START_TEST(what_is_delivered_too_often_dies)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	it = get(one, 2);
	give_back(one, &it);
	get(one, 2);
	fixture_advance(LEASE);

	ck_assert_str_eq(get(other, 2).id, "b");
	check_counts(0, 1, 1);
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_dead 3 {q}:dead {q}:bodies {q}:meta 10"),
		"*1\r\n*3\r\n$1\r\na\r\n$6\r\nbody-a\r\n:2\r\n");
	ck_assert_int_eq(put(one, "a", 0, WINDOW), 0);
}
END_TEST

START_TEST(ids_are_remembered_as_long_as_they_should_be)
{
	delivered it;

	put(one, "a", 0, 10 * 60000);
	it = get(one, 0);
	ack(one, &it);
	fixture_advance(10 * 60000 - 1);
	ck_assert_int_eq(put(one, "a", 0, 0), 0);
	fixture_advance(1);
	ck_assert_int_eq(put(one, "a", 0, 0), 1);
}
END_TEST

START_TEST(a_million_ids_are_remembered_and_no_more)
{
	enum {
		MOST = 1000000,
		MORE = 1000,
	};
	mproci_view name = mproci_view_of("many"), body = mproci_view_of("");
	mproci_backlog *backlog = mproci_backlog_create(fixture_server.keyspace, name, name);

	ck_assert_ptr_nonnull(backlog);
	for (int i = 0; i < MOST + MORE; ++i) {
		mproci_view id = {(const char *)&i, sizeof i};

		ck_assert_int_eq(mproci_backlog_put(backlog, id, body, 0, WINDOW + i), 1);
		mproci_backlog_remove(backlog, mproci_backlog_ready(backlog)->first);
	}
	for (int i = 0; i < 2 * MORE; ++i) {
		mproci_view id = {(const char *)&i, sizeof i};

		ck_assert_int_eq(mproci_backlog_put(backlog, id, body, 0, 0), i < MORE);
	}
}
END_TEST

START_TEST(many_die_some_at_a_time)
{
	enum {
		MANY = 250,
	};
	delivered them[MOST_DELIVERED];
	char id[SIZE];

	for (int i = 0; i < MANY; ++i) {
		snprintf(id, sizeof id, "%d", i);
		put(one, id, 0, WINDOW);
	}
	for (int i = 0; i < MANY / 10; ++i)
		ck_assert_uint_eq(get_many(one, 10, 1, them), 10);
	client_end(one);
	one = client_new();

	ck_assert(is_empty_for(one, 1));
	check_counts(MANY - 100, 0, 100);
	ck_assert_int_eq(take("wake"), 1);
	ck_assert(is_empty_for(one, 1));
	ck_assert(is_empty_for(one, 1));
	check_counts(0, 0, MANY);
	ck_assert_int_eq(take("wake"), 1);
}
END_TEST

START_TEST(the_dead_are_revived_or_dropped)
{
	delivered them[MOST_DELIVERED];

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	get_many(one, 2, 1, them);
	fixture_advance(LEASE);
	ck_assert(is_empty_for(one, 1));
	check_counts(0, 0, 2);

	ck_assert_int_eq(revive("c"), 0);
	ck_assert_int_eq(drop("c"), 0);
	take("wake");
	ck_assert_int_eq(revive("a"), 1);
	ck_assert_int_eq(revive("a"), 0);
	ck_assert_int_eq(take("wake"), 1);
	ck_assert_int_eq(drop("b"), 1);
	ck_assert_int_eq(drop("b"), 0);
	check_counts(1, 0, 0);
	ck_assert_int_eq(get(one, 1).deliveries, 1);
}
END_TEST

START_TEST(an_empty_queue_goes_when_its_ids_are_forgotten)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	ck_assert_str_eq(client_ask(one, "PTTL {q}:ready"), ":-1\r\n");
	it = get(one, 0);
	ck_assert_str_eq(client_ask(one, "PTTL {q}:ready"), ":-1\r\n");
	ack(one, &it);
	fixture_advance(60000);
	ck_assert_str_eq(client_ask(one, "EXISTS {q}:ready"), ":0\r\n");
	put(one, "a", 0, WINDOW);
	ck_assert_int_gt(get(one, 0).token, it.token);
}
END_TEST

START_TEST(a_queue_is_deleted_with_all_that_is_in_it)
{
	delivered it;

	put(one, "a", 0, WINDOW);
	put(one, "b", 0, WINDOW);
	it = get(one, 0);
	client_ask(one, "DEL {q}:ready");
	check_counts(0, 0, 0);
	ck_assert_int_eq(ack(one, &it), 0);

	ck_assert_int_eq(put(one, "a", 0, WINDOW), 1);
	ck_assert_int_eq(get(one, 0).token, it.token + 1);
	ck_assert_int_eq(ack(one, &it), 0);
}
END_TEST

START_TEST(a_queue_with_another_name_takes_back_what_is_owed)
{
	mproci_session *third = client_new();

	put(one, "a", 0, WINDOW);
	get(third, 0);
	client_ask(one, "RENAME {q}:ready {r}:ready");
	client_end(third);
	client_ask(one, "RENAME {r}:ready {q}:ready");
	check_counts(1, 0, 0);
}
END_TEST

START_TEST(what_is_no_queue_is_refused)
{
	static const char wrong_type[] =
		"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

	client_ask(one, "SET {q}:ready x");
	ck_assert_str_eq(
		client_ask(one, "FCALL mproc_queue_put 6 {q}:ready b s m w r id body 0 0"), wrong_type);
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_get 7 {q}:ready b o m w d r 1 1 0"), wrong_type);
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_ack 3 {q}:bodies o m id 1"), wrong_type);
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_counts 3 {q}:ready o d"), wrong_type);
}
END_TEST

START_TEST(numbers_are_checked)
{
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_get 7 {q}:ready b o m w d r 1 0 0"),
		"-ERR count: '0' is not a number from 1 to 65536\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_put 6 {q}:ready b s m w r id body 0 -1"),
		"-ERR window: '-1' is not a number from 0 to 31536000000\r\n");
	ck_assert_str_eq(client_ask(one, "FCALL mproc_queue_ack 3 {q}:bodies o m id x"),
		"-ERR token: 'x' is not a number from 0 to 9223372036854775807\r\n");
	ck_assert_str_eq(client_ask(one, "EXISTS {q}:ready"), ":0\r\n");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		messages_come_in_the_order_in_which_they_were_put,
		what_is_acknowledged_is_gone,
		an_id_is_accepted_once,
		an_id_that_is_in_the_queue_is_not_accepted_however_old,
		a_full_queue_takes_nothing_until_something_is_taken,
		producers_that_wait_are_woken_one_after_another,
		one_consumer_is_woken_by_what_there_is,
		what_is_given_back_comes_before_all_others,
		what_is_owed_beyond_its_lease_comes_again,
		what_is_late_may_be_acknowledged_until_somebody_else_has_it,
		what_a_client_owes_comes_back_in_order_when_it_goes,
		what_is_extended_goes_with_the_client_that_did,
		what_is_delivered_too_often_dies,
		ids_are_remembered_as_long_as_they_should_be,
		a_million_ids_are_remembered_and_no_more,
		many_die_some_at_a_time,
		the_dead_are_revived_or_dropped,
		an_empty_queue_goes_when_its_ids_are_forgotten,
		a_queue_is_deleted_with_all_that_is_in_it,
		a_queue_with_another_name_takes_back_what_is_owed,
		what_is_no_queue_is_refused,
		numbers_are_checked,
		NULL,
	};
	const support_suite suite = {
		.name = "functions_of_queues", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
