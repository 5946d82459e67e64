/* SPDX-License-Identifier: MIT */
#include "channel/envelope.h"

#include "arena/place.h"
#include "base/error.h"
#include "family/member.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	/* Envelopes of the first chunk; a power of two. */
	FIRST_CHUNK = 64,
};

/* A free envelope keeps its block if that and those of all before it, were they as large, have no more than this. */
static const size_t KEPT = 8 << 20;

/* So many are looked at first. */
static const uint32_t FEW = 8;

/* In front of each message, to find its envelope. */
typedef struct header {
	const mproci_envelopes *envelopes;
	uint64_t index;
} header;

static uint32_t own_stamp(void)
{
	return mproci_member_stamp(mproci_member_self());
}

static uint32_t chunk_of(uint32_t index)
{
	return index < FIRST_CHUNK ? 0 : 32 - (uint32_t)__builtin_clz(index / FIRST_CHUNK);
}

/* Envelopes before a chunk. */
static uint32_t first_of(uint32_t chunk)
{
	return chunk == 0 ? 0 : (uint32_t)FIRST_CHUNK << (chunk - 1);
}

mproci_envelope *mproci_envelope_at(mproci_envelopes *envelopes, uint32_t index)
{
	uint32_t chunk = chunk_of(index);
	mproci_envelope *first = atomic_load_explicit(&envelopes->chunks[chunk], memory_order_relaxed);

	return &first[index - first_of(chunk)];
}

mproci_envelope *mproci_envelope_find(mproci_envelopes *envelopes, uint64_t index)
{
	if (index >= atomic_load_explicit(&envelopes->count, memory_order_acquire))
		return NULL;
	return mproci_envelope_at(envelopes, (uint32_t)index);
}

bool mproci_envelope_is_own(const mproci_envelope *envelope, mproci_envelope_state state)
{
	uint64_t word = atomic_load_explicit(&envelope->word, memory_order_relaxed);

	return mproci_envelope_state_of(word) == state && mproci_envelope_owner_of(word) == own_stamp();
}

void mproci_envelope_deliver(mproci_envelope *envelope, mproci_envelope_state state)
{
	uint64_t word = atomic_load_explicit(&envelope->word, memory_order_relaxed);
	uint32_t deliveries = mproci_envelope_deliveries_of(word);

	/* More than can be counted is as often as can be counted. */
	if (deliveries < MPROCI_ENVELOPE_MOST_DELIVERIES)
		++deliveries;
	atomic_store(&envelope->word, mproci_envelope_word(state, own_stamp(), deliveries));
}

static mproci_envelope *take_at(mproci_envelopes *envelopes, uint32_t index, uint64_t mine)
{
	mproci_envelope *envelope = mproci_envelope_at(envelopes, index);
	uint64_t word = atomic_load_explicit(&envelope->word, memory_order_relaxed);

	if (mproci_envelope_state_of(word) != MPROCI_ENVELOPE_FREE
		|| !atomic_compare_exchange_strong(&envelope->word, &word, mine))
		return NULL;
	return envelope;
}

/*
 * The one that was freed last, which is in the cache; or one of the first, which keep the largest blocks; or from where the last
 * search ended, round the table: with a long queue, what is free is about there.
 */
mproci_envelope *mproci_envelope_take(mproci_envelopes *envelopes)
{
	uint32_t count = atomic_load_explicit(&envelopes->count, memory_order_acquire);
	uint32_t hint = atomic_load_explicit(&envelopes->hint, memory_order_relaxed);
	uint32_t freed = atomic_load_explicit(&envelopes->freed, memory_order_relaxed);
	uint64_t mine = mproci_envelope_word(MPROCI_ENVELOPE_FILLING, own_stamp(), 0);
	mproci_envelope *envelope = NULL;

	if (freed != 0 && freed <= count) {
		atomic_store_explicit(&envelopes->freed, 0, memory_order_relaxed);
		envelope = take_at(envelopes, freed - 1, mine);
	}
	for (uint32_t index = 0; envelope == NULL && index < FEW && index < count; ++index)
		envelope = take_at(envelopes, index, mine);
	for (uint32_t looks = 0; envelope == NULL && looks < count; ++looks) {
		uint32_t index = (hint + looks) % count;

		envelope = take_at(envelopes, index, mine);
		if (envelope != NULL)
			atomic_store_explicit(&envelopes->hint, index + 1, memory_order_relaxed);
	}
	return envelope;
}

