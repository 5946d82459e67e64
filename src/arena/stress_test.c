/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes exchange blocks through slots: each takes a random slot's block, verifies it and frees it or
 * changes its size, or allocates one, and puts it there.  Every block is filled with a pattern that follows from its size.
 */
#include "arena/fixture.h"
#include "family/member.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SLOTS = 2000,
	WORKERS = 4,
	ROUNDS = 100000,
	KILLS = 100,
};

typedef struct block {
	size_t size;
	unsigned char bytes[];
} block;

/* Not in the arena, which is what is tested. */
static struct {
	_Atomic(block *) slots[SLOTS];
	_Atomic uint32_t steps;
	_Atomic bool stop;
	_Atomic mproci_id ids[WORKERS];
} * shared;

static void setup(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(shared != MAP_FAILED);
}

static void teardown(void)
{
	munmap(shared, sizeof *shared);
}

static size_t random_size(unsigned *seed)
{
	unsigned dice = (unsigned)rand_r(seed) % 100;

	if (dice < 80)
		return sizeof(block) + 8 + (unsigned)rand_r(seed) % 300;
	if (dice < 97)
		return sizeof(block) + 8 + (unsigned)rand_r(seed) % 9000;
	return sizeof(block) + 8 + (unsigned)rand_r(seed) % 200000;
}

static void *take(size_t size, unsigned *seed)
{
	size_t alignment = (size_t)1 << (unsigned)rand_r(seed) % 20;
	int dice = rand_r(seed) % 8;

	if (dice == 0)
		return mproc_aligned_alloc(alignment, size);
	return dice < 3 ? mproc_calloc(1, size) : mproc_alloc(size);
}

/* May get NULL, for which it ends. */
static block *fill(block *made, size_t size)
{
	if (made == NULL)
		abort();
	made->size = size;
	memset(made->bytes, (int)size, size - sizeof *made);
	return made;
}

static block *make(unsigned *seed)
{
	size_t size = random_size(seed);

	return fill(take(size, seed), size);
}

static void verify(const block *made, size_t size, unsigned char with)
{
	for (size_t i = 0; i < size - sizeof *made; ++i) {
		if (made->bytes[i] != with)
			abort();
	}
}

static void unmake(block *made)
{
	verify(made, made->size, (unsigned char)made->size);
	if (mproc_free(made) != 0)
		abort();
}

static block *remake(block *made, unsigned *seed)
{
	size_t size = random_size(seed), old_size = made->size;

	made = mproc_realloc(made, size);
	if (made == NULL)
		abort();
	verify(made, size < old_size ? size : old_size, (unsigned char)old_size);
	return fill(made, size);
}

/* At any time this has at most one block in its hands, or, in the middle of a change of size, two. */
static void step(unsigned *seed)
{
	_Atomic(block *) *slot = &shared->slots[(unsigned)rand_r(seed) % SLOTS];
	block *there = atomic_exchange(slot, NULL), *nothing = NULL, *made;

	if (there != NULL && rand_r(seed) % 2 == 0) {
		unmake(there);
		return;
	}
	made = there == NULL ? make(seed) : remake(there, seed);
	if (!atomic_compare_exchange_strong(slot, &nothing, made))
		unmake(made);
}

static void empty_slots(void)
{
	for (int i = 0; i < SLOTS; ++i) {
		block *there = atomic_exchange(&shared->slots[i], NULL);

		if (there != NULL)
			unmake(there);
	}
}

static void check_nothing_is_left(uint32_t lost)
{
	mproci_arena_census census = fixture_census_at_rest();

	ck_assert_uint_le(census.small_used + census.big_blocks, lost);
	ck_assert_uint_eq(census.small_freed, 0);
	ck_assert_uint_eq(census.held_units, 0);
	ck_assert_uint_eq(census.orphans, 0);
	ck_assert_uint_le(census.spans, census.small_used);
}

START_TEST(one_thread_at_random)
{
	unsigned seed = 1;

	for (int i = 0; i < ROUNDS; ++i) {
		step(&seed);
		if (i % (ROUNDS / 50) == 0)
			fixture_census();
	}
	empty_slots();
	check_nothing_is_left(0);
}
END_TEST

static void *work_in_thread(void *seed)
{
	for (int i = 0; i < ROUNDS / 2; ++i)
		step(seed);
	return NULL;
}

START_TEST(four_threads_at_random_free_what_others_allocated)
{
	unsigned seeds[WORKERS];
	pthread_t threads[WORKERS];

	for (unsigned i = 0; i < WORKERS; ++i) {
		seeds[i] = i + 1;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work_in_thread, &seeds[i]), 0);
	}
	for (int i = 0; i < 20; ++i)
		fixture_census();
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	empty_slots();
	check_nothing_is_left(0);
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
		uint32_t steps = atomic_load(&shared->steps) + (unsigned)rand_r(&seed) % 3000;
		int victim = rand_r(&seed) % WORKERS;

		while ((int32_t)(atomic_load(&shared->steps) - steps) < 0
			|| atomic_load(&shared->ids[victim]) == 0)
			sched_yield();
		ck_assert_int_eq(kill(pids[victim], SIGKILL), 0);
		ck_assert_msg(bury_worker(victim, pids[victim]), "worker %d failed", victim);
		if (kills % 10 == 0)
			fixture_census();
		pids[victim] = start_worker(victim, (unsigned)(WORKERS + kills));
	}
	atomic_store(&shared->stop, true);
	for (int i = 0; i < WORKERS; ++i)
		ck_assert_msg(!bury_worker(i, pids[i]), "worker %d was killed", i);
	empty_slots();
	/* What a killed worker had in its hands. */
	check_nothing_is_left(2 * KILLS);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		one_thread_at_random,
		four_threads_at_random_free_what_others_allocated,
		NULL,
	};
	const TTest *process_tests[] = {
		four_processes_at_random_while_they_are_killed,
		NULL,
	};
	const support_suite suite = {
		.name = "arena, stress",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = fixture_warm_up,
		.setup = setup,
		.teardown = teardown,
	};

	return support_run_suite(&suite);
}
