/* SPDX-License-Identifier: MIT */
/*
 * Every kind of bad luck at every place: in the initializer, in the task, while it writes its result, in the finalizer.  What
 * becomes of the item is told exactly, it is that item alone, and the pool goes on.
 */
#include "descendants.h"

#include "sys/memory_cgroup_fixture.h"

#include <pthread.h>
#include <sys/resource.h>

enum {
	WORKERS = 3,
	ITEMS = 40,
	VICTIM = 17,
	RESULT = 20000,
	RETURNED = 100000,
	TASKS_PER_WORKER = 5,
	MIB = 1 << 20,
	/* Where no limit is kept, that must not be the machine's end. */
	MOST_MIB = 512,
};

#ifdef __SANITIZE_ADDRESS__
static const size_t MEMORY_IN_ALL = (size_t)200 * MIB;
#else
static const size_t MEMORY_IN_ALL = (size_t)48 * MIB;
#endif

/* ---- bad luck ---- */

typedef struct common {
	/* Initializers and finalizers that were begun. */
	_Atomic unsigned initialized, finalized;
} common;

static common *shared;

static int segfault(void)
{
	return raise(SIGSEGV);
}

static int give_up(void)
{
	abort();
}

static int exit_at_once_with_0(void)
{
	_exit(0);
}

static int exit_with_3(void)
{
	exit(3);
}

static int be_killed(void)
{
	return raise(SIGKILL);
}

/* It has no end, but the compiler does not know that. */
static uint64_t deepest = UINT64_MAX;

static uint64_t recurse(uint64_t depth)
{
	volatile char frame[4096];

	frame[depth % sizeof frame] = (char)depth;
	if (depth == deepest)
		return 0;
	return recurse(depth + 1) + (uint64_t)frame[(depth + 1) % sizeof frame];
}

static int overflow_stack(void)
{
	return (int)recurse(0);
}

static int end_thread(void)
{
	pthread_exit(NULL);
}

static int close_all_descriptors(void)
{
	return syscall(SYS_close_range, 0, ~0U, 0) == 0 ? 0 : -errno;
}

