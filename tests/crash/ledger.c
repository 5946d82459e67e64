/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "arena/place.h"
#include "channel/queue.h"
#include "family/member.h"
#include "ground.h"
#include "sys/memory.h"

#include <errno.h>
#include <mproc/arena.h>
#include <mproc/result.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

enum {
	UNIT = MPROCI_UNIT_SIZE,
	/* Where the envelopes are: behind the queue and its ring. */
	ENVELOPES_UNIT = 2,
	/* Units whose contents are put back: more than the queues of those tests have. */
	KEPT_UNITS = 8,
	/* More units than any test uses beside those. */
	LONG_UNITS = 160,
	/* Bounds up to this one are tried. */
	SMALL_BOUND = 8,
};

char ledger_outgoing[4 * LEDGER_LARGEST];
char ledger_incoming[LEDGER_LARGEST];

typedef struct letter {
	uint32_t number, size;
	unsigned char rest[];
} letter;

/* ---- in the harness ---- */

/* The span of the queue itself, and that of its envelopes: what is in messages is nobody's yet. */
static void watch_queue(void)
{
	crash_watch(ground_units(), UNIT);
	crash_watch(ground_units() + (size_t)ENVELOPES_UNIT * UNIT, UNIT);
}

void ledger_set_up(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	watch_queue();
}

void ledger_set_up_watched(void *shared)
{
	(void)shared;
	ground_make_unwatched();
	crash_watch(ground_units(), (size_t)KEPT_UNITS * UNIT);
}

void ledger_set_up_long(void *shared)
{
	ledger_set_up(shared);
	mproci_memory_decommit(ground_units() + (size_t)GROUND_UNITS * UNIT, (size_t)LONG_UNITS * UNIT);
}

/* ---- messages ---- */

static unsigned char byte_of(uint32_t number, size_t i)
{
	return (unsigned char)(number * 7 + i);
}

void ledger_write(void *message, uint32_t number, size_t size)
{
	letter *self = message;

	self->number = number;
	self->size = (uint32_t)size;
	for (size_t i = 0; i < size - sizeof *self; ++i)
		self->rest[i] = byte_of(number, i);
}

static void check_letter(const letter *self, size_t size)
{
	crash_expect(size >= sizeof *self && self->size == size && self->number > 0
			     && self->number < LEDGER_MESSAGES,
		"a message of %zu bytes says that it is number %u with %u bytes", size, self->number,
		self->size);
	for (size_t i = 0; i < size - sizeof *self; ++i)
		crash_expect(self->rest[i] == byte_of(self->number, i), "message %u is not whole: byte %zu",
			self->number, i);
}

uint32_t ledger_note(ledger *all, const void *message, size_t size)
{
	const letter *self = message;

	check_letter(self, size);
	crash_expect(++all->got[self->number] == 1, "message %u was got twice", self->number);
	return self->number;
}

static void put(ledger *all, uint32_t number, size_t size, mproc_deadline deadline)
{
	static char message[LEDGER_LARGEST];
	int rc;

	ledger_write(message, number, size);
	do {
		rc = mproc_queue_put(all->queue, message, size, deadline);
	} while (rc == -EAGAIN);
	crash_expect(rc == 0, "message %u cannot be put: %s", number, mproc_error_text());
	++all->put[number];
}

void ledger_put(ledger *all, size_t size)
{
	put(all, ++all->next_number, size, MPROC_NOW);
}

void ledger_put_some(ledger *all, uint32_t count, size_t size)
{
	while (count-- > 0)
		ledger_put(all, size);
}

static void acknowledge(ledger *all, uint32_t number)
{
	int deliveries = mproc_queue_deliveries(all->queue, NULL);

	crash_expect(
		deliveries > 0 && deliveries < 8, "message %u was delivered %d times", number, deliveries);
	all->delivered[number] = (uint8_t)deliveries;
	crash_expect(mproc_queue_ack(all->queue, NULL) == 0, "%s", mproc_error_text());
}

uint32_t ledger_get(ledger *all, mproc_deadline deadline)
{
	static char message[LEDGER_LARGEST];
	size_t size;
	uint32_t number;
	int rc;

	do {
		rc = mproc_queue_get(all->queue, message, sizeof message, deadline, &size);
	} while (rc == -EAGAIN);
	if (rc == -ETIMEDOUT || rc == -EPIPE)
		return 0;
	crash_expect(rc == 0, "nothing can be got: %s", mproc_error_text());
	number = ledger_note(all, message, size);
	all->last_size = size;
	if (all->is_acknowledged)
		acknowledge(all, number);
	return number;
}

