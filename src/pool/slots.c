/* SPDX-License-Identifier: MIT */
/*
 * A claim: the worker writes the id into its seat, then changes the word from QUEUED to RUNNING with its number.  Killed before
 * the change, the task waits on; killed after it, word and seat agree, so whoever recovers the seat knows.  The line's head is
 * moved on by anybody who finds that the task there waits no longer, so it does not matter who dies on the way.
 *
 * An id may be read from a place in the line that has been filled anew since: it is the id of a task that waits, or has waited, so
 * claiming it is right all the same.
 */
#include "pool/slots.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/arena.h>

static uint32_t size_of_segment(unsigned segment)
{
	return (uint32_t)MPROCI_SLOT_FIRST_SEGMENT << segment;
}

mproci_slot *mproci_slots_at(mproci_slots *slots, uint32_t index)
{
	/* Segment s begins at FIRST · (2^s - 1). */
	uint32_t place = index / MPROCI_SLOT_FIRST_SEGMENT + 1;
	unsigned segment = 31U - (unsigned)__builtin_clz(place);
	uint32_t first = size_of_segment(segment) - MPROCI_SLOT_FIRST_SEGMENT;

	return atomic_load_explicit(&slots->segments[segment], memory_order_acquire) + (index - first);
}

int mproci_slots_grow(mproci_slots *slots)
{
	unsigned segment = 0;
	mproci_slot *added;

	while (segment < MPROCI_SLOT_SEGMENTS && slots->segments[segment] != NULL)
		++segment;
	if (segment == MPROCI_SLOT_SEGMENTS)
		return mproci_fail(-ENOMEM,
			"%u tasks of this pool have not been closed: no more are possible", slots->count);
	added = mproc_calloc(size_of_segment(segment), sizeof *added);
	if (added == NULL)
		return -ENOMEM;
	atomic_store_explicit(&slots->segments[segment], added, memory_order_release);
	slots->count += size_of_segment(segment);
	return 0;
}

void mproci_slots_end(mproci_slots *slots)
{
	for (unsigned i = 0; i < MPROCI_SLOT_SEGMENTS; ++i)
		mproc_free(slots->segments[i]);
}

bool mproci_line_is_full(mproci_slots *slots, uint64_t written)
{
	/* The head's cache line is the workers': look at it only if it matters. */
	if (written - slots->head_seen < MPROCI_LINE_LENGTH)
		return false;
	slots->head_seen = atomic_load(&slots->head);
	return written - slots->head_seen >= MPROCI_LINE_LENGTH;
}

size_t mproci_line_length(mproci_slots *slots)
{
	uint64_t head = atomic_load(&slots->head), tail = atomic_load(&slots->tail);

	return tail > head ? tail - head : 0;
}

void mproci_line_write(mproci_slots *slots, uint64_t written, mproci_task_id id)
{
	atomic_store_explicit(&slots->line[written % MPROCI_LINE_LENGTH], id, memory_order_relaxed);
}

void mproci_line_publish(mproci_slots *slots, uint64_t written)
{
	/* seq_cst: before a look for who is awake; pairs with the fence in mproci_event_count_prepare. */
	atomic_store(&slots->tail, written);
}

bool mproci_slots_claim(mproci_slots *slots, mproci_task_id id, uint32_t worker, _Atomic mproci_task_id *at)
{
	mproci_slot *slot = mproci_slots_at(slots, mproci_task_index_of(id));
	/* Acquire, here and below: who finds it RUNNING moves the line on, and so tells what its worker says that it is at. */
	uint64_t word = atomic_load_explicit(&slot->word, memory_order_acquire);

	if (!mproci_slot_is(word, id, MPROCI_SLOT_QUEUED))
		return false;
	atomic_store_explicit(at, id, memory_order_relaxed);
	do {
		mproci_verdict old = mproci_slot_verdict(word);
		unsigned kept = mproci_verdict_code(old) & MPROCI_SLOT_AWAITED;
		mproci_verdict new = mproci_verdict_of(MPROC_ENDING_NONE, MPROCI_SLOT_RUNNING | kept, worker,
			mproci_verdict_attempts(old) + 1);

		/* Release: who sees RUNNING sees what the worker says that it is at. */
		if (atomic_compare_exchange_weak_explicit(&slot->word, &word, mproci_slot_word(id, new),
			    memory_order_acq_rel, memory_order_acquire))
			return true;
	} while (mproci_slot_is(word, id, MPROCI_SLOT_QUEUED));
	atomic_store_explicit(at, 0, memory_order_relaxed);
	return false;
}

mproci_task_id mproci_line_get(mproci_slots *slots, uint32_t worker, _Atomic mproci_task_id *at)
{
	uint64_t head = atomic_load_explicit(&slots->head, memory_order_acquire);

	while (head < atomic_load_explicit(&slots->tail, memory_order_acquire)) {
		mproci_task_id id =
			atomic_load_explicit(&slots->line[head % MPROCI_LINE_LENGTH], memory_order_relaxed);
		bool is_ours = mproci_slots_claim(slots, id, worker, at);

		/* Failing, it is where somebody else has moved it. */
		if (atomic_compare_exchange_strong(&slots->head, &head, head + 1))
			++head;
		if (is_ours)
			return id;
	}
	return 0;
}

void mproci_slot_begin_again(mproci_slot *slot)
{
	/* The attempts are the lowest bits. */
	atomic_fetch_add(&slot->word, 1);
}

void mproci_slot_requeue(mproci_slot *slot, mproci_task_id id)
{
	uint64_t word = atomic_load(&slot->word);
	mproci_verdict verdict;

	do {
		verdict = mproci_slot_verdict(word);
		verdict = mproci_verdict_of(MPROC_ENDING_NONE,
			MPROCI_SLOT_QUEUED | (mproci_verdict_code(verdict) & MPROCI_SLOT_AWAITED),
			mproci_verdict_worker(verdict), mproci_verdict_attempts(verdict));
	} while (!atomic_compare_exchange_weak(&slot->word, &word, mproci_slot_word(id, verdict)));
}

bool mproci_slot_await(mproci_slot *slot, mproci_task_id id)
{
	uint64_t word = atomic_load(&slot->word);
	const uint64_t awaited = (uint64_t)MPROCI_SLOT_AWAITED << 16;

	while (!mproci_slot_has_ended(word, id)) {
		if ((word & awaited) != 0 || atomic_compare_exchange_weak(&slot->word, &word, word | awaited))
			return true;
	}
	return false;
}

bool mproci_slot_end(mproci_slot *slot, mproci_task_id id, mproci_verdict verdict)
{
	uint64_t old = atomic_exchange(&slot->word, mproci_slot_word(id, verdict));

	return (mproci_verdict_code(mproci_slot_verdict(old)) & MPROCI_SLOT_AWAITED) != 0;
}

bool mproci_slot_end_queued(mproci_slot *slot, mproci_task_id id, mproc_ending ending, bool *ret_awaited)
{
	uint64_t word = atomic_load(&slot->word);

	while (mproci_slot_is(word, id, MPROCI_SLOT_QUEUED)) {
		unsigned attempts = mproci_verdict_attempts(mproci_slot_verdict(word));
		mproci_verdict verdict = mproci_verdict_of(
			ending, 0, mproci_verdict_worker(mproci_slot_verdict(word)), attempts);

		*ret_awaited = (mproci_verdict_code(mproci_slot_verdict(word)) & MPROCI_SLOT_AWAITED) != 0;
		if (atomic_compare_exchange_weak(&slot->word, &word, mproci_slot_word(id, verdict)))
			return true;
	}
	return false;
}
