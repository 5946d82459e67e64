/* SPDX-License-Identifier: MIT */
/*
 * queue_fixture.h - the functions of queues, for clients made by hand, on the queue {q}.
 */
#ifndef QUEUE_FIXTURE_H
#define QUEUE_FIXTURE_H

#include "manager/client_fixture.h"

enum {
	LEASE = 1000,
	WINDOW = 10000,
	MOST_DELIVERED = 16,
	SIZE = 32,
};

/* What a consumer gets. */
typedef struct delivered {
	char id[SIZE], body[SIZE];
	long long token, deliveries;
} delivered;

static inline int64_t put(mproci_session *client, const char *id, int most, int window)
{
	return client_number(client_ask(client,
		"FCALL mproc_queue_put 6 {q}:ready {q}:bodies {q}:seen {q}:meta {q}:wake {q}:room %s body-%s "
		"%d %d",
		id, id, most, window));
}

static inline size_t get_many(
	mproci_session *client, int count, int attempts, delivered ret_delivered[MOST_DELIVERED])
{
	const char *answer = client_ask(client,
		"FCALL mproc_queue_get 7 {q}:ready {q}:bodies {q}:owed {q}:meta {q}:wake {q}:dead {q}:room "
		"%d %d %d",
		(int)LEASE, count, attempts);
	int found, used;

	ck_assert_msg(sscanf(answer, "*%d\r\n%n", &found, &used) == 1, "'%s'", answer);
	ck_assert_int_le(found, count);
	answer += used;
	for (int i = 0; i < found; ++i) {
		delivered *it = &ret_delivered[i];

		ck_assert_msg(sscanf(answer, "*4\r\n$%*d\r\n%31s\r\n$%*d\r\n%31s\r\n:%lld\r\n:%lld\r\n%n",
				      it->id, it->body, &it->token, &it->deliveries, &used)
				      == 4,
			"'%s'", answer);
		ck_assert_str_eq(it->body + strlen("body-"), it->id);
		answer += used;
	}
	ck_assert_str_eq(answer, "");
	return (size_t)found;
}

/* The one message that there must be. */
static inline delivered get(mproci_session *client, int attempts)
{
	delivered them[MOST_DELIVERED];

	ck_assert_uint_eq(get_many(client, 1, attempts, them), 1);
	return them[0];
}

static inline bool is_empty_for(mproci_session *client, int attempts)
{
	delivered them[MOST_DELIVERED];

	return get_many(client, 1, attempts, them) == 0;
}

static inline int64_t ack(mproci_session *client, const delivered *it)
{
	return client_number(client_ask(
		client, "FCALL mproc_queue_ack 3 {q}:bodies {q}:owed {q}:meta %s %lld", it->id, it->token));
}

static inline int64_t give_back(mproci_session *client, const delivered *it)
{
	return client_number(client_ask(client,
		"FCALL mproc_queue_give_back 5 {q}:ready {q}:bodies {q}:owed {q}:meta {q}:wake %s %lld",
		it->id, it->token));
}

static inline int64_t extend(mproci_session *client, const delivered *it, int lease)
{
	return client_number(client_ask(
		client, "FCALL mproc_queue_extend 2 {q}:owed {q}:meta %s %lld %d", it->id, it->token, lease));
}

static inline int64_t revive(const char *id)
{
	return client_number(
		client_ask(one, "FCALL mproc_queue_revive 4 {q}:ready {q}:dead {q}:meta {q}:wake %s", id));
}

static inline int64_t drop(const char *id)
{
	return client_number(client_ask(one, "FCALL mproc_queue_drop 3 {q}:dead {q}:bodies {q}:meta %s", id));
}

static inline void check_counts(size_t ready, size_t owed, size_t dead)
{
	char expected[64];

	snprintf(expected, sizeof expected, "*3\r\n:%zu\r\n:%zu\r\n:%zu\r\n", ready, owed, dead);
	ck_assert_str_eq(
		client_ask(one, "FCALL_RO mproc_queue_counts 3 {q}:ready {q}:owed {q}:dead"), expected);
}

/* How many there are to wake those that wait. */
static inline int64_t take(const char *part)
{
	int64_t count = client_number(client_ask(one, "LLEN {q}:%s", part));

	client_ask(one, "DEL {q}:%s", part);
	return count;
}

#endif
