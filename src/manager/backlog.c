/* SPDX-License-Identifier: MIT */
#include "manager/backlog.h"

#include "manager/named.h"
#include "manager/natives.h"
#include "manager/spot.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Ids that are remembered. */
	MOST_SEEN = 1000000,
	/* What one call does beyond what it was asked for. */
	MOST_BESIDES = 100,
	/* The lower bits of what owed letters are ordered by. */
	TOKEN_BITS = 20,
};

/* Milliseconds: who was told that it is full looks again each second; and how long an empty one stays. */
static const int64_t LONGEST_WAIT = 2000, EMPTY_LASTS = INT64_C(60) * 1000;

/* A record by the id of a letter that was put. */
struct seen {
	/* When it is forgotten. */
	mproci_expiring end;
};

/* A record by the id of a session: what it owes, in the order of delivery. */
struct debtor {
	mproci_belonging belonging;
	mproci_backlog *backlog;
	mproci_letters owed;
	/* It belongs to the session. */
	bool is_owned;
};

struct mproci_backlog {
	mproci_spot *spot;
	/* The letters are records by their ids. */
	mproci_hash_table *letters, *seen, *debtors;
	mproci_letters ready, dead;
	mproci_expiry leases, memory;
	int64_t last_token;
	int64_t refused_until, remembered_until;
};

static void push(mproci_letters *line, mproci_letter *letter)
{
	letter->line = line;
	letter->next = NULL;
	letter->previous = line->last;
	if (line->last != NULL)
		line->last->next = letter;
	else
		line->first = letter;
	line->last = letter;
	++line->count;
}

static void push_first(mproci_letters *line, mproci_letter *letter)
{
	letter->line = line;
	letter->previous = NULL;
	letter->next = line->first;
	if (line->first != NULL)
		line->first->previous = letter;
	else
		line->last = letter;
	line->first = letter;
	++line->count;
}

static void leave_line(mproci_letter *letter)
{
	mproci_letters *line = letter->line;

	if (letter->previous != NULL)
		letter->previous->next = letter->next;
	else
		line->first = letter->next;
	if (letter->next != NULL)
		letter->next->previous = letter->previous;
	else
		line->last = letter->previous;
	--line->count;
}

static void drop_letter(void *payload)
{
	const mproci_letter *letter = payload;

	free((void *)(uintptr_t)letter->body.bytes);
}

static void drop_debtor(void *payload)
{
	struct debtor *debtor = payload;

	if (debtor->is_owned)
		mproci_session_disown(&debtor->belonging);
}

static void free_backlog(void *value)
{
	mproci_backlog *backlog = value;

	mproci_hash_table_destroy(backlog->debtors);
	mproci_hash_table_destroy(backlog->letters);
	mproci_hash_table_destroy(backlog->seen);
	mproci_expiry_free(&backlog->leases);
	mproci_expiry_free(&backlog->memory);
	free(backlog->spot);
	free(backlog);
}

const mproci_type mproci_type_backlog = {.name = "mproc-queue", .free = free_backlog};

mproci_backlog *mproci_backlog_create(mproci_keyspace *keyspace, mproci_view name, mproci_view wake)
{
	mproci_backlog *backlog = calloc(1, sizeof *backlog);

	if (backlog == NULL)
		return NULL;
	backlog->spot = mproci_spot_create(keyspace, name, wake);
	backlog->letters = mproci_hash_table_create(sizeof(mproci_letter), drop_letter);
	backlog->seen = mproci_hash_table_create(sizeof(struct seen), NULL);
	backlog->debtors = mproci_hash_table_create(sizeof(struct debtor), drop_debtor);
	backlog->last_token = mproci_fence_first(keyspace) - 1;
	if (backlog->spot != NULL && backlog->letters != NULL && backlog->seen != NULL
		&& backlog->debtors != NULL
		&& mproci_keyspace_bind(keyspace, name, &mproci_type_backlog, backlog) != NULL)
		return backlog;
	free_backlog(backlog);
	return NULL;
}

static int64_t now(const mproci_backlog *backlog)
{
	return mproci_keyspace_now(backlog->spot->keyspace);
}

static void forget_first(mproci_backlog *backlog, mproci_expiring *first)
{
	mproci_expiry_remove(&backlog->memory, first);
	mproci_named_remove(backlog->seen, (char *)first - offsetof(struct seen, end));
}