/* Addresses alone, which a limit counts as well. */
static int map_all_memory(void)
{
	for (int i = 0; i < MOST_MIB; ++i) {
		if (mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			return -errno;
	}
	return 0;
}

static int use_all_memory(void)
{
	for (int i = 0; i < MOST_MIB; ++i) {
		char *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return -errno;
		memset(memory, 1, MIB);
	}
	return 0;
}

static int fork_and_die(void)
{
	unsigned before = left->count;

	fork_descendants();
	wait_until(left->count >= before + DESCENDANTS);
	abort();
}

typedef struct luck {
	int (*strike)(void);
	/* How a task that it hits ends. */
	mproc_ending ending;
	int code;
	/* What is said of the task, and of an initializer that fails. */
	const char *text, *initializer_text;
	size_t memory_limit;
	bool is_out_of_memory;
} luck;

static luck now;

/* ---- in a task ---- */

static int work(const void *item, void *result, mproc_task *task)
{
	int rc = mproc_task_index(task) == VICTIM ? now.strike() : 0;

	return rc < 0 ? rc : square(item, result, task);
}

static mproc_pool *open_with(mproc_pool_options options)
{
	mproc_pool *pool = NULL;

	options.workers = WORKERS;
	options.memory_limit = now.memory_limit;
	assert_ok(mproc_pool_open(&options, &pool));
	return pool;
}

static void check_outcome(const mproc_outcome *outcome, bool is_victim, unsigned attempts)
{
	mproc_ending ending = is_victim ? now.ending : MPROC_ENDING_VALUE;

	ck_assert_int_eq(outcome->ending, ending);
	ck_assert_int_eq(outcome->code, is_victim ? now.code : 0);
	ck_assert_int_eq(outcome->attempts, ending == MPROC_ENDING_VALUE ? 1 : attempts);
	ck_assert_int_ge(outcome->worker, 1);
	ck_assert_int_le(outcome->worker, WORKERS);
	ck_assert(!outcome->has_core);
	ck_assert_int_eq(outcome->is_out_of_memory, is_victim && now.is_out_of_memory);
}

static int expected_result(void)
{
	return now.ending == MPROC_ENDING_VALUE ? 0 : MPROC_ITEMS_FAILED;
}

static void check_text(const char *before)
{
	if (now.ending == MPROC_ENDING_VALUE)
		return;
	assert_text_has(before);
	assert_text_has(now.text);
}

static void check_goes_on(mproc_pool *pool)
{
	pid_t nursery = find_nursery();

	assert_usable(pool);
	await_end_of_descendants();
	wait_until(count_children(nursery) == WORKERS);
}

static void strike_in_map(mproc_pool *pool, size_t chunk, unsigned retries)
{
	mproc_outcome outcomes[ITEMS];
	uint64_t items[ITEMS], results[ITEMS] = {0};

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	ck_assert_int_eq(
		mproc_pool_map(pool, work, items, sizeof *items, ITEMS, results, sizeof *results,
			&(mproc_map_options){.chunk = chunk, .retries = retries, .outcomes = outcomes}),
		expected_result());
	check_text("1 of 40 items failed; the first, item 17: ");
	for (int i = 0; i < ITEMS; ++i) {
		check_outcome(&outcomes[i], i == VICTIM, retries + 1);
		if (outcomes[i].ending == MPROC_ENDING_VALUE)
			ck_assert_uint_eq(results[i], (uint64_t)i * i);
	}
	check_goes_on(pool);
}

static int work_alone(const void *item, void *result, mproc_task *task)
{
	int rc = now.strike();

	return rc < 0 ? rc : square(item, result, task);
}

static void strike_in_apply(mproc_pool *pool, unsigned retries)
{
	uint64_t item = 12, result = 77;
	mproc_outcome outcome;

	ck_assert_int_eq(mproc_pool_apply(pool, work_alone, &item, sizeof item, &result, sizeof result,
				 &(mproc_task_options){.retries = retries, .outcome = &outcome}),
		expected_result());
	check_text("the task has no value: ");
	check_outcome(&outcome, true, retries + 1);
	ck_assert_uint_eq(result, now.ending == MPROC_ENDING_VALUE ? 144 : 77);
	check_goes_on(pool);
}

static void strike_in_stream(mproc_pool *pool)
{
	mproc_stream *stream;
	mproc_entry entry;
	uint64_t items[ITEMS];

	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	assert_ok(mproc_pool_imap(pool, work, items, sizeof *items, ITEMS, sizeof(uint64_t), NULL, &stream));
	for (uint64_t i = 0; i < ITEMS; ++i) {
		ck_assert_int_eq(mproc_stream_next(stream, MPROC_FOREVER, &entry),
			i == VICTIM ? expected_result() : 0);
		ck_assert_uint_eq(entry.index, i);
		check_outcome(&entry.outcome, i == VICTIM, 1);
		if (entry.outcome.ending == MPROC_ENDING_VALUE)
			ck_assert_uint_eq(*(const uint64_t *)entry.result, i * i);
	}
	ck_assert_int_eq(mproc_stream_next(stream, MPROC_FOREVER, &entry), -ENODATA);
	mproc_stream_close(stream);
	check_goes_on(pool);
}

static void strike_in_task(void)
{
	mproc_pool *pool = open_with((mproc_pool_options){.name = NULL});

	strike_in_map(pool, 1, 0);
	strike_in_map(pool, 7, 0);
	strike_in_map(pool, 7, 2);
	strike_in_apply(pool, 0);
	strike_in_apply(pool, 2);
	strike_in_stream(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
}

/* ---- while a result is written ---- */

static unsigned char byte_of(size_t index, size_t place)
{
	return (unsigned char)(index * 7 + place);
}

static int write_result(unsigned char *to, size_t size, const mproc_task *task)
{
	int rc = 0;

	for (size_t i = 0; i < size; ++i) {
		if (i == size / 2 && mproc_task_index(task) == VICTIM)
			rc = now.strike();
		to[i] = byte_of(mproc_task_index(task), i);
	}
	return rc;
}

static int write_result_of_fixed_size(const void *item, void *result, mproc_task *task)
{
	(void)item;
	return write_result(result, RESULT, task);
}

static int write_result_of_any_size(const void *item, void *result, mproc_task *task)
{
	void *room;
	int rc;

	(void)item;
	(void)result;
	/* A first one is replaced. */
	rc = mproc_task_return(task, "first", 5);
	if (rc == 0)
		rc = mproc_task_reserve(task, RETURNED, &room);
	return rc < 0 ? rc : write_result(room, RETURNED, task);
}

/* One check for all: libcheck notes each in a file. */
static void check_bytes(const unsigned char *bytes, size_t index, size_t size)
{
	size_t right = 0;

	while (right < size && bytes[right] == byte_of(index, right))
		++right;
	ck_assert_msg(right == size, "item %zu: byte %zu of its result is wrong", index, right);
}

static void strike_in_result_of_fixed_size(mproc_pool *pool, unsigned char *results)
{
	mproc_outcome outcomes[ITEMS];

	ck_assert_int_eq(mproc_pool_map(pool, write_result_of_fixed_size, NULL, 0, ITEMS, results, RESULT,
				 &(mproc_map_options){.outcomes = outcomes, .retries = 1}),
		expected_result());
	for (size_t i = 0; i < ITEMS; ++i) {
		check_outcome(&outcomes[i], i == VICTIM, 2);
		if (outcomes[i].ending == MPROC_ENDING_VALUE)
			check_bytes(results + i * RESULT, i, RESULT);
	}
	check_goes_on(pool);
}

static void strike_in_result_of_any_size(mproc_pool *pool)
{
	mproc_outcome outcomes[ITEMS];
	mproc_bytes returned[ITEMS];

	ck_assert_int_eq(
		mproc_pool_map(pool, write_result_of_any_size, NULL, 0, ITEMS, NULL, 0,
			&(mproc_map_options){.outcomes = outcomes, .returned = returned, .retries = 1}),
		expected_result());
	for (size_t i = 0; i < ITEMS; ++i) {
		check_outcome(&outcomes[i], i == VICTIM, 2);
		if (outcomes[i].ending != MPROC_ENDING_VALUE)
			continue;
		ck_assert_uint_eq(returned[i].size, RETURNED);
		check_bytes(returned[i].data, i, RETURNED);
	}
	for (size_t i = 0; i < ITEMS; ++i)
		mproc_free(returned[i].data);
	check_goes_on(pool);
}

static void strike_in_result(void)
{
	unsigned char *results = malloc((size_t)ITEMS * RESULT);
	mproc_pool *pool = open_with((mproc_pool_options){.name = NULL});
	int blocks;

	strike_in_result_of_fixed_size(pool, results);
	blocks = count_blocks();
	strike_in_result_of_any_size(pool);
	ck_assert_int_eq(count_blocks(), blocks);
	ck_assert_ptr_null(mproc_pool_close(pool));
	free(results);
}

/* ---- in an initializer ---- */

static int initialize_badly(void *unused)
{
	(void)unused;
	++shared->initialized;
	return now.strike();
}

static int initialize_badly_once(void *unused)
{
	(void)unused;
	return shared->initialized++ == 0 ? now.strike() : 0;
}

static void strike_in_initializer_once(void)
{
	mproc_pool *pool;

	shared->initialized = 0;
	pool = open_with((mproc_pool_options){.initializer = initialize_badly_once});
	check_goes_on(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
}

static void strike_in_initializer_always(void)
{
	mproc_pool *pool = NULL;

	ck_assert_int_eq(mproc_pool_open(&(mproc_pool_options){.workers = WORKERS,
						 .initializer = initialize_badly,
						 .memory_limit = now.memory_limit},
				 &pool),
		-ECANCELED);
	assert_text_has("the initializer failed 3 times in a row; in worker \"pool-");
	assert_text_has(now.initializer_text);
	ck_assert_ptr_null(pool);
	await_end_of_descendants();
	ck_assert_int_eq(count_children(getpid()), 0);
}

static int initialize_badly_later(void *unused)
{
	(void)unused;
	return shared->initialized++ >= WORKERS ? now.strike() : 0;
}

static int die_first(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_index(task) < WORKERS ? raise(SIGKILL) : 0;
}

/* When the workers are to be replaced nobody can be: the map says so. */
static void strike_in_initializer_of_replacements(void)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool;
	int rc;

	shared->initialized = 0;
	pool = open_with((mproc_pool_options){.initializer = initialize_badly_later});
	rc = mproc_pool_map(pool, die_first, NULL, 0, ITEMS, NULL, 0,
		&(mproc_map_options){.chunk = ITEMS, .outcomes = outcomes});
	ck_assert_int_eq(rc, -ECANCELED);
	assert_text_has("the initializer failed 3 times in a row; in worker \"pool-");
	assert_text_has(now.initializer_text);
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_msg(i < WORKERS || outcomes[i].ending != MPROC_ENDING_SIGNAL, "item %d", i);
	ck_assert_int_eq(mproc_pool_map(pool, die_first, NULL, 0, 1, NULL, 0, NULL), -ECANCELED);
	await_end_of_descendants();
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_int_eq(count_children(getpid()), 0);
}

static void strike_in_initializer(void)
{
	strike_in_initializer_once();
	if (now.ending == MPROC_ENDING_VALUE)
		return;
	strike_in_initializer_always();
	strike_in_initializer_of_replacements();
}

/* ---- in a finalizer ---- */

static int finalize_badly(void *unused)
{
	(void)unused;
	++shared->finalized;
	return now.strike();
}

static void strike_in_finalizer_at_close(void)
{
	mproc_pool *pool = open_with((mproc_pool_options){.finalizer = finalize_badly});

	shared->finalized = 0;
	assert_usable(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
	ck_assert_uint_eq(shared->finalized, WORKERS);
	await_end_of_descendants();
	ck_assert_int_eq(count_children(getpid()), 0);
}

static void strike_in_finalizer_of_spent_workers(void)
{
	mproc_pool *pool = open_with(
		(mproc_pool_options){.finalizer = finalize_badly, .max_tasks_per_worker = TASKS_PER_WORKER});
	uint64_t items[ITEMS], results[ITEMS];

	shared->finalized = 0;
	for (uint64_t i = 0; i < ITEMS; ++i)
		items[i] = i;
	assert_ok(mproc_pool_map(pool, square, items, sizeof *items, ITEMS, results, sizeof *results, NULL));
	for (uint64_t i = 0; i < ITEMS; ++i)
		ck_assert_uint_eq(results[i], i * i);
	ck_assert_uint_ge(shared->finalized, ITEMS / TASKS_PER_WORKER - WORKERS);
	check_goes_on(pool);
	ck_assert_ptr_null(mproc_pool_close(pool));
	await_end_of_descendants();
}

static void strike_in_finalizer(void)
{
	strike_in_finalizer_at_close();
	strike_in_finalizer_of_spent_workers();
}

/* ---- the matrix ---- */

static void strike_everywhere(luck kind)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	now = kind;
	shared = share(sizeof *shared);
	expect_descendants();
	strike_in_task();
	strike_in_result();
	strike_in_initializer();
	strike_in_finalizer();
}

static const luck segfaults = {
	.strike = segfault,
	.ending = MPROC_ENDING_SIGNAL,
	.code = SIGSEGV,
	.text = "was killed by signal 11 (Segmentation fault)",
	.initializer_text = "it was killed by signal 11 (Segmentation fault)",
};

START_TEST(a_segmentation_fault_costs_what_it_hits)
{
	strike_everywhere(segfaults);
}
END_TEST

START_TEST(an_abort_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = give_up,
		.ending = MPROC_ENDING_SIGNAL,
		.code = SIGABRT,
		.text = "was killed by signal 6 (Aborted)",
		.initializer_text = "it was killed by signal 6 (Aborted)",
	});
}
END_TEST

