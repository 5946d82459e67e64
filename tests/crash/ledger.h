/* SPDX-License-Identifier: MIT */
/*
 * tests/crash/ledger.h - a queue, and a book of every message: what was put must be got once, and whole.
 *
 * A message tells its number and its size, and has a pattern of bytes that follows from both.  The numbers up to LEDGER_OWN are those
 * of the test; the victim's begin at `first_put`, and behind LEDGER_OWN are those with which the survivor tries the queue.
 */
#ifndef CRASH_LEDGER_H
#define CRASH_LEDGER_H

#include "channel/queue.h"
#include "crash.h"

enum {
	/* In the ring of a queue: short, and the longest; in an envelope; the largest of all. */
	LEDGER_SMALL = 24,
	LEDGER_INLINE = MPROCI_QUEUE_INLINE_MOST,
	LEDGER_LARGE = MPROCI_QUEUE_INLINE_MOST + 8,
	LEDGER_LARGEST = LEDGER_LARGE + 8192,
	LEDGER_OWN = 2100,
	LEDGER_MESSAGES = 2200,
};

typedef struct ledger {
	mproc_queue *queue;
	bool is_acknowledged;
	size_t max_messages;
	mproci_id victim, dead;
	_Atomic crash_stage stage;
	/* What the victim puts: so many from that number on, of this size. */
	uint32_t first_put, puts;
	size_t size;
	/* So many messages are gone with the victim when it is done, none before it begins; the first that are there. */
	uint32_t takes;
	/* The first so many were delivered so often, before the victim begins, and when it is done; all others, and 0: once. */
	uint32_t owes;
	int deliveries_before, deliveries_after;
	/* Blocks that nobody may know of any more. */
	uint32_t strays;
	/* They put or get: there is no order of what comes out. */
	bool has_companions;
	/* The messages that go with the victim need not be the first. */
	bool is_out_of_order;
	/* Those who wait for a message, for room, for all to be done, or to be told that it is closed; how many have got it. */
	uint32_t getters, putters, joiners;
	_Atomic uint32_t getters_done, putters_done, joiners_done, told;
	/* How often each number was put, as far as somebody alive knows, got, and delivered. */
	_Atomic uint8_t put[LEDGER_MESSAGES], got[LEDGER_MESSAGES], delivered[LEDGER_MESSAGES];
	/* The numbers that are next, of the test and of the survivor. */
	_Atomic uint32_t next_number, next_trial;
	/* The number that was got last, and its size. */
	uint32_t last;
	size_t last_size;
	/* Of the victim: what it peeked at or reserved. */
	void *block;
} ledger;

/* In set_up: an arena for the queue. */
void ledger_set_up(void *shared);

/* The same, and all of it is put back for each recoverer that is killed. */
void ledger_set_up_watched(void *shared);

/* The same, where a test uses megabytes. */
void ledger_set_up_long(void *shared);

/* In prepare: this process is the victim, and makes the queue. */
void ledger_make(ledger *all, const mproc_queue_options *options);

/* Write message @number. */
void ledger_write(void *message, uint32_t number, size_t size);

/* Note that a message was got, and check it.  Returns its number. */
uint32_t ledger_note(ledger *all, const void *message, size_t size);

/* In any process but the harness: put the next message; get one, and acknowledge it.  Returns its number; 0: there is none. */
void ledger_put(ledger *all, size_t size);
void ledger_put_some(ledger *all, uint32_t count, size_t size);
uint32_t ledger_get(ledger *all, mproc_deadline deadline);
void ledger_get_some(ledger *all, uint32_t count);

/* In prepare, last: the victim puts @puts messages of @size bytes, and @takes that are there go with it. */
void ledger_plan(ledger *all, uint32_t puts, size_t size, uint32_t takes);

/* Of the victim: the messages that it puts, one behind the other. */
extern char ledger_outgoing[4 * LEDGER_LARGEST];

/* The same: where it gets messages. */
extern char ledger_incoming[LEDGER_LARGEST];

/* In set_up or surround: those who sleep. */
void ledger_add_getter(ledger *all);
void ledger_add_putter(ledger *all);
void ledger_add_joiner(ledger *all);

/* What whoever learns of the death does. */
void ledger_recover(void *shared);

/* In the survivor: everything. */
void ledger_check(void *shared);

/* The same, with those asleep who need no help when the victim was done; it is buried only then. */
void ledger_check_woken(void *shared);

/* Those are awake; then the victim is buried. */
void ledger_await_woken(ledger *all);

/* The parts of ledger_check: those who sleep get on; what is in the queue comes out, and is all; the queue works; its memory comes back. */
void ledger_serve(ledger *all);
void ledger_drain(ledger *all);
void ledger_check_rest(ledger *all);
void ledger_try(ledger *all);
void ledger_destroy(ledger *all);

/* After that: nothing remains. */
void ledger_check_nothing(ledger *all);

#endif
