/* SPDX-License-Identifier: MIT */
/*
 * What is killed in the middle: tests/crash/crash_place.c.
 */
#include "arena/place.h"

#include "arena/fixture.h"
#include "family/member.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SMALL = 200,
	BIG = 100000,
	/* More small ones than there are in a span. */
	COUNT = 1000,
	PLACES = 200,
	WORKERS = 4,
	ROUNDS = 20000,
	KILLS = 100,
};

/* A place, and who is at it. */
typedef struct compartment {
	mproci_lock lock;
	void *_Atomic place;
} compartment;

/* In the arena, one block of it. */
typedef struct shelf {
	compartment compartments[PLACES];
	_Atomic uint32_t steps;
	_Atomic bool stop;
	_Atomic mproci_id ids[WORKERS];
} shelf;

static shelf *shared;
static void *_Atomic *place;

static void setup(void)
{
	shared = mproc_calloc(1, sizeof *shared);
	ck_assert_ptr_nonnull(shared);
	for (int i = 0; i < PLACES; ++i)
		ck_assert_int_eq(mproci_lock_init(&shared->compartments[i].lock, MPROCI_LOCK_OF_PROGRAM), 0);
	place = &shared->compartments[0].place;
}

static void teardown(void)
{
	ck_assert_int_eq(mproc_free(shared), 0);
}

/* Blocks in use beside the shelf. */
static uint32_t used(void)
{
	mproci_arena_census census = fixture_census_at_rest();

	ck_assert_uint_eq(census.small_freed, 0);
	ck_assert_uint_eq(census.held_units, 0);
	return census.small_used + census.big_blocks - 1;
}

static void fill(size_t size)
{
	fixture_require(mproci_place_fill(place, size) == 0);
}

START_TEST(filled_place_has_a_block_of_the_size_asked_for)
{
	static const size_t sizes[] = {0, 1, SMALL, MPROCI_SMALL_MAX, MPROCI_SMALL_MAX + 1, BIG};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
		fill(sizes[i]);
		ck_assert_uint_ge(mproc_usable_size(*place), sizes[i]);
		memset(*place, 1, sizes[i]);
		ck_assert_uint_eq(used(), 1);
		mproci_place_empty(place);
		ck_assert_uint_eq(used(), 0);
	}
}
END_TEST

START_TEST(emptied_place_is_null_and_its_block_is_free)
{
	static const size_t sizes[] = {SMALL, BIG};

	for (int i = 0; i < 2; ++i) {
		void *block;

		fill(sizes[i]);
		block = *place;
		mproci_place_empty(place);
		ck_assert_ptr_null(*place);
		ck_assert_uint_eq(mproc_usable_size(block), 0);
		ck_assert_int_eq(mproc_free(block), -EALREADY);
		ck_assert_uint_eq(fixture_census().held_units, 0);
	}
}
END_TEST

START_TEST(place_can_be_emptied_twice)
{
	mproci_place_empty(place);
	fill(SMALL);
	mproci_place_empty(place);
	mproci_place_empty(place);
	ck_assert_ptr_null(*place);
	ck_assert_uint_eq(used(), 0);
}
END_TEST

START_TEST(place_stays_empty_when_there_is_no_room)
{
	size_t whole = (size_t)mproci_arena_here->unit_limit * MPROCI_UNIT_SIZE;

	ck_assert_int_eq(mproci_place_fill(place, whole + 1), -ENOMEM);
	support_check_text("no room for");
	ck_assert_int_eq(mproci_place_fill(place, whole), -ENOMEM);
	support_check_text("no room for");
	ck_assert_ptr_null(*place);
	ck_assert_uint_eq(used(), 0);
}
END_TEST

START_TEST(place_that_was_overwritten_is_emptied)
{
	*place = &shared->compartments[1];
	mproci_place_empty(place);
	ck_assert_ptr_null(*place);
	*place = &used;
	mproci_place_empty(place);
	ck_assert_ptr_null(*place);
}
END_TEST

START_TEST(blocks_of_places_are_used_again)
{
	uint32_t units;

	fill(SMALL);
	mproci_place_empty(place);
	fill(BIG);
	mproci_place_empty(place);
	units = fixture_census().units;
	for (int i = 0; i < 10 * COUNT; ++i) {
		fill(i % 10 == 0 ? BIG : SMALL);
		mproci_place_empty(place);
	}
	ck_assert_uint_eq(fixture_census().units, units);
}
END_TEST