void ledger_get_some(ledger *all, uint32_t count)
{
	while (count-- > 0)
		crash_expect(ledger_get(all, MPROC_NOW) != 0, "nothing there");
}

/* ---- the victim ---- */

void ledger_make(ledger *all, const mproc_queue_options *options)
{
	all->victim = mproci_member_self();
	all->is_acknowledged = options != NULL && options->acknowledged;
	all->max_messages = options != NULL ? options->max_messages : 0;
	all->next_trial = LEDGER_OWN;
	crash_expect(mproc_queue_create(options, &all->queue) == 0, "%s", mproc_error_text());
}

/* Its changes are looked for where these are. */
static void check_layout(const ledger *all)
{
	void *envelopes = all->queue->envelopes.chunks[0];

	crash_expect((char *)all->queue - ground_units() < UNIT, "the queue is somewhere else");
	crash_expect(envelopes == NULL || ((char *)envelopes - ground_units()) / UNIT == ENVELOPES_UNIT,
		"the envelopes are somewhere else");
}

void ledger_plan(ledger *all, uint32_t puts, size_t size, uint32_t takes)
{
	check_layout(all);
	all->first_put = all->next_number + 1;
	all->puts = puts;
	all->size = size;
	all->takes = takes;
	for (uint32_t i = 0; i < puts; ++i)
		ledger_write(ledger_outgoing + i * size, ++all->next_number, size);
}

/* ---- those who sleep ---- */

static void be_getter(void *shared)
{
	ledger *all = shared;

	if (ledger_get(all, MPROC_FOREVER) == 0)
		crash_add(&all->told);
	crash_add(&all->getters_done);
}

static void be_putter(void *shared)
{
	ledger *all = shared;
	char message[LEDGER_SMALL];
	uint32_t number = ++all->next_number;
	int rc;

	ledger_write(message, number, sizeof message);
	rc = mproc_queue_put(all->queue, message, sizeof message, MPROC_FOREVER);
	if (rc == 0)
		++all->put[number];
	else
		crash_add(&all->told);
	crash_expect(rc == 0 || rc == -EPIPE, "%s", mproc_error_text());
	crash_add(&all->putters_done);
}

static void be_joiner(void *shared)
{
	ledger *all = shared;
	int rc = mproc_queue_join(all->queue, MPROC_FOREVER);

	if (rc == -EPIPE)
		crash_add(&all->told);
	crash_expect(rc == 0 || rc == -EPIPE, "%s", mproc_error_text());
	crash_add(&all->joiners_done);
}

void ledger_add_getter(ledger *all)
{
	++all->getters;
	all->has_companions = true;
	crash_start("a getter", be_getter);
}

void ledger_add_putter(ledger *all)
{
	++all->putters;
	all->has_companions = true;
	crash_start("a putter", be_putter);
}

void ledger_add_joiner(ledger *all)
{
	++all->joiners;
	crash_start("a joiner", be_joiner);
}

/* ---- who goes on ---- */

static size_t count(const ledger *all)
{
	ssize_t number = mproc_queue_count(all->queue);

	crash_expect(number >= 0, "%s", mproc_error_text());
	return (size_t)number;
}

static void put_trial(ledger *all, size_t size)
{
	put(all, ++all->next_trial, size, MPROC_NOW);
}

/* Nobody sleeps beside what he waits for; then all get it. */
void ledger_serve(ledger *all)
{
	while (count(all) > 0 && all->getters_done < all->getters)
		sched_yield();
	for (uint32_t left = all->getters - all->getters_done; left > 0; --left)
		put_trial(all, LEDGER_SMALL);
	crash_await(&all->getters_done, all->getters);
	while (mproc_queue_is_full(all->queue) == 0 && all->putters_done < all->putters)
		sched_yield();
	while (all->putters_done < all->putters) {
		ledger_get(all, MPROC_NOW);
		sched_yield();
	}
}

static void check_order(ledger *all, uint32_t number)
{
	crash_expect(
		all->has_companions || number > all->last, "message %u came after %u", number, all->last);
	all->last = number;
}

