/* SPDX-License-Identifier: MIT */
/*
 * Storms: while a pool works as fast as it can, its workers are killed and stopped at random moments by somebody else, one
 * in a hundred items kills its worker by itself, and now and then the nursery is killed; then another pool goes on with what has
 * not begun.
 *
 * Each item has a line in a ledger in the arena, where it writes down when it begins and when it is done.  So afterwards one can
 * tell whether any was lost, was done twice, or has a wrong value.
 *
 * MPROC_STORM_TASKS says how many items each storm has, MPROC_TEST_SEED what becomes of which.
 */
#include "pool_helpers.h"

#include <sys/prctl.h>

enum {
	WORKERS = 4,
	USUAL_TASKS = 4000,
	/* One item of so many kills its worker, and so often is a worker killed by somebody else. */
	ONE_IN = 100,
	NURSERIES = 5,
	RETRIES = 3,
};

typedef struct line {
	_Atomic uint16_t begun, done;
} line;

typedef struct ledger {
	_Atomic uint32_t begun, is_over;
	/* 0 while there is none. */
	_Atomic pid_t nursery;
	/* Of the worker that took a task last, per number. */
	_Atomic pid_t workers[WORKERS + 1];
	_Atomic uint32_t kills, stops, killed_nurseries;
	uint32_t tasks;
	unsigned retries;
	uint64_t seed;
	line lines[];
} ledger;

static ledger *shared;

static uint64_t mix(uint64_t number)
{
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	return number ^ number >> 31;
}

static uint64_t value_of(uint32_t number)
{
	return mix(number + 1);
}

/* ---- what becomes of an item ---- */

typedef struct fate {
	mproc_ending ending;
	int code;
	/* At how many attempts it kills its worker. */
	unsigned deaths;
} fate;

static fate fate_of(uint32_t number)
{
	static const fate fates[] = {
		{MPROC_ENDING_SIGNAL, SIGKILL, 1},
		{MPROC_ENDING_SIGNAL, SIGSEGV, 1},
		{MPROC_ENDING_SIGNAL, SIGABRT, 2},
		{MPROC_ENDING_EXIT, 0, 1},
		{MPROC_ENDING_EXIT, 3, 2},
		{MPROC_ENDING_SIGNAL, SIGKILL, UINT32_MAX},
		{MPROC_ENDING_EXIT, 5, UINT32_MAX},
	};

	if ((number + shared->seed) % ONE_IN != 0)
		return (fate){.ending = MPROC_ENDING_VALUE};
	return fates[mix(number ^ shared->seed << 32) % (sizeof fates / sizeof *fates)];
}

static void die(fate how)
{
	if (how.ending == MPROC_ENDING_EXIT)
		_exit(how.code);
	raise(how.code);
}

static int work(const void *item, void *result, mproc_task *task)
{
	uint32_t number = *(const uint32_t *)item;
	fate own = fate_of(number);
	line *entry = &shared->lines[number];
	volatile uint64_t spin = 0;

	shared->workers[mproc_task_worker(task)] = getpid();
	++shared->begun;
	++entry->begun;
	while (spin < mix(number) % 60000)
		++spin;
	if (mproc_task_attempt(task) <= own.deaths)
		die(own);
	*(uint64_t *)result = value_of(number);
	++entry->done;
	return 0;
}

/* ---- who kills ---- */

static uint64_t random_state;

static uint32_t choose(uint32_t count)
{
	random_state += 0x9e3779b97f4a7c15;
	return (uint32_t)(mix(random_state) >> 32) % count;
}

static void rest(uint32_t most_microseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000L * choose(most_microseconds)}, NULL);
}

static void stop_for_a_moment(pid_t worker, pid_t nursery)
{
	signal_child(worker, nursery, SIGSTOP);
	rest(3000);
	signal_child(worker, nursery, SIGCONT);
	++shared->stops;
}