/* Allocate so many that a block of the same size which may be used again is. */
static bool is_used_again(const void *block, size_t size)
{
	static void *others[COUNT];
	int count = size == SMALL ? COUNT : 3;
	bool is_found = false;

	for (int i = 0; i < count; ++i) {
		others[i] = mproc_alloc(size);
		ck_assert_ptr_nonnull(others[i]);
		is_found |= others[i] == block;
	}
	for (int i = 0; i < count; ++i)
		ck_assert_int_eq(mproc_free(others[i]), 0);
	return is_found;
}

static int empty_place(void *unused)
{
	(void)unused;
	mproci_place_empty(place);
	return 0;
}

START_TEST(block_from_a_place_that_another_thread_empties_is_used_again)
{
	void *block;

	fill(SMALL);
	block = *place;
	support_in_thread(empty_place, NULL);
	ck_assert(is_used_again(block, SMALL));
}
END_TEST

/* While this thread is at it, as far as others can tell. */
static void check_use(size_t size)
{
	void *block;

	fill(size);
	block = *place;
	mproci_thread_moves(block, place);
	support_in_thread(empty_place, NULL);
	ck_assert_uint_eq(mproc_usable_size(block), 0);
	ck_assert(!is_used_again(block, size));
	mproci_thread_moves(NULL, NULL);
	fixture_census_at_rest();
	ck_assert(is_used_again(block, size));
	ck_assert_uint_eq(used(), 0);
}

START_TEST(small_block_is_not_used_again_while_a_thread_moves_it)
{
	check_use(SMALL);
}
END_TEST

START_TEST(big_block_is_not_used_again_while_a_thread_moves_it)
{
	check_use(BIG);
}
END_TEST

static _Atomic uint32_t has_emptied, may_end;

static int empty_and_stay(void *unused)
{
	empty_place(unused);
	has_emptied = 1;
	support_await(&may_end, 1);
	return 0;
}

START_TEST(big_block_is_used_again_when_nobody_moves_it_any_more_though_nobody_ends)
{
	support_thread thread;
	void *block;

	fill(BIG);
	block = *place;
	mproci_thread_moves(block, place);
	used();
	support_begin(&thread, empty_and_stay, NULL);
	support_await(&has_emptied, 1);
	mproci_thread_moves(NULL, NULL);
	ck_assert(is_used_again(block, BIG));
	may_end = 1;
	support_end(&thread);
}
END_TEST

START_TEST(memory_of_a_place_is_not_used_again_while_a_thread_is_at_it)
{
	static char elsewhere;
	char *memory = mproc_alloc(BIG);

	mproci_thread_moves(&elsewhere, (void *_Atomic *)(void *)(memory + 64));
	ck_assert_int_eq(support_in_thread(mproc_free, memory).result, 0);
	ck_assert(!is_used_again(memory, BIG));
	mproci_thread_moves(NULL, NULL);
	fixture_census_at_rest();
	ck_assert(is_used_again(memory, BIG));
}
END_TEST

static int use_place_without_id(void *unused)
{
	(void)unused;
	ck_assert_uint_eq(mproci_thread_self(), 0);
	fill(SMALL);
	ck_assert_uint_ge(mproc_usable_size(*place), SMALL);
	mproci_place_empty(place);
	ck_assert_ptr_null(*place);
	fill(BIG);
	ck_assert_uint_ge(mproc_usable_size(*place), BIG);
	mproci_place_empty(place);
	/* Of somebody else. */
	++place;
	mproci_place_empty(place);
	ck_assert_ptr_null(*place);
	return 0;
}

START_TEST(thread_that_finds_the_table_full_fills_and_empties)
{
	mproci_thread *slots = mproci_family_here->threads;
	uint64_t old;

	place = &shared->compartments[1].place;
	fill(SMALL);
	--place;
	ck_assert_ptr_null(*place);
	for (int i = 0; i < MPROCI_THREADS; ++i) {
		old = 0;
		atomic_compare_exchange_strong(&slots[i].word, &old, UINT64_C(0x100000001));
	}
	support_in_thread(use_place_without_id, NULL);
	for (int i = 0; i < MPROCI_THREADS; ++i) {
		old = UINT64_C(0x100000001);
		atomic_compare_exchange_strong(&slots[i].word, &old, 0);
	}
	ck_assert_uint_eq(used(), 0);
}
END_TEST

static size_t random_size(unsigned *seed)
{
	static const size_t limits[] = {100, 300, 9000, 200000};

	return (unsigned)rand_r(seed) % limits[(unsigned)rand_r(seed) % 4];
}