/* As many come out as are said to be in. */
void ledger_drain(ledger *all)
{
	size_t expected = count(all), bytes = (size_t)mproc_queue_bytes(all->queue), found = 0, sum = 0;
	uint32_t number;

	crash_expect(mproc_queue_is_empty(all->queue) == (expected == 0), "is_empty, with %zu in", expected);
	while ((number = ledger_get(all, MPROC_NOW)) != 0) {
		check_order(all, number);
		sum += all->last_size;
		++found;
	}
	crash_expect(found == expected && sum == bytes,
		"%zu messages with %zu bytes could be got, and %zu with %zu were counted", found, sum,
		expected, bytes);
	crash_expect(count(all) == 0 && mproc_queue_bytes(all->queue) == 0
			     && mproc_queue_is_empty(all->queue) == 1,
		"an empty queue has %zu messages with %zd bytes", count(all), mproc_queue_bytes(all->queue));
}

static bool is_of_victim(const ledger *all, uint32_t number)
{
	return number >= all->first_put && number - all->first_put < all->puts;
}

/* What is gone with the victim: the first, as many as it can have taken. */
static uint32_t count_lost(const ledger *all)
{
	uint32_t lost = 0;
	bool is_behind = false;

	for (uint32_t number = 1; number < LEDGER_MESSAGES; ++number) {
		crash_expect(is_of_victim(all, number) || all->got[number] <= all->put[number],
			"message %u was got, and never put", number);
		if (all->put[number] > all->got[number]) {
			++lost;
			crash_expect(all->has_companions || all->is_out_of_order || !is_behind,
				"message %u is lost, and none before", number);
		}
		is_behind |= all->put[number] > 0 && all->got[number] > 0 && lost > 0;
	}
	crash_expect(lost <= all->takes, "%u messages are lost", lost);
	return lost;
}

/* What the victim has put: those that came first. */
static uint32_t count_accepted(const ledger *all)
{
	uint32_t accepted = 0;

	for (uint32_t i = 0; i < all->puts; ++i) {
		if (all->got[all->first_put + i] == 0)
			continue;
		crash_expect(accepted == i, "the victim's message %u is there, and not that before it", i);
		++accepted;
	}
	return accepted;
}

static void check_outcome(const ledger *all)
{
	uint32_t lost = count_lost(all), accepted = count_accepted(all);

	crash_expect(all->stage != CRASH_BEFORE || lost + accepted == 0,
		"%u messages lost, %u put before it began", lost, accepted);
	crash_expect(all->stage != CRASH_AFTER || lost == all->takes, "%u messages are gone with the victim",
		lost);
	crash_expect(all->stage != CRASH_AFTER || accepted == all->puts, "%u of %u messages are put",
		accepted, all->puts);
}

static void check_delivery(const ledger *all, uint32_t number)
{
	int now = all->delivered[number], before = number <= all->owes ? all->deliveries_before : 1,
	    after = number <= all->owes ? all->deliveries_after : 1;
	bool is_so = now == before || now == after;

	if (all->stage != CRASH_INSIDE)
		is_so = now == (all->stage == CRASH_BEFORE ? before : after);
	crash_expect(is_so, "message %u was delivered %d times", number, now);
}

/* What was owed was delivered as often as the victim's stage says; not what was acknowledged before. */
static void check_deliveries(const ledger *all)
{
	for (uint32_t number = 1; number <= all->next_number; ++number) {
		if (all->delivered[number] != 0)
			check_delivery(all, number);
	}
}

/* Blocks of the arena that the queue has. */
static uint32_t count_blocks(mproc_queue *queue)
{
	uint32_t blocks = 1, envelopes = queue->envelopes.count;

	for (int i = 0; i < MPROCI_RING_LEVELS; ++i)
		blocks += queue->ring.levels[i].memory != NULL;
	for (int i = 0; i < MPROCI_ENVELOPE_CHUNKS; ++i)
		blocks += queue->envelopes.chunks[i] != NULL;
	for (uint32_t i = 0; i < envelopes; ++i)
		blocks += mproci_envelope_at(&queue->envelopes, i)->block != NULL;
	return blocks;
}

static void check_blocks(uint32_t expected, uint32_t strays)
{
	mproci_arena_census census = ground_look_at_rest();
	uint32_t used = ground_count_used(&census);

	crash_expect(used >= expected && used <= expected + strays,
		"%u blocks are in use, and the queue has %u", used, expected);
}

