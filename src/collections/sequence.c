/* SPDX-License-Identifier: MIT */
/*
 * Changing a sequence.
 *
 * Every change but two is noted as a decision, made by one store, and then carried out:
 *
 *     prepare   allocate the new item in the place `coming`, and write it; note the old one in `going`;
 *               make the version odd; provide a slot; note the rest
 *     decide    is_made = true
 *     1         move what is between the hole and the goal: copy one slot, note where the hole is now, ...
 *     2         store `coming` in the slot at the goal, then NULL in `coming`
 *     3         store the first slot and the end
 *     4         free the items that are to be dropped, one by one, in the place `going`
 *     5         empty `going`
 *     6         give back chunks that are too many
 *     done      is_made = false; make the version even
 *
 * Each store is a release, so a kill leaves the memory of a prefix of them.  Killed before it is decided,
 * nobody sees any of it: whoever has the lock next frees `coming`, forgets `going`, and settles the chunks
 * (chunks.c).  Killed afterwards, he carries the decision out from the beginning, and each step may be done
 * twice, or be cut off and begun again:
 *
 *     1   the slot at the hole is copied once more from its neighbour, which is still what it was: only the
 *         hole is ever written to
 *     2   `coming` is NULL: done before.  Otherwise the slot gets it, again
 *     3   the same values
 *     4   an item is noted in `going`, its slot becomes NULL, `going` is emptied, then `drop` goes on: where
 *         the slot is NULL, `going` has the item or it is free
 *     5   mproci_place_empty may be repeated, also while the note of somebody who died in it is there
 *         (arena/README.md, "Places")
 *     6   as in chunks.c
 *
 * `coming` was filled completely when it is decided, so nobody who is buried later has a note of it.
 *
 * Readers without the lock see an odd version from before the first store that matters to them until after
 * the last, or until the lock has been taken after a death.  So nothing that was seen not to have happened
 * happens afterwards.
 *
 * The two others are one store, which needs neither a decision nor the version.  Appending, when the last
 * chunk has another slot: the item is in that slot, then the end is stored; whoever finds it in `coming`
 * afterwards looks whether it is the last one.  And writing a word over one of an item that has no other.
 */
#include "collections/sequence.h"

#include "arena/place.h"

#include <errno.h>

/* What is to be decided; by default nothing moves and nothing is dropped. */
typedef struct plan {
	uint64_t hole, goal;
	mproci_slots after, drop;
} plan;

/* In the middle of a chunk, so that the ends of a short list do not go to and fro between two. */
static const uint64_t FIRST_SLOT = (UINT64_C(1) << 63) + MPROCI_CHUNK_SLOTS / 2;