static void step(unsigned *seed)
{
	compartment *here = &shared->compartments[(unsigned)rand_r(seed) % PLACES];

	if (mproci_lock_take(&here->lock, MPROC_FOREVER) < 0)
		abort();
	if (here->place != NULL)
		mproci_place_empty(&here->place);
	else if (mproci_place_fill(&here->place, random_size(seed)) < 0)
		abort();
	mproci_lock_release(&here->lock);
}

/* Each place that is not empty has a block, and nobody else has any. */
static void check_places(void)
{
	uint32_t filled = 0;

	for (int i = 0; i < PLACES; ++i) {
		void *block = shared->compartments[i].place;

		filled += block != NULL;
		ck_assert(block == NULL || mproc_usable_size(block) > 0);
	}
	ck_assert_uint_eq(used(), filled);
	for (int i = 0; i < PLACES; ++i)
		mproci_place_empty(&shared->compartments[i].place);
	ck_assert_uint_eq(used(), 0);
}

static int work_in_thread(void *seed)
{
	for (int i = 0; i < ROUNDS; ++i)
		step(seed);
	return 0;
}

START_TEST(four_threads_at_random)
{
	unsigned seeds[WORKERS];
	support_thread threads[WORKERS];

	for (unsigned i = 0; i < WORKERS; ++i) {
		seeds[i] = i + 1;
		support_begin(&threads[i], work_in_thread, &seeds[i]);
	}
	for (int i = 0; i < WORKERS; ++i)
		support_end(&threads[i]);
	check_places();
}
END_TEST

/* ---- the dead ---- */

typedef struct move {
	void *block;
	void *_Atomic *place;
} move;

static int note_move(void *argument)
{
	const move *noted = argument;
	int rc = mproci_heap_enter();

	if (rc == 0)
		mproci_thread_moves(noted->block, noted->place);
	return rc;
}

/* Bury somebody who was killed at it. */
static void bury_mover(void *block, void *_Atomic *its_place)
{
	move noted = {block, its_place};

	support_kill(support_fork_and_keep(note_move, &noted));
	mproci_member_sweep();
}

START_TEST(block_that_the_dead_had_in_no_place_is_freed)
{
	static const size_t sizes[] = {SMALL, BIG};

	for (int i = 0; i < 2; ++i) {
		void *block;

		fill(sizes[i]);
		block = atomic_exchange(place, NULL);
		bury_mover(block, place);
		ck_assert_uint_eq(mproc_usable_size(block), 0);
		ck_assert(is_used_again(block, sizes[i]));
		ck_assert_uint_eq(used(), 0);
	}
}
END_TEST

START_TEST(block_that_the_dead_had_in_its_place_stays)
{
	static const size_t sizes[] = {SMALL, BIG};

	for (int i = 0; i < 2; ++i) {
		fill(sizes[i]);
		bury_mover(*place, place);
		ck_assert_uint_ge(mproc_usable_size(*place), sizes[i]);
		ck_assert_uint_eq(used(), 1);
		mproci_place_empty(place);
		ck_assert_uint_eq(used(), 0);
	}
}
END_TEST

START_TEST(block_that_the_dead_had_and_another_freed_stays_free)
{
	static const size_t sizes[] = {SMALL, BIG};

	for (int i = 0; i < 2; ++i) {
		move noted = {.place = place};
		pid_t dead;

		fill(sizes[i]);
		noted.block = *place;
		dead = support_fork_and_keep(note_move, &noted);
		support_kill(dead);
		mproci_place_empty(place);
		ck_assert(!is_used_again(noted.block, sizes[i]));
		mproci_member_sweep();
		ck_assert(is_used_again(noted.block, sizes[i]));
		ck_assert_uint_eq(used(), 0);
	}
}
END_TEST

START_TEST(note_of_the_dead_that_makes_no_sense_does_no_harm)
{
	static char elsewhere;

	fill(SMALL);
	bury_mover(&elsewhere, place);
	bury_mover((char *)*place + 1, place);
	bury_mover(shared, NULL);
	bury_mover(shared, (void *_Atomic *)(void *)&elsewhere);
	bury_mover(shared, (void *_Atomic *)((uintptr_t)place + 1));
	bury_mover(*place, (void *_Atomic *)((uintptr_t)place + 1));
	ck_assert_uint_eq(used(), 1);
	mproci_place_empty(place);
	ck_assert_uint_eq(used(), 0);
}
END_TEST