static void disturb_worker(pid_t nursery)
{
	static const int signals[] = {SIGKILL, SIGKILL, SIGSEGV, SIGABRT, SIGTERM};
	pid_t worker = shared->workers[1 + choose(WORKERS)];
	char name[32];

	if (worker == 0 || !is_child(worker, nursery, name))
		return;
	if (choose(8) == 0) {
		stop_for_a_moment(worker, nursery);
		return;
	}
	signal_child(worker, nursery, signals[choose(sizeof signals / sizeof *signals)]);
	++shared->kills;
}

static bool is_due(const _Atomic uint32_t *kills, uint32_t wanted)
{
	return *kills < wanted && shared->begun >= (uint64_t)shared->tasks * (*kills + 1) / (wanted + 1);
}

static void kill_nursery(pid_t nursery)
{
	shared->nursery = 0;
	signal_child(nursery, getppid(), SIGKILL);
	++shared->killed_nurseries;
}

/* In a process of its own, so that no thread is in the way when another pool is opened. */
static _Noreturn void rage(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!shared->is_over) {
		pid_t nursery = shared->nursery;

		rest(100);
		if (nursery == 0)
			continue;
		if (is_due(&shared->killed_nurseries, NURSERIES))
			kill_nursery(nursery);
		else if (is_due(&shared->kills, 1 + shared->tasks / ONE_IN))
			disturb_worker(nursery);
	}
	_exit(0);
}

/* ---- what must be true ---- */

typedef struct tally {
	uint32_t values, signals, exits, rounds;
} tally;

static tally count;
/* Per item: has it ended? */
static bool *has_ended_once;

static bool is_signal_of_storm(int code)
{
	return code == SIGKILL || code == SIGSEGV || code == SIGABRT || code == SIGTERM;
}

static void check_value(uint32_t number, mproc_outcome outcome, uint64_t value)
{
	ck_assert_msg(value == value_of(number), "item %u has a wrong value", number);
	ck_assert_msg(outcome.attempts > fate_of(number).deaths, "item %u has a value at attempt %u", number,
		outcome.attempts);
	ck_assert_int_eq(outcome.code, 0);
	ck_assert_int_ge(shared->lines[number].done, 1);
	++count.values;
}

static void check_death(uint32_t number, mproc_outcome outcome)
{
	if (outcome.ending == MPROC_ENDING_EXIT) {
		ck_assert_int_eq(fate_of(number).ending, MPROC_ENDING_EXIT);
		ck_assert_int_eq(outcome.code, fate_of(number).code);
		++count.exits;
	} else {
		ck_assert_msg(outcome.ending == MPROC_ENDING_SIGNAL && is_signal_of_storm(outcome.code),
			"item %u: ending %d, code %d", number, (int)outcome.ending, (int)outcome.code);
		++count.signals;
	}
	ck_assert_msg(outcome.attempts == shared->retries + 1, "item %u was given up at attempt %u", number,
		outcome.attempts);
	ck_assert(!outcome.is_out_of_memory);
}

/* How one item has ended, at last. */
static void account(uint32_t number, mproc_outcome outcome, uint64_t value)
{
	ck_assert_msg(!has_ended_once[number], "item %u has ended twice", number);
	has_ended_once[number] = true;
	ck_assert_int_ge(outcome.worker, 1);
	ck_assert_int_le(outcome.worker, WORKERS);
	if (outcome.ending == MPROC_ENDING_VALUE)
		check_value(number, outcome, value);
	else
		check_death(number, outcome);
}

/* It was not begun when the nursery died, or was to be tried again: another pool takes it. */
static bool is_to_be_done(uint32_t number, mproc_outcome outcome, int rc)
{
	if (outcome.ending != MPROC_ENDING_NONE && outcome.ending != MPROC_ENDING_CANCELLED)
		return false;
	ck_assert_msg(rc == -ENOTRECOVERABLE, "item %u has not ended, though the pool lives: %d", number, rc);
	if (shared->retries == 0)
		ck_assert_msg(
			shared->lines[number].begun == 0, "item %u was begun, and says nothing", number);
	return true;
}

