/* SPDX-License-Identifier: MIT */
/*
 * The queue, with mistakes made on purpose: copies of what the library does, in another order.
 */
#include "ledger.h"

#include "family/member.h"

#include <mproc/result.h>
#include <string.h>

static void prepare_put(void *shared)
{
	ledger_make(shared, NULL);
	ledger_plan(shared, 1, LEDGER_SMALL, 0);
}

static void prepare_put_large(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put(shared, LEDGER_LARGE);
	ledger_get_some(shared, 1);
	ledger_plan(shared, 1, LEDGER_LARGE, 0);
}

static void prepare_get_large(void *shared)
{
	ledger_make(shared, NULL);
	ledger_put_some(shared, 2, LEDGER_LARGE);
	ledger_plan(shared, 0, 0, 1);
}

static void prepare_owed(void *shared)
{
	ledger *all = shared;

	ledger_make(all, &(mproc_queue_options){.acknowledged = true});
	ledger_put_some(all, 2, LEDGER_SMALL);
	ledger_plan(all, 0, 0, 0);
	all->owes = 1;
	all->deliveries_before = 1;
	all->deliveries_after = 2;
}

static void add_getter(void *shared)
{
	ledger_add_getter(shared);
}

/* ---- putting ---- */

static mproci_totals begin_put(mproc_queue *queue)
{
	mproci_queue_lock_producers(queue, MPROC_FOREVER);
	return mproci_side_own(&queue->producers);
}

static void end_put(mproc_queue *queue)
{
	mproci_biased_lock_release(&queue->producers.lock);
}

static mproci_record add_record(
	mproc_queue *queue, mproci_totals *totals, mproci_record_kind kind, size_t record_size, size_t size)
{
	mproci_record record = {.size = 0};

	mproci_ring_extend(&queue->ring, &queue->producers, &queue->consumers, totals->position, kind,
		record_size, &record);
	*totals = (mproci_totals){record.next, totals->messages + 1, totals->bytes + size};
	return record;
}

static void put_before_copying(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_totals totals = begin_put(queue);
	mproci_record record = add_record(queue, &totals, MPROCI_RECORD_INLINE, all->size, all->size);

	all->stage = CRASH_INSIDE;
	mproci_side_pass(&queue->producers, totals);
	memcpy(record.payload, ledger_outgoing, all->size);
	end_put(queue);
}

static void put_before_counting(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_side *side = &queue->producers;
	mproci_totals totals = begin_put(queue);
	mproci_record record = add_record(queue, &totals, MPROCI_RECORD_INLINE, all->size, all->size);

	all->stage = CRASH_INSIDE;
	memcpy(record.payload, ledger_outgoing, all->size);
	side->totals[1].position = totals.position;
	side->position = totals.position;
	side->totals[1].messages = totals.messages;
	side->totals[1].bytes = totals.bytes;
	end_put(queue);
}

/* It wakes only after it has put: a burial must help. */
static void put_before_waking(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_side *side = &queue->producers;
	mproci_totals totals = begin_put(queue);
	mproci_record record = add_record(queue, &totals, MPROCI_RECORD_INLINE, all->size, all->size);

	all->stage = CRASH_INSIDE;
	memcpy(record.payload, ledger_outgoing, all->size);
	side->totals[1].position = totals.position;
	side->totals[1].messages = totals.messages;
	side->totals[1].bytes = totals.bytes;
	side->position = totals.position;
	mproci_event_count_notify_some(&side->passing, 1);
	end_put(queue);
}

/* It does not write down which envelope it is about. */
static void put_large_without_note(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_envelope *envelope;
	mproci_totals totals;
	mproci_record record;

	all->stage = CRASH_INSIDE;
	mproci_queue_take_envelope(queue, all->size, MPROC_FOREVER, &envelope);
	memcpy(mproci_envelope_message(envelope), ledger_outgoing, all->size);
	totals = begin_put(queue);
	record = add_record(queue, &totals, MPROCI_RECORD_ENVELOPE, sizeof(uint64_t), all->size);
	*(uint64_t *)record.payload = envelope->index;
	envelope->size = all->size;
	envelope->word = mproci_envelope_word(MPROCI_ENVELOPE_QUEUED, 0, 0);
	mproci_side_pass(&queue->producers, totals);
	end_put(queue);
}

/* ---- getting ---- */

static mproci_envelope *begin_get(mproc_queue *queue, mproci_totals *ret_totals)
{
	mproci_record record = {.size = 0};
	mproci_envelope *envelope;

	mproci_queue_lock_consumers(queue, MPROC_FOREVER);
	*ret_totals = mproci_side_own(&queue->consumers);
	queue->consumers.seen.position = queue->producers.position;
	crash_expect(mproci_ring_read(&queue->ring, &queue->consumers, &queue->producers,
			     ret_totals->position, &record)
			     == 0,
		"%s", mproc_error_text());
	envelope = mproci_envelope_find(&queue->envelopes, *(uint64_t *)record.payload);
	*ret_totals = (mproci_totals){
		record.next,
		ret_totals->messages + 1,
		ret_totals->bytes + envelope->size,
	};
	return envelope;
}

static void end_get(mproc_queue *queue)
{
	mproci_biased_lock_release(&queue->consumers.lock);
}

static void get_before_marking(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_totals totals;
	mproci_envelope *envelope = begin_get(queue, &totals);

	all->stage = CRASH_INSIDE;
	mproci_side_pass(&queue->consumers, totals);
	mproci_envelope_deliver(envelope, MPROCI_ENVELOPE_TAKEN);
	end_get(queue);
}

static void get_without_owing(void *shared)
{
	ledger *all = shared;
	mproc_queue *queue = all->queue;
	mproci_totals totals;
	mproci_envelope *envelope = begin_get(queue, &totals);

	all->stage = CRASH_INSIDE;
	mproci_envelope_deliver(envelope, MPROCI_ENVELOPE_TAKEN);
	mproci_side_pass(&queue->consumers, totals);
	end_get(queue);
}

/* Nobody was told of the death until those who sleep have what they wait for. */
static void check_unburied(void *shared)
{
	ledger *all = shared;

	ledger_serve(all);
	mproci_member_bury(all->victim);
	ledger_check(shared);
}

const crash_operation crash_queue_mistakes[] = {
	{
		.name = "mistake: a message is put before it is copied",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.operate = put_before_copying,
		.survive = ledger_check,
		.is_mistake = true,
	},
	{
		.name = "mistake: a message is put before it is counted",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.operate = put_before_counting,
		.survive = ledger_check,
		.is_mistake = true,
	},
	{
		.name = "mistake: a message is put, and then who sleeps is woken, and nobody is told",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put,
		.surround = add_getter,
		.operate = put_before_waking,
		.survive = check_unburied,
		.is_slow = true,
		.is_unburied = true,
		.is_mistake = true,
	},
	{
		.name = "mistake: an envelope is put without a note",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_put_large,
		.operate = put_large_without_note,
		.survive = ledger_check,
		.is_slow = true,
		.is_mistake = true,
	},
	{
		.name = "mistake: an envelope is taken, and then marked",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_get_large,
		.operate = get_before_marking,
		.survive = ledger_check,
		.is_mistake = true,
	},
	{
		.name = "mistake: a message is got and not owed",
		.size = sizeof(ledger),
		.set_up = ledger_set_up,
		.prepare = prepare_owed,
		.operate = get_without_owing,
		.survive = ledger_check,
		.is_mistake = true,
	},
	{0},
};