static int bury_without_arena(void *unused)
{
	(void)unused;
	mproci_arena_here = NULL;
	mproci_member_sweep();
	return 0;
}

START_TEST(burial_by_somebody_who_has_not_needed_the_arena_frees_as_well)
{
	move noted = {.place = place};

	fill(BIG);
	noted.block = atomic_exchange(place, NULL);
	support_kill(support_fork_and_keep(note_move, &noted));
	ck_assert_int_eq(support_reap(support_fork(bury_without_arena, NULL)), 0);
	ck_assert_uint_eq(mproc_usable_size(noted.block), 0);
	ck_assert_uint_eq(used(), 0);
}
END_TEST

/* What cannot be freed stays. */
static int use_place_as_stranger(void *unused)
{
	void *block = *place;

	(void)unused;
	mproci_place_empty(place);
	ck_assert_ptr_eq(*place, block);
	return mproci_place_fill(&shared->compartments[1].place, SMALL);
}

START_TEST(process_that_cannot_join_the_family_fails_and_changes_nothing)
{
	fill(SMALL);
	support_check_refusals(use_place_as_stranger, NULL);
	ck_assert_ptr_null(shared->compartments[1].place);
	mproci_place_empty(place);
}
END_TEST

static pid_t start_worker(int index, unsigned seed)
{
	pid_t pid;

	atomic_store(&shared->ids[index], 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid != 0)
		return pid;
	if (mproci_family_join() < 0)
		abort();
	atomic_store(&shared->ids[index], mproci_member_self());
	while (!atomic_load(&shared->stop)) {
		step(&seed);
		atomic_fetch_add(&shared->steps, 1);
	}
	_exit(0);
}

/* Bury a worker after its end; returns whether it had been killed, not failed. */
static bool bury_worker(int index, pid_t pid)
{
	siginfo_t ending;

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &ending, WEXITED | WNOWAIT), 0);
	mproci_member_bury(atomic_load(&shared->ids[index]));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return ending.si_code == CLD_KILLED && ending.si_status == SIGKILL;
}

START_TEST(four_processes_at_random_while_they_are_killed)
{
	pid_t pids[WORKERS];
	unsigned seed = 1;

	for (int i = 0; i < WORKERS; ++i)
		pids[i] = start_worker(i, (unsigned)i);
	for (int kills = 0; kills < KILLS; ++kills) {
		uint32_t steps = atomic_load(&shared->steps) + (unsigned)rand_r(&seed) % 1000;
		int victim = rand_r(&seed) % WORKERS;

		while ((int32_t)(atomic_load(&shared->steps) - steps) < 0
			|| atomic_load(&shared->ids[victim]) == 0)
			sched_yield();
		ck_assert_int_eq(kill(pids[victim], SIGKILL), 0);
		ck_assert_msg(bury_worker(victim, pids[victim]), "worker %d failed", victim);
		pids[victim] = start_worker(victim, (unsigned)(WORKERS + kills));
	}
	atomic_store(&shared->stop, true);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_msg(!bury_worker(i, pids[i]), "worker %d was killed", i);
	check_places();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		filled_place_has_a_block_of_the_size_asked_for,
		emptied_place_is_null_and_its_block_is_free,
		place_can_be_emptied_twice,
		place_stays_empty_when_there_is_no_room,
		place_that_was_overwritten_is_emptied,
		blocks_of_places_are_used_again,
		block_from_a_place_that_another_thread_empties_is_used_again,
		small_block_is_not_used_again_while_a_thread_moves_it,
		big_block_is_not_used_again_while_a_thread_moves_it,
		big_block_is_used_again_when_nobody_moves_it_any_more_though_nobody_ends,
		memory_of_a_place_is_not_used_again_while_a_thread_is_at_it,
		thread_that_finds_the_table_full_fills_and_empties,
		four_threads_at_random,
		NULL,
	};
	const TTest *process_tests[] = {
		block_that_the_dead_had_in_no_place_is_freed,
		block_that_the_dead_had_in_its_place_stays,
		block_that_the_dead_had_and_another_freed_stays_free,
		note_of_the_dead_that_makes_no_sense_does_no_harm,
		burial_by_somebody_who_has_not_needed_the_arena_frees_as_well,
		process_that_cannot_join_the_family_fails_and_changes_nothing,
		four_processes_at_random_while_they_are_killed,
		NULL,
	};
	const support_suite suite = {
		.name = "places",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
		.setup = setup,
		.teardown = teardown,
	};

	return support_run_suite(&suite);
}