/* ---- three ways to have work done: each accounts for what has ended, and returns what the pool said ---- */

static mproc_outcome *outcomes;
static uint64_t *values;

static int use_map(mproc_pool *pool, const uint32_t *todo, uint32_t left)
{
	int rc = mproc_pool_map(pool, work, todo, sizeof *todo, left, values, sizeof *values,
		&(mproc_map_options){.outcomes = outcomes, .retries = shared->retries});

	for (uint32_t i = 0; i < left; ++i) {
		if (!is_to_be_done(todo[i], outcomes[i], rc))
			account(todo[i], outcomes[i], values[i]);
	}
	return rc;
}

static void take_future(mproc_future *future, uint32_t number, int *rc)
{
	const void *value = NULL;
	int got = mproc_future_get(future, MPROC_FOREVER, &value, NULL);
	mproc_outcome outcome = mproc_future_outcome(future);

	ck_assert_msg(got == 0 || got == MPROC_ITEMS_FAILED, "%d: %s", got, mproc_error_text());
	if (outcome.ending == MPROC_ENDING_CANCELLED)
		*rc = -ENOTRECOVERABLE;
	if (!is_to_be_done(number, outcome, *rc))
		account(number, outcome, value == NULL ? 0 : *(const uint64_t *)value);
	mproc_future_close(future);
}

static int use_futures(mproc_pool *pool, const uint32_t *todo, uint32_t left)
{
	mproc_future **futures = malloc(left * sizeof(mproc_future *));
	uint32_t submitted;
	int rc = 0;

	for (submitted = 0; submitted < left; ++submitted) {
		rc = mproc_pool_submit(pool, work, &todo[submitted], sizeof *todo, sizeof *values,
			&(mproc_task_options){.retries = shared->retries}, &futures[submitted]);
		if (rc < 0)
			break;
	}
	ck_assert_msg(rc == 0 || rc == -ENOTRECOVERABLE, "%d: %s", rc, mproc_error_text());
	for (uint32_t i = 0; i < submitted; ++i)
		take_future(futures[i], todo[i], &rc);
	free(futures);
	return rc;
}

static int use_stream(mproc_pool *pool, const uint32_t *todo, uint32_t left)
{
	mproc_stream *stream;
	mproc_entry entry;
	int rc = mproc_pool_imap(pool, work, todo, sizeof *todo, left, sizeof *values,
		&(mproc_imap_options){.retries = shared->retries, .unordered = count.rounds % 2 == 0},
		&stream);

	while (rc >= 0) {
		rc = mproc_stream_next(stream, MPROC_FOREVER, &entry);
		if (rc < 0)
			break;
		if (!is_to_be_done(todo[entry.index], entry.outcome,
			    entry.outcome.ending == MPROC_ENDING_CANCELLED ? -ENOTRECOVERABLE : rc))
			account(todo[entry.index], entry.outcome,
				rc == 0 ? *(const uint64_t *)entry.result : 0);
	}
	mproc_stream_close(stream);
	return rc == -ENODATA ? 0 : rc;
}

/* ---- the storm ---- */

typedef int way_to_work(mproc_pool *pool, const uint32_t *todo, uint32_t left);

static uint32_t list_what_is_left(uint32_t *ret_todo)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < shared->tasks; ++i) {
		if (!has_ended_once[i])
			ret_todo[left++] = i;
	}
	return left;
}

static void go_through_a_round(way_to_work *way, const uint32_t *todo, uint32_t left)
{
	mproc_pool *pool = open_processes(WORKERS);
	int rc;

	for (unsigned i = 0; i <= WORKERS; ++i)
		shared->workers[i] = 0;
	shared->nursery = find_nursery();
	rc = way(pool, todo, left);
	ck_assert_msg(rc == 0 || rc == MPROC_ITEMS_FAILED || rc == -ENOTRECOVERABLE, "%d: %s", rc,
		mproc_error_text());
	shared->nursery = 0;
	ck_assert_ptr_null(mproc_pool_close(pool));
	++count.rounds;
}