/* Each side, and what the dead have left. */
static void settle(ledger *all)
{
	crash_expect(mproci_queue_settle_producers(all->queue, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	crash_expect(mproci_queue_lock_consumers(all->queue, MPROC_FOREVER) == 0, "%s", mproc_error_text());
	mproci_queue_sweep(all->queue);
	mproci_biased_lock_release(&all->queue->consumers.lock);
}

/* What is said to have memory has it. */
static void check_memory(const mproci_ring_level *level)
{
	static unsigned char pages[2048];
	size_t count = level->memory != NULL ? level->provided / MPROCI_PAGE : 0;

	crash_expect(count <= sizeof pages, "a level has %zu pages", count);
	crash_expect(count == 0 || mincore(level->memory, count * MPROCI_PAGE, pages) == 0, "mincore");
	for (size_t i = 0; i < count; ++i)
		crash_expect(
			(pages[i] & 1) != 0, "of %zu pages of a level number %zu has no memory", count, i);
}

/* It is free, and its block is as large as it says. */
static void check_envelope(const mproci_envelope *envelope)
{
	crash_expect(envelope->word == 0, "nothing is in, and envelope %u is %#llx", envelope->index,
		(unsigned long long)envelope->word);
	crash_expect(envelope->block == NULL || envelope->capacity <= mproc_usable_size(envelope->block),
		"envelope %u says that its block has %zu bytes", envelope->index, envelope->capacity);
}

/* With nothing in, all envelopes are free, and all blocks are in their places. */
void ledger_check_rest(ledger *all)
{
	mproci_envelopes *envelopes = &all->queue->envelopes;

	settle(all);
	for (uint32_t i = 0; i < envelopes->count; ++i)
		check_envelope(mproci_envelope_at(envelopes, i));
	for (int i = 1; i < MPROCI_RING_LEVELS; ++i)
		check_memory(&all->queue->ring.levels[i]);
	check_blocks(count_blocks(all->queue), all->strays);
}

/* Exactly as many fit as may. */
static void fill_to_bound(ledger *all)
{
	char message[LEDGER_SMALL];
	int rc;

	for (size_t i = 0; i < all->max_messages; ++i)
		put_trial(all, LEDGER_SMALL);
	ledger_write(message, LEDGER_MESSAGES - 1, sizeof message);
	rc = mproc_queue_put(all->queue, message, sizeof message, MPROC_NOW);
	crash_expect(rc == -ETIMEDOUT && mproc_queue_is_full(all->queue) == 1, "more messages fit than %zu",
		all->max_messages);
}

void ledger_try(ledger *all)
{
	if (all->max_messages > 0 && all->max_messages <= SMALL_BOUND) {
		fill_to_bound(all);
		ledger_drain(all);
		return;
	}
	for (int i = 0; i < 3; ++i)
		put_trial(all, LEDGER_SMALL);
	put_trial(all, LEDGER_LARGE);
	for (int i = 0; i < 10; ++i)
		put_trial(all, LEDGER_INLINE);
	ledger_drain(all);
}

void ledger_check_nothing(ledger *all)
{
	check_blocks(0, all->strays);
	if (all->strays == 0)
		ground_check_empty();
}

void ledger_destroy(ledger *all)
{
	all->queue = mproc_queue_destroy(all->queue);
	ledger_check_nothing(all);
}

/* What is freed in vain is used before anybody gets it. */
static void put_among(ledger *all)
{
	settle(all);
	if (all->max_messages != 0)
		return;
	put_trial(all, LEDGER_LARGE);
	put_trial(all, LEDGER_LARGE);
}

void ledger_await_woken(ledger *all)
{
	if (all->stage == CRASH_AFTER) {
		crash_await(&all->getters_done, all->getters);
		crash_await(&all->putters_done, all->putters);
		crash_await(&all->joiners_done, all->joiners);
	}
	mproci_member_bury(all->victim);
}

void ledger_check_woken(void *shared)
{
	ledger_await_woken(shared);
	ledger_check(shared);
}

void ledger_recover(void *shared)
{
	mproci_member_bury(((ledger *)shared)->victim);
	settle(shared);
}

void ledger_check(void *shared)
{
	ledger *all = shared;

	ledger_serve(all);
	put_among(all);
	ledger_drain(all);
	check_outcome(all);
	if (all->is_acknowledged)
		check_deliveries(all);
	ledger_check_rest(all);
	ledger_try(all);
	ledger_check_rest(all);
	ledger_destroy(all);
}
