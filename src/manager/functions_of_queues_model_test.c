/* SPDX-License-Identifier: MIT */
/*
 * A queue beside one that is as simple as can be: what is put gets the next number as its id, and everything
 * is looked for from the beginning.
 */
#include "manager/queue_fixture.h"

enum {
	CLIENTS = 4,
	STEPS = 3000,
	MESSAGES = STEPS,
	ROUNDS = 10,
	ATTEMPTS = 4,
	BOUND = 20,
};

typedef enum state {
	ABSENT,
	READY,
	OWED,
	DEAD,
	GONE,
} state;

typedef struct message {
	state state;
	/* Where it is among those that are ready, or owed by its client. */
	int64_t place;
	int client;
	int64_t ends_at;
	delivered last;
} message;

static struct model {
	message messages[MESSAGES];
	/* The message with this number is put next. */
	int next;
	/* Of what is put behind all others, and before them. */
	int64_t last_place, first_place;
	int64_t last_token;
	mproci_session *clients[CLIENTS];
	unsigned seed;
} model;

static int draw(int bound)
{
	return rand_r(&model.seed) % bound;
}

static size_t count_in(state which)
{
	size_t count = 0;

	for (int i = 0; i < model.next; ++i)
		count += model.messages[i].state == which;
	return count;
}

/* The message in that state, of that client if it is owed, with the lowest place; or the highest. */
static message *find(state which, int client, bool is_last)
{
	message *found = NULL;

	for (int i = 0; i < model.next; ++i) {
		message *it = &model.messages[i];

		if (it->state != which || (which == OWED && it->client != client))
			continue;
		if (found == NULL || (it->place < found->place) != is_last)
			found = it;
	}
	return found;
}

/* The one that was owed beyond its lease for the shortest time. */
static message *find_late(void)
{
	message *found = NULL;

	for (int i = 0; i < model.next; ++i) {
		message *it = &model.messages[i];

		if (it->state != OWED || it->ends_at > fixture_now)
			continue;
		if (found == NULL || it->ends_at > found->ends_at
			|| (it->ends_at == found->ends_at && it->last.token > found->last.token))
			found = it;
	}
	return found;
}

static void model_give_back(message *it)
{
	it->state = READY;
	it->place = --model.first_place;
}

static void step_put(void)
{
	char id[SIZE];
	bool is_old = model.next > 0 && draw(4) == 0, is_full = count_in(READY) >= BOUND;
	int number = is_old ? draw(model.next) : model.next;
	int64_t answer;

	snprintf(id, sizeof id, "%d", number);
	answer = put(model.clients[draw(CLIENTS)], id, BOUND, INT32_MAX);
	ck_assert_int_eq(answer, is_old ? 0 : is_full ? -1 : 1);
	if (answer == 1)
		model.messages[model.next++] = (message){.state = READY, .place = ++model.last_place};
}

static void check_delivered(const delivered *it, int client)
{
	message *first;

	while ((first = find(READY, 0, false)) != NULL && first->last.deliveries >= ATTEMPTS)
		first->state = DEAD;
	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(atoi(it->id), first - model.messages);
	ck_assert_int_gt(it->token, model.last_token);
	ck_assert_int_eq(it->deliveries, first->last.deliveries + 1);
	*first = (message){OWED, ++model.last_place, client, fixture_now + LEASE, *it};
	model.last_token = it->token;
}

static void step_get(void)
{
	delivered them[MOST_DELIVERED];
	int client = draw(CLIENTS), wanted = 1 + draw(3);
	size_t count = get_many(model.clients[client], wanted, ATTEMPTS, them);
	message *it;

	while ((it = find_late()) != NULL)
		model_give_back(it);
	for (size_t i = 0; i < count; ++i)
		check_delivered(&them[i], client);
	while (count < (size_t)wanted && (it = find(READY, 0, false)) != NULL) {
		ck_assert_int_ge(it->last.deliveries, ATTEMPTS);
		it->state = DEAD;
	}
}

/* Any of the last that were put, with a token that it may have still. */
static message *choose(void)
{
	int newest = model.next < 40 ? model.next : 40;

	return &model.messages[newest == 0 ? 0 : model.next - 1 - draw(newest)];
}

static int64_t settle(int what, int client, const delivered *it)
{
	mproci_session *session = model.clients[client];

	if (what == 0)
		return ack(session, it);
	return what == 1 ? give_back(session, it) : extend(session, it, 2 * LEASE);
}

static void step_settle(int what)
{
	message *it = choose();
	delivered last = it->last;
	int client = draw(CLIENTS);
	bool is_stale = draw(10) == 0, is_owed = it->state == OWED && !is_stale;

	if (last.token == 0)
		return;
	last.token -= is_stale;
	ck_assert_int_eq(settle(what, client, &last), is_owed);
	if (!is_owed)
		return;
	if (what == 0) {
		it->state = GONE;
	} else if (what == 1) {
		model_give_back(it);
	} else {
		it->ends_at = fixture_now + 2 * LEASE;
		it->place = it->client == client ? it->place : ++model.last_place;
		it->client = client;
	}
}

static void step_end(void)
{
	int client = draw(CLIENTS);
	message *it;

	client_end(model.clients[client]);
	model.clients[client] = client_new();
	while ((it = find(OWED, client, true)) != NULL)
		model_give_back(it);
}

static void step_dead(void)
{
	message *it = choose();
	char id[SIZE];
	bool is_dead = it->state == DEAD;

	snprintf(id, sizeof id, "%d", (int)(it - model.messages));
	if (draw(2) == 0) {
		ck_assert_int_eq(drop(id), is_dead);
		if (is_dead)
			it->state = GONE;
		return;
	}
	ck_assert_int_eq(revive(id), is_dead);
	if (is_dead) {
		it->state = READY;
		it->place = ++model.last_place;
		it->last.deliveries = 0;
	}
}

static void step(void)
{
	int what = draw(100);

	if (what < 40)
		step_put();
	else if (what < 60)
		step_get();
	else if (what < 90)
		step_settle(what < 78 ? 0 : what < 84 ? 1 : 2);
	else if (what < 92)
		step_end();
	else if (what < 96)
		step_dead();
	else
		fixture_advance(draw(LEASE));
	check_counts(count_in(READY), count_in(OWED), count_in(DEAD));
}

static void run_model(unsigned seed)
{
	model = (struct model){.seed = seed};
	for (int i = 0; i < CLIENTS; ++i)
		model.clients[i] = client_new();
	for (int i = 0; i < STEPS; ++i)
		step();
	for (int i = 0; i < CLIENTS; ++i)
		client_end(model.clients[i]);
}

START_TEST(a_queue_does_what_a_simple_one_does)
{
	for (unsigned seed = 1; seed <= ROUNDS; ++seed) {
		run_model(seed);
		client_ask(one, "DEL {q}:ready");
		fixture_advance(1);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		a_queue_does_what_a_simple_one_does,
		NULL,
	};
	const support_suite suite = {
		.name = "functions_of_queues_model", .tests = tests, .setup = setup, .teardown = teardown};

	return support_run_suite(&suite);
}