static void forget_some(mproci_backlog *backlog)
{
	for (int i = 0; i < MOST_BESIDES; ++i) {
		mproci_expiring *first = mproci_expiry_first(&backlog->memory);

		if (first == NULL || (first->at > now(backlog) && backlog->seen->count <= MOST_SEEN))
			return;
		forget_first(backlog, first);
	}
}

static bool was_put(const mproci_backlog *backlog, mproci_view id)
{
	const struct seen *seen = mproci_named_find(backlog->seen, id);

	if (seen != NULL && seen->end.at > now(backlog))
		return true;
	return mproci_named_find(backlog->letters, id) != NULL;
}

static int remember(mproci_backlog *backlog, mproci_view id, int64_t window)
{
	int64_t end = now(backlog) + window;
	struct seen *record;

	if (window == 0)
		return 0;
	record = mproci_named_add(backlog->seen, id);
	if (record == NULL)
		return -ENOMEM;
	if (!mproci_expiry_set(&backlog->memory, &record->end, end)) {
		mproci_named_remove(backlog->seen, record);
		return -ENOMEM;
	}
	if (end > backlog->remembered_until)
		backlog->remembered_until = end;
	forget_some(backlog);
	return 0;
}

static mproci_letter *add_letter(mproci_backlog *backlog, mproci_view id, mproci_view body)
{
	char *copy = malloc(body.size + 1);
	mproci_letter *letter;

	if (copy == NULL)
		return NULL;
	letter = mproci_named_add(backlog->letters, id);
	if (letter == NULL) {
		free(copy);
		return NULL;
	}
	memcpy(copy, body.bytes, body.size);
	letter->body = (mproci_view){copy, body.size};
	push(&backlog->ready, letter);
	return letter;
}

int mproci_backlog_put(mproci_backlog *backlog, mproci_view id, mproci_view body, size_t most, int64_t window)
{
	mproci_letter *letter;

	if (was_put(backlog, id))
		return 0;
	if (most > 0 && backlog->ready.count >= most) {
		backlog->refused_until = now(backlog) + LONGEST_WAIT;
		return -ENOBUFS;
	}
	letter = add_letter(backlog, id, body);
	if (letter == NULL)
		return -ENOMEM;
	if (remember(backlog, id, window) < 0) {
		mproci_backlog_remove(backlog, letter);
		return -ENOMEM;
	}
	return 1;
}

bool mproci_backlog_wants_room(const mproci_backlog *backlog)
{
	return backlog->refused_until > now(backlog);
}

/* By when the lease ends, and of those that end at once by when they were delivered. */
static int64_t order_of(int64_t end, int64_t token)
{
	return end << TOKEN_BITS | (token & ((1 << TOKEN_BITS) - 1));
}

static bool is_late(const mproci_backlog *backlog, const mproci_expiring *lease)
{
	return lease->at >> TOKEN_BITS <= now(backlog);
}

/* It is owed no longer, but in no line either. */
static void take_back(mproci_backlog *backlog, mproci_letter *letter)
{
	mproci_expiry_remove(&backlog->leases, &letter->lease);
	leave_line(letter);
	letter->token = 0;
}

void mproci_backlog_recover(mproci_backlog *backlog)
{
	mproci_letter *late[MOST_BESIDES];
	size_t count = 0;

	while (count < MOST_BESIDES) {
		mproci_expiring *first = mproci_expiry_first(&backlog->leases);

		if (first == NULL || !is_late(backlog, first))
			break;
		late[count] = (mproci_letter *)((char *)first - offsetof(mproci_letter, lease));
		take_back(backlog, late[count++]);
	}
	while (count > 0)
		push_first(&backlog->ready, late[--count]);
}

/* The client that owes them has gone. */
static void release(mproci_belonging *belonging)
{
	struct debtor *debtor = (struct debtor *)((char *)belonging - offsetof(struct debtor, belonging));
	mproci_backlog *backlog = debtor->backlog;
	mproci_letter *letter;

	debtor->is_owned = false;
	while ((letter = debtor->owed.last) != NULL)
		mproci_backlog_give_back(backlog, letter);
	mproci_named_remove(backlog->debtors, debtor);
	mproci_backlog_settle(backlog);
	if (backlog->ready.count > 0)
		mproci_wake(backlog->spot->keyspace, backlog->spot->wake);
}