static void check_ledger(void)
{
	for (uint32_t i = 0; i < shared->tasks; ++i) {
		ck_assert_msg(has_ended_once[i], "item %u is lost", i);
		ck_assert_msg(shared->retries != 0 || shared->lines[i].begun <= 1,
			"item %u was begun %u times", i, shared->lines[i].begun);
		ck_assert_uint_le(shared->lines[i].begun, (shared->retries + 1) * count.rounds);
	}
	ck_assert_uint_eq(count.values + count.signals + count.exits, shared->tasks);
}

static void begin(unsigned retries)
{
	const char *tasks = getenv("MPROC_STORM_TASKS"), *seed = getenv("MPROC_TEST_SEED");
	uint32_t size = tasks == NULL ? USUAL_TASKS : (uint32_t)strtoul(tasks, NULL, 10);

	shared = mproc_calloc(1, sizeof *shared + size * sizeof(line));
	ck_assert_ptr_nonnull(shared);
	shared->tasks = size;
	shared->retries = retries;
	shared->seed = seed == NULL ? (uint64_t)getpid() : strtoull(seed, NULL, 10);
	random_state = shared->seed;
	count = (tally){0};
	has_ended_once = calloc(size, sizeof *has_ended_once);
	outcomes = calloc(size, sizeof *outcomes);
	values = calloc(size, sizeof *values);
}

static void end(pid_t who_kills)
{
	shared->is_over = 1;
	waitpid(who_kills, NULL, 0);
	printf("%u items, seed %llu: %u values, %u ended by signals, %u by exit; %u kills from outside, %u "
	       "stops, %u nurseries "
	       "killed, %u attempts; lost 0, wrong 0, twice 0\n",
		shared->tasks, (unsigned long long)shared->seed, count.values, count.signals, count.exits,
		shared->kills, shared->stops, shared->killed_nurseries, shared->begun);
	free(has_ended_once);
	free(outcomes);
	free(values);
	mproc_free(shared);
}

static void weather(way_to_work *way, unsigned retries)
{
	uint32_t *todo, left;
	pid_t who_kills;
	int blocks = count_blocks();

	begin(retries);
	todo = calloc(shared->tasks, sizeof *todo);
	who_kills = fork();
	if (who_kills == 0)
		rage();
	while ((left = list_what_is_left(todo)) > 0)
		go_through_a_round(way, todo, left);
	check_ledger();
	free(todo);
	end(who_kills);
	ck_assert_int_eq(count_blocks(), blocks);
}

START_TEST(a_map_loses_and_repeats_nothing_in_a_storm)
{
	weather(use_map, 0);
}
END_TEST

START_TEST(futures_are_all_resolved_once_in_a_storm)
{
	weather(use_futures, 0);
}
END_TEST

START_TEST(a_stream_loses_and_repeats_nothing_in_a_storm)
{
	weather(use_stream, 0);
}
END_TEST

START_TEST(a_map_with_retries_comes_through_a_storm)
{
	weather(use_map, RETRIES);
}
END_TEST

START_TEST(futures_with_retries_come_through_a_storm)
{
	weather(use_futures, RETRIES);
}
END_TEST

START_TEST(a_stream_with_retries_comes_through_a_storm)
{
	weather(use_stream, RETRIES);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_map_loses_and_repeats_nothing_in_a_storm,
		futures_are_all_resolved_once_in_a_storm,
		a_stream_loses_and_repeats_nothing_in_a_storm,
		a_map_with_retries_comes_through_a_storm,
		futures_with_retries_come_through_a_storm,
		a_stream_with_retries_comes_through_a_storm,
		NULL,
	};
	const support_suite suite = {
		.name = "storms over pools",
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
		.timeout = 300,
	};

	return support_run_suite(&suite);
}
