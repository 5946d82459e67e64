/* SPDX-License-Identifier: MIT */
/*
 * A queue has an account for each client that owes something, found by the number of its session, so that no client pays for what others owe.
 */
#include "manager/shown_owing.h"

#include "channel/queue.h"
#include "manager/table.h"

#include <errno.h>
#include <stdlib.h>

typedef struct debt {
	struct debt *next;
	mproc_queue *queue;
	void *block;
	size_t size;
} debt;

typedef struct account {
	mproci_belonging belonging;
	mproci_shown *shown;
	uint64_t session;
	debt *debts;
} account;

static mproci_view name_of(const uint64_t *session)
{
	return (mproci_view){(const char *)session, sizeof *session};
}

/* Of those who are gone. */
static debt *late;

static void add_late(debt *added)
{
	debt **place = &late;

	while (*place != NULL)
		place = &(*place)->next;
	added->next = NULL;
	*place = added;
}

/* Returns whether it is done with. */
static bool give_back(debt *one)
{
	int rc = mproci_queue_give_back_until(one->queue, one->block, MPROC_NOW);

	if (rc == -EAGAIN || rc == -ETIMEDOUT)
		return false;
	free(one);
	return true;
}

/* What is still owed is delivered again. */
static void drop(void *payload)
{
	account *self = payload;

	while (self->debts != NULL) {
		debt *first = self->debts;

		self->debts = first->next;
		if (!give_back(first))
			add_late(first);
	}
}

bool mproci_owing_is_late(void)
{
	return late != NULL;
}

/* Until one is in vain, which is tried again behind the others: they may be of another queue. */
void mproci_owing_give_back_late(void)
{
	while (late != NULL) {
		debt *first = late;

		late = first->next;
		if (!give_back(first)) {
			add_late(first);
			return;
		}
	}
}

static void forget_late(const mproc_queue *queue)
{
	for (debt **place = &late; *place != NULL;) {
		debt *one = *place;

		if (one->queue == queue) {
			*place = one->next;
			free(one);
		} else {
			place = &one->next;
		}
	}
}

static mproci_hash_entry *find(const mproci_shown *shown, uint64_t session)
{
	return shown->owed == NULL ? NULL : mproci_hash_table_find(shown->owed, name_of(&session));
}

static account *account_in(mproci_hash_entry *entry)
{
	return entry == NULL ? NULL : (account *)(void *)entry->payload;
}

/* The client is gone. */
static void release(mproci_belonging *belonging)
{
	account *self = (account *)belonging;

	mproci_hash_table_remove(self->shown->owed, find(self->shown, self->session));
}

static account *open_account(mproci_shown *shown, mproci_session *session)
{
	uint64_t id = mproci_session_id(session);
	account *self;
	bool is_new;

	if (shown->owed == NULL)
		shown->owed = mproci_hash_table_create(sizeof(account), drop);
	if (shown->owed == NULL)
		return NULL;
	self = account_in(mproci_hash_table_add(shown->owed, name_of(&id), &is_new));
	if (self == NULL || !is_new)
		return self;
	self->belonging.release = release;
	self->shown = shown;
	self->session = id;
	mproci_session_own(session, &self->belonging);
	return self;
}

int mproci_owing_add(mproci_shown *shown, mproci_session *session, void *block, size_t size)
{
	account *self = open_account(shown, session);
	debt *added = malloc(sizeof *added);

	if (self == NULL || added == NULL) {
		free(added);
		return -ENOMEM;
	}
	*added = (debt){self->debts, shown->what.object, block, size};
	self->debts = added;
	return 0;
}

static void acknowledge(account *self, debt **place)
{
	debt *done = *place;

	*place = done->next;
	mproc_queue_ack(self->shown->what.object, done->block);
	free(done);
}

void mproci_owing_acknowledge(mproci_shown *shown, mproci_session *session)
{
	account *self = account_in(find(shown, mproci_session_id(session)));

	while (self != NULL && self->debts != NULL)
		acknowledge(self, &self->debts);
}

size_t mproci_owing_acknowledge_some(
	mproci_shown *shown, mproci_session *session, mproci_view message, size_t most)
{
	account *self = account_in(find(shown, mproci_session_id(session)));
	size_t done = 0;

	if (self == NULL)
		return 0;
	for (debt **place = &self->debts; *place != NULL && (most == 0 || done < most);) {
		if (mproci_view_equal(message, (mproci_view){(*place)->block, (*place)->size})) {
			acknowledge(self, place);
			++done;
		} else {
			place = &(*place)->next;
		}
	}
	return done;
}

void mproci_owing_end(mproci_shown *shown)
{
	mproci_hash_entry *each = NULL;

	while (shown->owed != NULL && (each = mproci_hash_table_next(shown->owed, each)) != NULL)
		mproci_session_disown(&account_in(each)->belonging);
	mproci_hash_table_destroy(shown->owed);
	shown->owed = NULL;
	forget_late(shown->what.object);
}