START_TEST(an_exit_with_0_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = exit_at_once_with_0,
		.ending = MPROC_ENDING_EXIT,
		.code = 0,
		.text = "with exit code 0",
		.initializer_text = "it ended with exit code 0",
	});
}
END_TEST

START_TEST(an_exit_with_a_code_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = exit_with_3,
		.ending = MPROC_ENDING_EXIT,
		.code = 3,
		.text = "with exit code 3",
		.initializer_text = "it ended with exit code 3",
	});
}
END_TEST

START_TEST(a_kill_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = be_killed,
		.ending = MPROC_ENDING_SIGNAL,
		.code = SIGKILL,
		.text = "was killed by signal 9 (Killed)",
		.initializer_text = "it was killed by signal 9 (Killed)",
	});
}
END_TEST

START_TEST(a_stack_overflow_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = overflow_stack,
		.ending = MPROC_ENDING_SIGNAL,
		.code = SIGSEGV,
		.text = "was killed by signal 11 (Segmentation fault)",
		.initializer_text = "it was killed by signal 11 (Segmentation fault)",
	});
}
END_TEST

START_TEST(the_end_of_its_thread_costs_what_it_hits)
{
	strike_everywhere((luck){
		.strike = end_thread,
		.ending = MPROC_ENDING_EXIT,
		.code = 0,
		.text = "with exit code 0",
		.initializer_text = "it ended with exit code 0",
	});
}
END_TEST