int mproci_envelope_grow(mproci_envelopes *envelopes)
{
	uint32_t count = atomic_load_explicit(&envelopes->count, memory_order_relaxed);
	uint32_t chunk = chunk_of(count), more = chunk == 0 ? FIRST_CHUNK : count;
	mproci_envelope *first;
	int rc;

	if (chunk == MPROCI_ENVELOPE_CHUNKS)
		return mproci_fail(-ENOMEM, "queue: %u large messages are the most", count);
	/* One that was made by somebody who was killed before he could count it. */
	mproci_place_empty(&envelopes->chunks[chunk]);
	rc = mproci_place_fill(&envelopes->chunks[chunk], more * sizeof *first);
	if (rc < 0)
		return rc;
	first = atomic_load_explicit(&envelopes->chunks[chunk], memory_order_relaxed);
	memset((void *)first, 0, more * sizeof *first);
	for (uint32_t i = 0; i < more; ++i)
		first[i].index = count + i;
	atomic_store_explicit(&envelopes->hint, count, memory_order_relaxed);
	atomic_store_explicit(&envelopes->count, count + more, memory_order_release);
	return 0;
}

int mproci_envelope_fit(mproci_envelopes *envelopes, mproci_envelope *envelope, size_t size)
{
	header *place = atomic_load_explicit(&envelope->block, memory_order_relaxed);
	int rc = 0;

	if (place == NULL || envelope->capacity < size) {
		/* Killed anywhere here, it keeps a block whose room nobody relies on. */
		envelope->capacity = 0;
		atomic_signal_fence(memory_order_seq_cst);
		mproci_place_empty(&envelope->block);
		rc = size > SIZE_MAX - sizeof *place
			     ? mproci_fail(-ENOMEM, "message of %zu bytes: no memory holds it", size)
			     : mproci_place_fill(&envelope->block, sizeof *place + size);
	}
	if (rc < 0)
		return rc;
	place = atomic_load_explicit(&envelope->block, memory_order_relaxed);
	*place = (header){envelopes, envelope->index};
	if (envelope->capacity < size)
		envelope->capacity = size;
	return 0;
}

static bool keeps_block(const mproci_envelope *envelope)
{
	return envelope->capacity <= KEPT / (envelope->index + 1);
}

static void set_free(mproci_envelopes *envelopes, mproci_envelope *envelope)
{
	uint32_t freed = 1 + envelope->index;

	atomic_store_explicit(&envelope->word, 0, memory_order_release);
	/* Once it was, it may be another's. */
	atomic_store_explicit(&envelopes->freed, freed, memory_order_relaxed);
}

void mproci_envelope_release(mproci_envelopes *envelopes, mproci_envelope *envelope)
{
	if (!keeps_block(envelope))
		mproci_place_empty(&envelope->block);
	else if (envelope->index >= atomic_load_explicit(&envelopes->kept, memory_order_relaxed))
		atomic_store_explicit(&envelopes->kept, envelope->index + 1, memory_order_relaxed);
	set_free(envelopes, envelope);
}

void mproci_envelope_shrink(mproci_envelopes *envelopes)
{
	uint64_t mine = mproci_envelope_word(MPROCI_ENVELOPE_FILLING, own_stamp(), 0);

	for (uint32_t index = atomic_exchange(&envelopes->kept, 0); index > 0; --index) {
		mproci_envelope *envelope = take_at(envelopes, index - 1, mine);

		if (envelope == NULL)
			continue;
		mproci_place_empty(&envelope->block);
		set_free(envelopes, envelope);
	}
}

void *mproci_envelope_message(const mproci_envelope *envelope)
{
	return (header *)atomic_load_explicit(&envelope->block, memory_order_relaxed) + 1;
}