static struct debtor *provide_debtor(mproci_backlog *backlog, mproci_session *session)
{
	uint64_t id = mproci_session_id(session);
	struct debtor *debtor =
		mproci_named_add(backlog->debtors, (mproci_view){(const char *)&id, sizeof id});

	if (debtor == NULL || debtor->is_owned)
		return debtor;
	debtor->backlog = backlog;
	debtor->belonging.release = release;
	debtor->is_owned = true;
	mproci_session_own(session, &debtor->belonging);
	return debtor;
}

static void bury_some(mproci_backlog *backlog, int64_t attempts)
{
	for (int i = 0; i < MOST_BESIDES; ++i) {
		mproci_letter *letter = backlog->ready.first;

		if (letter == NULL || letter->deliveries < attempts)
			return;
		leave_line(letter);
		push(&backlog->dead, letter);
	}
}

int mproci_backlog_extend(
	mproci_backlog *backlog, mproci_letter *letter, mproci_session *session, int64_t lease)
{
	struct debtor *debtor = provide_debtor(backlog, session);

	if (debtor == NULL
		|| !mproci_expiry_set(
			&backlog->leases, &letter->lease, order_of(now(backlog) + lease, letter->token)))
		return -ENOMEM;
	if (letter->line != &debtor->owed) {
		leave_line(letter);
		push(&debtor->owed, letter);
	}
	return 0;
}

int mproci_backlog_deliver(mproci_backlog *backlog, mproci_session *session, int64_t lease, int64_t attempts,
	mproci_letter **ret_letter)
{
	mproci_letter *letter;

	if (attempts > 0)
		bury_some(backlog, attempts);
	letter = backlog->ready.first;
	if (letter == NULL || (attempts > 0 && letter->deliveries >= attempts))
		return 0;
	letter->token = backlog->last_token + 1;
	if (mproci_backlog_extend(backlog, letter, session, lease) < 0) {
		letter->token = 0;
		return -ENOMEM;
	}
	mproci_fence_note(++backlog->last_token);
	++letter->deliveries;
	*ret_letter = letter;
	return 1;
}

mproci_letter *mproci_backlog_find_owed(const mproci_backlog *backlog, mproci_view id, int64_t token)
{
	mproci_letter *letter = mproci_named_find(backlog->letters, id);

	return letter != NULL && letter->token != 0 && letter->token == token ? letter : NULL;
}

void mproci_backlog_give_back(mproci_backlog *backlog, mproci_letter *letter)
{
	take_back(backlog, letter);
	push_first(&backlog->ready, letter);
}

void mproci_backlog_remove(mproci_backlog *backlog, mproci_letter *letter)
{
	take_back(backlog, letter);
	mproci_named_remove(backlog->letters, letter);
}

mproci_letter *mproci_backlog_find_dead(const mproci_backlog *backlog, mproci_view id)
{
	mproci_letter *letter = mproci_named_find(backlog->letters, id);

	return letter != NULL && letter->line == &backlog->dead ? letter : NULL;
}

void mproci_backlog_revive(mproci_backlog *backlog, mproci_letter *letter)
{
	leave_line(letter);
	letter->deliveries = 0;
	push(&backlog->ready, letter);
}

mproci_view mproci_backlog_id(const mproci_backlog *backlog, const mproci_letter *letter)
{
	return mproci_named_name(backlog->letters, letter);
}

const mproci_letters *mproci_backlog_ready(const mproci_backlog *backlog)
{
	return &backlog->ready;
}

const mproci_letters *mproci_backlog_dead(const mproci_backlog *backlog)
{
	return &backlog->dead;
}

size_t mproci_backlog_count_owed(const mproci_backlog *backlog)
{
	return backlog->leases.count;
}

/* An empty one is there for what it remembers; it may go, since tokens go on growing. */
static int64_t expiry_of(const mproci_backlog *backlog)
{
	int64_t soonest = now(backlog) + EMPTY_LASTS;

	if (backlog->letters->count > 0)
		return 0;
	return backlog->remembered_until > soonest ? backlog->remembered_until : soonest;
}

void mproci_backlog_settle(mproci_backlog *backlog)
{
	mproci_keyspace *keyspace = backlog->spot->keyspace;
	mproci_binding *binding = mproci_spot_find(backlog->spot, backlog);

	if (binding == NULL)
		return;
	mproci_keyspace_expire(keyspace, backlog->spot->name, binding, expiry_of(backlog));
	mproci_keyspace_touch(keyspace, backlog->spot->name, binding);
}