static void set(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void set_address(void *_Atomic *word, void *address)
{
	atomic_store_explicit(word, address, memory_order_release);
}

static void *get_address(void *_Atomic *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* The two stores around every change that readers must not see half of. */
static void begin(mproci_sequence *sequence)
{
	uint64_t version = atomic_load_explicit(&sequence->version, memory_order_relaxed);

	/* It is odd already when somebody has died in between. */
	atomic_store_explicit(&sequence->version, version | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void end(mproci_sequence *sequence)
{
	uint64_t version = atomic_load_explicit(&sequence->version, memory_order_relaxed);

	atomic_store_explicit(&sequence->version, (version | 1) + 1, memory_order_release);
}

/* What is damaged stays odd: readers find out with the lock. */
static int end_with(mproci_sequence *sequence, int rc)
{
	if (rc != -EBADMSG)
		end(sequence);
	return rc;
}

void mproci_sequence_init(mproci_sequence *sequence)
{
	set(&sequence->first, FIRST_SLOT);
	set(&sequence->end, FIRST_SLOT);
}

/* ---- carrying a decision out ---- */

static uint64_t distance(uint64_t one, uint64_t other)
{
	return one < other ? other - one : one - other;
}

/* Somebody may have overwritten it. */
static bool is_possible(const mproci_sequence *sequence, const mproci_decision *decision)
{
	uint64_t limit = mproci_chunks_limit(&sequence->chunks);

	return distance(get(&decision->hole), get(&decision->goal)) <= limit
	       && get(&decision->drop_end) - get(&decision->drop) <= limit
	       && get(&decision->end) - get(&decision->first) <= limit;
}

/* The slot next to the one at @slot, whose word is @word; NULL: there is none. */
static void *_Atomic *next_slot(mproci_sequence *sequence, uint64_t slot, uint64_t next, void *_Atomic *word)
{
	if (slot / MPROCI_CHUNK_SLOTS != next / MPROCI_CHUNK_SLOTS)
		return mproci_chunks_slot(&sequence->chunks, next);
	return next > slot ? word + 1 : word - 1;
}

static int move(mproci_sequence *sequence, mproci_decision *decision)
{
	uint64_t hole = get(&decision->hole), goal = get(&decision->goal);
	void *_Atomic *to, *_Atomic *from;

	if (hole == goal)
		return 0;
	for (to = mproci_chunks_slot(&sequence->chunks, hole); to != NULL && hole != goal; to = from) {
		uint64_t next = hole < goal ? hole + 1 : hole - 1;

		from = next_slot(sequence, hole, next, to);
		if (from == NULL)
			return -EBADMSG;
		set_address(to, get_address(from));
		hole = next;
		set(&decision->hole, hole);
	}
	return to == NULL ? -EBADMSG : 0;
}

static int put_in(mproci_sequence *sequence, mproci_decision *decision)
{
	void *item = get_address(&decision->coming);
	void *_Atomic *slot;

	if (item == NULL)
		return 0;
	slot = mproci_chunks_slot(&sequence->chunks, get(&decision->goal));
	if (slot == NULL)
		return -EBADMSG;
	set_address(slot, item);
	set_address(&decision->coming, NULL);
	return 0;
}

static int drop(mproci_sequence *sequence, mproci_decision *decision)
{
	void *_Atomic *slot;

	for (uint64_t at = get(&decision->drop), last = get(&decision->drop_end); at != last; ++at) {
		slot = mproci_chunks_slot(&sequence->chunks, at);
		if (slot == NULL)
			return -EBADMSG;
		if (get_address(slot) != NULL) {
			set_address(&decision->going, get_address(slot));
			set_address(slot, NULL);
		}
		mproci_place_empty(&decision->going);
		set(&decision->drop, at + 1);
	}
	return 0;
}

static int carry_out(mproci_sequence *sequence)
{
	mproci_decision *decision = &sequence->decision;
	int rc = is_possible(sequence, decision) ? 0 : -EBADMSG;

	if (rc == 0)
		rc = move(sequence, decision);
	if (rc == 0)
		rc = put_in(sequence, decision);
	if (rc < 0)
		return rc;
	set(&sequence->first, get(&decision->first));
	set(&sequence->end, get(&decision->end));
	rc = drop(sequence, decision);
	if (rc < 0)
		return rc;
	mproci_place_empty(&decision->going);
	mproci_chunks_trim(&sequence->chunks, mproci_sequence_slots(sequence));
	atomic_store_explicit(&decision->is_made, false, memory_order_release);
	return 0;
}

static int decide(mproci_sequence *sequence, const plan *next)
{
	mproci_decision *decision = &sequence->decision;

	set(&decision->hole, next->hole);
	set(&decision->goal, next->goal);
	set(&decision->first, next->after.first);
	set(&decision->end, next->after.end);
	set(&decision->drop, next->drop.first);
	set(&decision->drop_end, next->drop.end);
	atomic_store_explicit(&decision->is_made, true, memory_order_release);
	return carry_out(sequence);
}

/* Without a decision an item is the last one, or it is none. */
static void settle_appended(mproci_sequence *sequence)
{
	void *_Atomic *last = mproci_chunks_slot(&sequence->chunks, get(&sequence->end) - 1);
	/* Slots that are not in use hold what they held. */
	bool is_used = get(&sequence->end) != get(&sequence->first);

	if (is_used && last != NULL && get_address(last) == get_address(&sequence->decision.coming))
		set_address(&sequence->decision.coming, NULL);
	else
		mproci_place_empty(&sequence->decision.coming);
}

int mproci_sequence_repair(mproci_sequence *sequence)
{
	mproci_decision *decision = &sequence->decision;
	int rc = 0;

	begin(sequence);
	mproci_chunks_settle(&sequence->chunks);
	if (mproci_sequence_is_torn(sequence)) {
		rc = carry_out(sequence);
	} else {
		set_address(&decision->going, NULL);
		settle_appended(sequence);
	}
	return end_with(sequence, rc);
}

/* ---- what may be decided ---- */

/* Nobody sees the new item yet. */
static int prepare(mproci_sequence *sequence, const void *bytes, size_t size)
{
	mproci_item *item;
	int rc;

	rc = mproci_place_fill(&sequence->decision.coming, sizeof *item + mproci_words_room(size));
	if (rc < 0)
		return rc;
	item = get_address(&sequence->decision.coming);
	set(&item->size, size);
	mproci_words_write(item->words, bytes, size);
	return 0;
}

static int insert_at(mproci_sequence *sequence, mproci_slots used, const plan *next)
{
	int rc;

	rc = mproci_chunks_provide(&sequence->chunks, used, next->hole);
	if (rc == 0)
		return decide(sequence, next);
	mproci_place_empty(&sequence->decision.coming);
	return rc;
}

/* The shorter side of the position moves. */
static plan plan_insertion(mproci_slots used, uint64_t position)
{
	if (position < mproci_slots_count(used) - position)
		return (plan){
			.hole = used.first - 1,
			.goal = used.first - 1 + position,
			.after = {used.first - 1, used.end},
		};
	return (plan){
		.hole = used.end,
		.goal = used.first + position,
		.after = {used.first, used.end + 1},
	};
}

/* Whether the chunk of the last slot has another one, for a new last item. */
static bool has_next_slot(mproci_slots used)
{
	return used.first != used.end && used.end % MPROCI_CHUNK_SLOTS != 0;
}

/* Readers need not know: it is in by the store of the end. */
static int append(mproci_sequence *sequence, mproci_slots used)
{
	mproci_decision *decision = &sequence->decision;
	void *_Atomic *slot = mproci_chunks_slot(&sequence->chunks, used.end);

	if (slot == NULL)
		return -EBADMSG;
	set_address(slot, get_address(&decision->coming));
	set(&sequence->end, used.end + 1);
	set_address(&decision->coming, NULL);
	return 0;
}

int mproci_sequence_insert(mproci_sequence *sequence, uint64_t position, const void *bytes, size_t size)
{
	mproci_slots used = mproci_sequence_slots(sequence);
	plan next = plan_insertion(used, position);
	int rc;

	rc = prepare(sequence, bytes, size);
	if (rc < 0)
		return rc;
	if (position == mproci_slots_count(used) && has_next_slot(used))
		return append(sequence, used);
	begin(sequence);
	return end_with(sequence, insert_at(sequence, used, &next));
}

/* Up to a word is written by one store, which readers see whole. */
static bool set_in_place(mproci_item *item, const void *bytes, size_t size)
{
	uint64_t word = 0;

	if (size > sizeof word || get(&item->size) != size)
		return false;
	if (size > 0) {
		memcpy(&word, bytes, size);
		set(item->words, word);
	}
	return true;
}

int mproci_sequence_set(mproci_sequence *sequence, uint64_t position, const void *bytes, size_t size)
{
	mproci_slots used = mproci_sequence_slots(sequence);
	uint64_t slot = used.first + position;
	mproci_view old;
	int rc;

	if (!mproci_sequence_find(sequence, slot, &old))
		return -EBADMSG;
	if (set_in_place(old.item, bytes, size))
		return 0;
	rc = prepare(sequence, bytes, size);
	if (rc < 0)
		return rc;
	set_address(&sequence->decision.going, old.item);
	begin(sequence);
	return end_with(sequence, decide(sequence, &(plan){.hole = slot, .goal = slot, .after = used}));
}

static plan plan_deletion(mproci_slots used, uint64_t position)
{
	uint64_t slot = used.first + position;

	if (position < mproci_slots_count(used) - 1 - position)
		return (plan){.hole = slot, .goal = used.first, .after = {used.first + 1, used.end}};
	return (plan){.hole = slot, .goal = used.end - 1, .after = {used.first, used.end - 1}};
}

int mproci_sequence_delete(mproci_sequence *sequence, uint64_t position)
{
	mproci_slots used = mproci_sequence_slots(sequence);
	plan next = plan_deletion(used, position);
	mproci_view old;

	if (!mproci_sequence_find(sequence, used.first + position, &old))
		return -EBADMSG;
	set_address(&sequence->decision.going, old.item);
	begin(sequence);
	return end_with(sequence, decide(sequence, &next));
}

int mproci_sequence_clear(mproci_sequence *sequence)
{
	mproci_slots used = mproci_sequence_slots(sequence);

	begin(sequence);
	return end_with(sequence, decide(sequence, &(plan){.hole = used.end,
							   .goal = used.end,
							   .after = {used.end, used.end},
							   .drop = used}));
}

void mproci_sequence_free(mproci_sequence *sequence)
{
	mproci_chunks_free(&sequence->chunks);
}