mproci_envelope *mproci_envelope_of(mproci_envelopes *envelopes, const void *message)
{
	const header *place = (const header *)((uintptr_t)message - sizeof *place);
	mproci_envelope *envelope;

	if (message == NULL || (uintptr_t)message % sizeof *place != 0 || !mproci_family_holds(place)
		|| place->envelopes != envelopes)
		return NULL;
	envelope = mproci_envelope_find(envelopes, place->index);
	if (envelope == NULL || atomic_load_explicit(&envelope->block, memory_order_relaxed) != place
		|| mproci_envelope_owner_of(atomic_load(&envelope->word)) != own_stamp())
		return NULL;
	return envelope;
}

/* Nobody is told more often of the same death: it is this process's, or a returned one. */
static void settle(mproci_envelopes *envelopes, mproci_envelope *envelope, uint64_t word)
{
	uint32_t deliveries = mproci_envelope_deliveries_of(word);
	bool is_owed = mproci_envelope_state_of(word) == MPROCI_ENVELOPE_OWED;
	uint64_t next = is_owed ? mproci_envelope_word(MPROCI_ENVELOPE_RETURNED, 0, deliveries)
				: mproci_envelope_word(MPROCI_ENVELOPE_FILLING, own_stamp(), 0);

	if (atomic_compare_exchange_strong(&envelope->word, &word, next) && !is_owed)
		mproci_envelope_release(envelopes, envelope);
}

static bool is_left_by_dead(uint64_t word)
{
	return mproci_envelope_owner_of(word) != 0 && !mproci_member_is_there(mproci_envelope_owner_of(word));
}

static void push(mproci_envelope *envelope, mproci_returned *returned)
{
	envelope->next = returned->first;
	returned->first = 1 + envelope->index;
	returned->bytes += envelope->size;
	atomic_fetch_add(&returned->count, 1);
}

void mproci_envelope_sweep(mproci_envelopes *envelopes, mproci_returned *returned)
{
	returned->first = 0;
	returned->bytes = 0;
	atomic_store(&returned->count, 0);
	/* Backwards: those taken first are about those put first. */
	for (uint32_t index = atomic_load(&envelopes->count); index > 0; --index) {
		mproci_envelope *envelope = mproci_envelope_at(envelopes, index - 1);
		uint64_t word = atomic_load(&envelope->word);

		if (is_left_by_dead(word))
			settle(envelopes, envelope, word);
		if (mproci_envelope_state_of(atomic_load(&envelope->word)) == MPROCI_ENVELOPE_RETURNED)
			push(envelope, returned);
	}
}

void mproci_envelope_return(mproci_envelope *envelope, mproci_returned *returned)
{
	uint64_t word = atomic_load_explicit(&envelope->word, memory_order_relaxed);

	atomic_store(&envelope->word,
		mproci_envelope_word(MPROCI_ENVELOPE_RETURNED, 0, mproci_envelope_deliveries_of(word)));
	push(envelope, returned);
}

mproci_envelope *mproci_envelope_redeliver(mproci_envelopes *envelopes, mproci_returned *returned)
{
	mproci_envelope *envelope;

	if (returned->first == 0)
		return NULL;
	envelope = mproci_envelope_at(envelopes, returned->first - 1);
	returned->first = envelope->next;
	returned->bytes -= envelope->size;
	mproci_envelope_deliver(envelope, MPROCI_ENVELOPE_OWED);
	atomic_fetch_sub(&returned->count, 1);
	return envelope;
}

bool mproci_envelope_is_any_owed(mproci_envelopes *envelopes)
{
	uint32_t count = atomic_load_explicit(&envelopes->count, memory_order_acquire);
	bool is_owed = false;

	for (uint32_t index = 0; !is_owed && index < count; ++index) {
		uint64_t word = atomic_load(&mproci_envelope_at(envelopes, index)->word);

		is_owed = mproci_envelope_state_of(word) == MPROCI_ENVELOPE_OWED;
	}
	return is_owed;
}

/* The count last: whoever goes on for one that was killed finds what is left. */
void mproci_envelope_destroy(mproci_envelopes *envelopes)
{
	uint32_t count = atomic_load(&envelopes->count);

	for (uint32_t index = 0; index < count; ++index)
		mproci_place_empty(&mproci_envelope_at(envelopes, index)->block);
	atomic_store(&envelopes->count, 0);
	for (uint32_t chunk = 0; chunk < MPROCI_ENVELOPE_CHUNKS; ++chunk)
		mproci_place_empty(&envelopes->chunks[chunk]);
}