START_TEST(closing_all_descriptors_costs_nothing)
{
	strike_everywhere((luck){.strike = close_all_descriptors, .ending = MPROC_ENDING_VALUE});
}
END_TEST

START_TEST(children_die_with_the_worker_that_forked_them)
{
	strike_everywhere((luck){
		.strike = fork_and_die,
		.ending = MPROC_ENDING_SIGNAL,
		.code = SIGABRT,
		.text = "was killed by signal 6 (Aborted)",
		.initializer_text = "it was killed by signal 6 (Aborted)",
	});
}
END_TEST

START_TEST(a_task_that_reaches_the_memory_limit_is_refused_more)
{
#ifdef __SANITIZE_ADDRESS__
	/* Which has more memory than any limit from the beginning. */
	return;
#endif
	strike_everywhere((luck){
		.strike = map_all_memory,
		.ending = MPROC_ENDING_ERROR,
		.code = -ENOMEM,
		.text = "it returned -12 (Cannot allocate memory)",
		.initializer_text = "it returned -12 (Cannot allocate memory)",
		.memory_limit = (size_t)64 * MIB,
	});
}
END_TEST

static void run_out_of_memory(void)
{
	ck_assert(cgroup_enter());
	strike_everywhere((luck){
		.strike = use_all_memory,
		.ending = MPROC_ENDING_SIGNAL,
		.code = SIGKILL,
		.is_out_of_memory = true,
		.text = "was killed by signal 9 (Killed, out of memory)",
		.initializer_text = "it was killed by signal 9 (Killed)",
	});
}

