/* SPDX-License-Identifier: MIT */
/*
 * A generator in shared memory: whoever goes on with it draws the number that
 * the victim was about to draw, or the one behind that; never one of the block
 * before.
 */
#include "crash.h"

#include "base/random.h"

#include <stdatomic.h>

enum {
	SEED = 1,
	STREAM = 2,
	/* Drawn before, so that the victim makes a block. */
	DRAWN = MPROCI_RANDOM_BLOCK,
	/* The word of a generator that counts them, and where its block begins. */
	POSITION = 2,
	BLOCK = 4,
};

typedef struct dice {
	mproc_random random;
	_Atomic crash_stage stage;
} dice;

static void make_dice(void *shared)
{
	dice *all = shared;

	mproc_random_init(&all->random, SEED, STREAM);
	for (int i = 0; i < DRAWN; ++i)
		mproc_random_bits(&all->random);
}

static void draw(void *shared)
{
	dice *all = shared;

	all->stage = CRASH_INSIDE;
	mproc_random_bits(&all->random);
	all->stage = CRASH_AFTER;
}

static void draw_before_there_is_a_block(void *shared)
{
	dice *all = shared;

	++all->random.opaque[POSITION];
	atomic_signal_fence(memory_order_seq_cst);
	mproci_random_block((uint64_t[MPROCI_RANDOM_BLOCK]){DRAWN / MPROCI_RANDOM_BLOCK},
		(uint64_t[]){SEED, STREAM}, &all->random.opaque[BLOCK]);
}

static void check_draw(void *shared)
{
	dice *all = shared;
	bool has_happened = all->random.opaque[POSITION] != DRAWN;
	mproc_random expected;

	crash_expect_outcome(all->stage, has_happened);
	mproc_random_init(&expected, SEED, STREAM);
	for (int i = 0; i < DRAWN + has_happened; ++i)
		mproc_random_bits(&expected);
	for (int i = 0; i < 2 * MPROCI_RANDOM_BLOCK; ++i)
		crash_expect(mproc_random_bits(&all->random) == mproc_random_bits(&expected),
			"number %d behind the kill is another one", i);
}

const crash_operation crash_random_operations[] = {
	{
		.name = "random: draw",
		.size = sizeof(dice),
		.set_up = make_dice,
		.operate = draw,
		.survive = check_draw,
	},
	{
		.name = "mistake: a number is counted before it is there",
		.size = sizeof(dice),
		.set_up = make_dice,
		.operate = draw_before_there_is_a_block,
		.survive = check_draw,
		.is_mistake = true,
	},
	{0},
};