START_TEST(a_task_that_the_kernel_kills_for_its_memory_is_told_so)
{
	if (!cgroup_create(MEMORY_IN_ALL))
		return;
	in_child(run_out_of_memory);
	cgroup_remove();
}
END_TEST

/* ---- core files ---- */

static bool are_cores_files(void)
{
	FILE *pattern = fopen("/proc/sys/kernel/core_pattern", "re");
	int first = pattern != NULL ? fgetc(pattern) : '|';

	if (pattern != NULL)
		fclose(pattern);
	return first != '|' && first != '/' && first != EOF;
}

static void remove_all(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	ck_assert_int_eq(rmdir(path), 0);
}

static int die_with_core(const void *item, void *result, mproc_task *task)
{
	(void)item;
	(void)result;
	return mproc_task_index(task) == VICTIM ? raise(SIGSEGV) : 0;
}

static void dump_core(const char *directory)
{
	mproc_outcome outcomes[ITEMS];
	mproc_pool *pool;

	ck_assert_int_eq(chdir(directory), 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){MIB, MIB});
	pool = open_processes(WORKERS);
	ck_assert_int_eq(mproc_pool_map(pool, die_with_core, NULL, 0, ITEMS, NULL, 0,
				 &(mproc_map_options){.outcomes = outcomes}),
		MPROC_ITEMS_FAILED);
	assert_text_has("was killed by signal 11 (Segmentation fault, with a core file)");
	for (int i = 0; i < ITEMS; ++i)
		ck_assert_int_eq(outcomes[i].has_core, i == VICTIM);
	mproc_pool_close(pool);
	ck_assert_int_eq(chdir("/"), 0);
}

START_TEST(a_core_file_is_told_of)
{
	char directory[] = "/tmp/mproc-test-XXXXXX";
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	if (!are_cores_files() || limit.rlim_max < MIB) {
		puts("left out: the kernel writes no core files here");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(directory));
	dump_core(directory);
	remove_all(directory);
}
END_TEST

int main(void)
{
	const TTest *process_tests[] = {
		a_segmentation_fault_costs_what_it_hits,
		an_abort_costs_what_it_hits,
		an_exit_with_0_costs_what_it_hits,
		an_exit_with_a_code_costs_what_it_hits,
		a_kill_costs_what_it_hits,
		a_stack_overflow_costs_what_it_hits,
		the_end_of_its_thread_costs_what_it_hits,
		closing_all_descriptors_costs_nothing,
		children_die_with_the_worker_that_forked_them,
		a_task_that_reaches_the_memory_limit_is_refused_more,
		a_task_that_the_kernel_kills_for_its_memory_is_told_so,
		a_core_file_is_told_of,
		NULL,
	};
	const support_suite suite = {
		.name = "every bad luck everywhere",
		.process_tests = process_tests,
		.warm_up = open_lasting_things,
		.timeout = 120,
	};

	return support_run_suite(&suite);
}
