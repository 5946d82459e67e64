/* SPDX-License-Identifier: MIT */
/*
 * One kill point is one test from the start: shared memory is zeroed, the objects are made, companions fall asleep,
 * the victim is stepped to the point; a witness works while it stands still; it is killed; a survivor recovers,
 * buries it and checks; and everybody must end by himself.
 *
 * Before that the victim is stepped once to its end, to learn where it changed what others can see: shared memory,
 * the tables of the family, its list of robust locks, or anything by a system call.  Between two such steps all
 * deaths look the same to everybody, so of a long operation only those points are tried, and a sample of the others if it
 * says so.
 */
#include "run.h"

#include "family/member.h"
#include "family/thread.h"
#include "sys/futex.h"
#include "sys/memory.h"
#include "tracee.h"

#include <dlfcn.h>
#include <errno.h>
#include <mproc/init.h>
#include <mproc/mutex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	/* Longer operations are killed only where they changed something. */
	LONGEST_IN_FULL = 3000,
	/* Nobody may wait longer than this; for a mistake made on purpose, that is long enough. */
	A_MOMENT = 5000,
	A_SHORT_MOMENT = 300,
	/* A sleep that nobody ends: longer than any deadline that an operation has. */
	LONGEST_SLEEP = 300,
	ENOUGH_VIOLATIONS = 4,
	MOST_PROCESSES = 8,
	MOST_REGIONS = 8,
	/* Slots of the tables that a test uses at most. */
	WATCHED_SLOTS = 64,
	/* How many steps that change nothing make a sample: of the library's own, and of others. */
	SAMPLE_OF_OWN = 400,
	SAMPLE_OF_OTHERS = 120,
	/* When there is little time, so many times fewer of them, and of the deaths before those of a recoverer. */
	QUICKLY = 8,
};

/* The linker's: where this program's code is, and with it the library's. */
extern const char __executable_start[], etext[];

typedef struct region {
	char *start;
	size_t size;
	/* What was there, for crash_run_twice. */
	char *copy;
} region;

/* The course of a process from its first step to its last. */
typedef struct course {
	unsigned steps;
	/* The instructions it came to, from before the first step on; 0 while it slept. */
	uintptr_t *places;
	unsigned place_count, place_room;
	/* After which steps others see a change. */
	unsigned *changes;
	unsigned change_count, change_room;
} course;

static char *shared;
/* What a child complained about; shared with all children, outside of the family. */
static char *complaint;
static unsigned seed;
/* Slots of the tables that are taken all the time. */
static unsigned own_members, own_threads;

/* The test that is on. */
static struct {
	const crash_operation *operation;
	crash_process victim, recoverer, witness, survivor;
	/* Of a victim that is a child. */
	crash_process parent;
	bool is_parent_held;
	/* How often a victim that never ends has fallen asleep. */
	unsigned rests;
	crash_process companions[MOST_PROCESSES];
	unsigned companion_count;
	region regions[MOST_REGIONS];
	unsigned region_count;
	crash_result result;
	/* Deaths that were not where the course of the first run had them. */
	unsigned strayed;
	/* For complaints. */
	unsigned step, second_step;
	uintptr_t at;
} test;

void crash_expect_outcome(crash_stage stage, bool has_happened)
{
	crash_expect(stage != CRASH_BEFORE || !has_happened, "something happened before it began");
	crash_expect(stage != CRASH_AFTER || has_happened, "nothing happened");
}

void crash_expect(bool is_so, const char *text, ...)
{
	va_list arguments;

	if (is_so)
		return;
	va_start(arguments, text);
	if (complaint[0] == '\0')
		vsnprintf(complaint, MPROCI_PAGE, text, arguments);
	va_end(arguments);
	_exit(1);
}

void crash_add(_Atomic uint32_t *count)
{
	++*count;
	mproci_futex_wake(count, MPROCI_WAKE_ALL);
}

void crash_await(_Atomic uint32_t *count, uint32_t least)
{
	for (uint32_t now = *count; now < least; now = *count)
		mproci_futex_wait(count, now, MPROC_FOREVER);
}

static void watch(void *start, size_t size)
{
	test.regions[test.region_count++] = (region){.start = start, .size = size, .copy = malloc(size)};
}

void crash_watch(void *start, size_t size)
{
	if (test.region_count == MOST_REGIONS)
		abort();
	watch(start, size);
}

static mproci_member_state state_of(uint64_t word)
{
	return (mproci_member_state)(word & 0xff);
}

static void count_slots(unsigned *ret_members, unsigned *ret_threads)
{
	const mproci_family *family = mproci_family_here;

	*ret_members = *ret_threads = 0;
	for (uint32_t i = 0; i < family->member_limit; ++i)
		*ret_members += state_of(family->members[i].word) != MPROCI_MEMBER_FREE;
	for (uint32_t i = 0; i < family->thread_limit; ++i)
		*ret_threads += (uint32_t)family->threads[i].word != 0;
}

void crash_prepare(unsigned its_seed)
{
	char name[] = "crash", *arguments[] = {name, NULL};
	char *start;

	if (mproci_family_join() < 0 || mproc_init(1, arguments) < 0) {
		fprintf(stderr, "crash: %s\n", mproc_error_text());
		exit(2);
	}
	/* Its slot among the threads: whatever else there is after a test was left there. */
	mproci_thread_self();
	/* The far end: the allocator begins at the near one. */
	mproci_family_rest(&start, &shared);
	shared -= CRASH_SHARED_SIZE + (uintptr_t)shared % MPROCI_PAGE;
	complaint = mmap(NULL, MPROCI_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (complaint == MAP_FAILED || mproci_memory_commit(shared, CRASH_SHARED_SIZE) < 0) {
		perror("crash: shared memory");
		exit(2);
	}
	count_slots(&own_members, &own_threads);
	seed = its_seed;
}

/* ---- complaints ---- */

static void print_place(FILE *file, uintptr_t place)
{
	Dl_info info;

	if (place == 0 || dladdr((void *)place, &info) == 0)
		return;
	fprintf(file, " at %s+0x%lx", info.dli_fname, (unsigned long)(place - (uintptr_t)info.dli_fbase));
	if (info.dli_sname != NULL)
		fprintf(file, " (%s+0x%lx)", info.dli_sname,
			(unsigned long)(place - (uintptr_t)info.dli_saddr));
}

static void complain(const char *text, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *text, ...)
{
	va_list arguments;

	++test.result.violations;
	if (test.operation->is_mistake)
		return;
	fprintf(stderr, "%s: killed after step %u", test.operation->name, test.step);
	print_place(stderr, test.at);
	if (test.recoverer.name != NULL)
		fprintf(stderr, ", recoverer after step %u", test.second_step);
	fprintf(stderr, ": ");
	va_start(arguments, text);
	vfprintf(stderr, text, arguments);
	va_end(arguments);
	fprintf(stderr, "\n");
}

/* Whether a process has ended, and as it should: by itself, or by SIGKILL where a test does that. */
static bool has_ended_well(crash_process *process)
{
	int status;

	if (!crash_await_end(process, test.operation->is_mistake ? A_SHORT_MOMENT : A_MOMENT)) {
		complain("%s waits%s%s", process->name, complaint[0] != '\0' ? "; somebody else: " : "",
			complaint);
		return false;
	}
	status = crash_status(process);
	if (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		return true;
	if (WIFSIGNALED(status))
		complain("%s crashed: signal %d", process->name, WTERMSIG(status));
	else
		complain("%s: %s", process->name, complaint[0] != '\0' ? complaint : "it exited");
	return false;
}

/* ---- the processes of a test ---- */

/* What every thread does before it first waits. */
static void warm_up(void)
{
	mproc_mutex mutex;

	mproci_thread_self();
	mproc_mutex_init(&mutex, NULL);
	mproc_mutex_lock(&mutex, MPROC_FOREVER);
	mproc_mutex_unlock(&mutex);
}

static void start_victim(void)
{
	const crash_operation *operation = test.operation;

	if (!crash_fork(&test.victim, "the victim"))
		return;
	if (!operation->is_cold)
		warm_up();
	crash_put_clock_ahead();
	if (operation->prepare != NULL)
		operation->prepare(shared);
	crash_be_traced();
	operation->operate(shared);
	/* The parent of the victim proper is not traced any more. */
	if (!operation->is_child)
		crash_mark_end();
	_exit(0);
}

void crash_start(const char *name, void (*companion)(void *))
{
	crash_process *process = &test.companions[test.companion_count];

	if (test.companion_count == MOST_PROCESSES)
		abort();
	++test.companion_count;
	if (crash_fork(process, name)) {
		if (!test.operation->is_rechecked)
			crash_put_clock_ahead();
		companion(shared);
		_exit(0);
	}
	crash_await_sleep(process);
}

void crash_settle(void)
{
	for (unsigned i = 0; i < test.companion_count; ++i)
		crash_await_sleep(&test.companions[i]);
}

static void start_witness(void)
{
	if (test.operation->witness == NULL)
		return;
	if (crash_fork(&test.witness, "the witness")) {
		test.operation->witness(shared);
		_exit(0);
	}
	crash_await_sleep(&test.witness);
}

/* What whoever learns of the death does. */
static void recover(void)
{
	if (test.operation->recover != NULL)
		test.operation->recover(shared);
	if (!test.operation->is_unburied)
		mproci_member_bury(test.victim.member);
}

static void start_survivor(void)
{
	if (!crash_fork(&test.survivor, "the survivor"))
		return;
	recover();
	if (test.recoverer.pid != 0)
		mproci_member_bury(test.recoverer.member);
	test.operation->survive(shared);
	_exit(0);
}

static void start_recoverer(void)
{
	if (!crash_fork(&test.recoverer, "the recoverer"))
		return;
	warm_up();
	crash_be_traced();
	recover();
	crash_mark_end();
	_exit(0);
}

/* One that does not get there tests nothing: that is a mistake in the test. */
static void await_first_step(crash_process *process)
{
	if (crash_await_traced(process))
		return;
	fprintf(stderr, "%s: %s did not come to its first step: %s\n", test.operation->name, process->name,
		complaint);
	exit(2);
}

static void finish(crash_process *process)
{
	if (process->pid == 0)
		return;
	crash_kill(process);
	crash_status(process);
	mproci_member_bury(process->member);
	crash_reap(process);
}

bool crash_is_member(mproci_id id)
{
	uint64_t word = mproci_member_slot(id)->word;

	return word >> 32 == id >> 32 && state_of(word) != MPROCI_MEMBER_FREE;
}

static void check_burial(const crash_process *process)
{
	if (process->pid != 0 && !test.operation->is_unburied && crash_is_member(process->member))
		complain("%s keeps its slot among the members", process->name);
}

/* So that the next test has the tables as they were: the harness and its server came first. */
static void bury_others(void)
{
	for (uint32_t i = own_members; i < mproci_family_here->member_limit; ++i)
		mproci_member_bury(mproci_family_here->members[i].word >> 32 << 32 | i);
}

static void check_tables(void)
{
	unsigned members, threads;

	count_slots(&members, &threads);
	if (members == own_members && threads == own_threads)
		return;
	complain("%u slots of members and %u of threads are left", members - own_members,
		threads - own_threads);
	bury_others();
}

/* ---- one kill point ---- */

/* The one that operates has come to its first step: who it makes is the victim. */
static void make_child_victim(void)
{
	test.parent = test.victim;
	test.parent.name = "the parent";
	crash_adopt(&test.parent, &test.victim);
	test.victim.name = "the victim";
	test.is_parent_held = test.operation->holds_parent;
	if (!test.is_parent_held)
		crash_let_go(&test.parent);
}

static void begin(const crash_operation *operation)
{
	test.operation = operation;
	test.companion_count = 0;
	test.region_count = 0;
	test.rests = 0;
	test.victim = test.recoverer = test.witness = test.survivor = test.parent = (crash_process){0};
	test.step = test.second_step = 0;
	complaint[0] = '\0';
	memset(shared, 0, operation->size);
	watch(shared, operation->size);
	watch(mproci_family_here, offsetof(mproci_family, members[WATCHED_SLOTS]));
	watch(mproci_family_here->threads, WATCHED_SLOTS * sizeof(mproci_thread));
	/* Who waits looks for the dead when the operation asks for it, not when it happens to be time. */
	mproci_family_here->next_watch = INT64_MAX;
	operation->set_up(shared);
	start_victim();
	await_first_step(&test.victim);
	if (operation->surround != NULL)
		operation->surround(shared);
	if (operation->is_child)
		make_child_victim();
}

static void end(void)
{
	finish(&test.survivor);
	finish(&test.witness);
	finish(&test.recoverer);
	finish(&test.victim);
	for (unsigned i = 0; i < test.companion_count; ++i)
		finish(&test.companions[i]);
	finish(&test.parent);
	for (unsigned i = 0; i < test.region_count; ++i)
		free(test.regions[i].copy);
	check_tables();
}

/* Let a sleeping victim or recoverer finish its call.  Returns CRASH_BROKEN when it sleeps for good. */
static crash_progress wake(crash_process *process)
{
	bool has_help = process == &test.victim && test.operation->unblock != NULL;

	if (has_help)
		test.operation->unblock(shared);
	return crash_await_wake(process, has_help ? A_MOMENT : LONGEST_SLEEP);
}

/* Whether a process that has just fallen asleep never wakes again. */
static bool is_last_rest(const crash_process *process)
{
	return process == &test.victim && ++test.rests == test.operation->rests;
}

/* One step; a call that sleeps is two: asleep, and done.  Returns false at the end. */
static bool advance(crash_process *process)
{
	crash_progress progress;

	if (process->is_asleep)
		return !is_last_rest(process) && wake(process) == CRASH_STEPPED;
	progress = crash_step(process);
	if (progress == CRASH_BROKEN)
		complain("%s got a signal", process->name);
	return progress == CRASH_STEPPED || progress == CRASH_ASLEEP;
}

/* Go at full speed until the instruction at @place is reached for the @visits-th time. */
static bool run_to(crash_process *process, uintptr_t place, unsigned visits)
{
	bool is_there = true;

	crash_set_breakpoint(process, place);
	for (unsigned i = 0; i < visits && is_there; ++i) {
		crash_progress progress = crash_run_on(process);

		while (progress == CRASH_ASLEEP && !is_last_rest(process))
			progress = wake(process);
		is_there = progress == CRASH_STEPPED && process->at == place;
	}
	if (is_there)
		crash_set_breakpoint(process, 0);
	return is_there;
}

/* How often a course comes to the place where it is after @step, until then; 0: at once again, as in rep movsb. */
static unsigned count_visits(const course *known, unsigned step)
{
	unsigned visits = known->places[step] != 0;

	for (unsigned i = 1; i < step && visits != 0; ++i) {
		if (known->places[i] == known->places[step])
			visits = known->places[i - 1] == known->places[step] ? 0 : visits + 1;
	}
	return known->places[step - 1] == known->places[step] ? 0 : visits;
}

/* Find the step, not long before @step, to which it takes the fewest stops to run. */
static unsigned find_landing(const course *known, unsigned step, unsigned *ret_visits)
{
	unsigned best = 0, least = step;

	*ret_visits = 0;
	for (unsigned i = step; i > 0 && step - i < least; --i) {
		unsigned visits = count_visits(known, i);

		if (visits != 0 && visits + (step - i) < least) {
			best = i;
			least = visits + (step - i);
			*ret_visits = visits;
		}
	}
	return best;
}

/* Go as many steps of a known course.  Returns their number, less only when it ends before. */
static unsigned follow(crash_process *process, const course *known, unsigned step)
{
	unsigned visits, at = find_landing(known, step, &visits);

	if (at > 0 && !run_to(process, known->places[at], visits)) {
		++test.strayed;
		return at;
	}
	while (at < step && advance(process))
		++at;
	test.strayed += (process->is_asleep ? 0 : process->at) != known->places[step];
	return at;
}

static void kill_at_once(crash_process *process)
{
	crash_kill(process);
	crash_status(process);
	if (process == &test.victim && test.is_parent_held)
		crash_let_go(&test.parent);
	test.is_parent_held = false;
}

bool crash_victim_had_ended(void)
{
	return WIFEXITED(test.victim.status);
}

/* Everybody must get on without the dead. */
static void check_survival(void)
{
	bool is_well;

	start_survivor();
	is_well = has_ended_well(&test.survivor);
	if (is_well)
		check_burial(&test.victim);
	if (is_well)
		check_burial(&test.recoverer);
	if (is_well && test.witness.pid != 0)
		is_well = has_ended_well(&test.witness);
	for (unsigned i = 0; is_well && i < test.companion_count; ++i)
		is_well = has_ended_well(&test.companions[i]);
	if (is_well && test.parent.pid != 0 && test.operation->rests == 0)
		has_ended_well(&test.parent);
}

static void try_point(const crash_operation *operation, const course *known, unsigned step)
{
	begin(operation);
	test.step = follow(&test.victim, known, step);
	test.at = test.victim.at;
	start_witness();
	kill_at_once(&test.victim);
	check_survival();
	++test.result.kill_points;
	end();
}

/* ---- where something changed ---- */

static void take_copies(void)
{
	for (unsigned i = 0; i < test.region_count; ++i)
		memcpy(test.regions[i].copy, test.regions[i].start, test.regions[i].size);
}

static void restore_copies(void)
{
	for (unsigned i = 0; i < test.region_count; ++i)
		memcpy(test.regions[i].start, test.regions[i].copy, test.regions[i].size);
}

static bool differs_from_copies(void)
{
	bool differs = false;

	for (unsigned i = 0; i < test.region_count && !differs; ++i)
		differs = memcmp(test.regions[i].copy, test.regions[i].start, test.regions[i].size) != 0;
	return differs;
}

static void *make_room(void *list, unsigned count, unsigned *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room * 2 + 256;
	list = realloc(list, *room * size);
	if (list == NULL)
		abort();
	return list;
}

static void add_change(course *known, unsigned step)
{
	known->changes =
		make_room(known->changes, known->change_count, &known->change_room, sizeof *known->changes);
	known->changes[known->change_count++] = step;
}

static void add_place(course *known, uintptr_t place)
{
	known->places =
		make_room(known->places, known->place_count, &known->place_room, sizeof *known->places);
	known->places[known->place_count++] = place;
}

static void free_course(course *known)
{
	free(known->changes);
	free(known->places);
}

/*
 * Step through a process to its end.  A lock that is still "pending" then is one that the kernel will look for,
 * whatever lies there by that time.
 */
static void explore(crash_process *process, course *ret_course)
{
	crash_robust_head before, now;

	*ret_course = (course){0};
	add_change(ret_course, 0);
	add_place(ret_course, process->at);
	take_copies();
	crash_read_robust_head(process, &before);
	while (advance(process)) {
		++ret_course->steps;
		add_place(ret_course, process->is_asleep ? 0 : process->at);
		crash_read_robust_head(process, &now);
		if (!process->is_in_call && memcmp(&before, &now, sizeof now) == 0 && !differs_from_copies())
			continue;
		add_change(ret_course, ret_course->steps);
		take_copies();
		before = now;
	}
	if (!process->is_asleep && before.pending != 0)
		complain("%s ends with a lock pending", process->name);
}

/* The library's code, or the harness's. */
static bool is_own_code(uintptr_t place)
{
	return place >= (uintptr_t)__executable_start && place < (uintptr_t)etext;
}

/* The last death is that of somebody who has done everything.  Nobody's survival is checked here. */
static void explore_victim(const crash_operation *operation, course *ret_course)
{
	begin(operation);
	explore(&test.victim, ret_course);
	if (ret_course->changes[ret_course->change_count - 1] != ret_course->steps)
		add_change(ret_course, ret_course->steps);
	kill_at_once(&test.victim);
	end();
}

/* One that stays where it was, as rep stosb does thousands of times, is none of interest. */
static bool is_candidate(const course *known, unsigned step, bool is_own)
{
	return (step == 0 || known->places[step] != known->places[step - 1])
	       && is_own_code(known->places[step]) == is_own;
}

/* Every so many-th, so that there are about @count of them: which, the seed tells. */
static void sample(const course *known, bool is_own, unsigned count, bool *ret_points)
{
	unsigned total = 0, interval, next;

	for (unsigned step = 0; step <= known->steps; ++step)
		total += is_candidate(known, step, is_own);
	interval = total / count + 1;
	next = seed % interval;
	for (unsigned step = 0; step <= known->steps; ++step) {
		if (!is_candidate(known, step, is_own))
			continue;
		ret_points[step] |= next == 0;
		next = next == 0 ? interval - 1 : next - 1;
	}
}

/* Returns a list to be freed: whether to kill after that many steps. */
static bool *choose_points(const crash_operation *operation, const course *known, crash_extent extent)
{
	const unsigned fewer = extent == CRASH_QUICK ? QUICKLY : 1;
	const bool is_hurried = extent == CRASH_QUICK && !operation->is_mistake && !operation->is_slow;
	const bool is_sampled = operation->is_sampled || is_hurried;
	bool *points = calloc(known->steps + 1, sizeof *points);

	if (points == NULL)
		abort();
	if (extent == CRASH_FULL || (known->steps <= LONGEST_IN_FULL && !operation->is_slow && !is_sampled))
		memset(points, true, known->steps + 1);
	for (unsigned i = 0; i < known->change_count; ++i)
		points[known->changes[i]] = true;
	if (is_sampled) {
		sample(known, true, SAMPLE_OF_OWN / fewer, points);
		sample(known, false, SAMPLE_OF_OTHERS / fewer, points);
	}
	return points;
}

static bool has_enough(void)
{
	return test.result.violations >= (test.operation->is_mistake ? 1 : ENOUGH_VIOLATIONS);
}

static void start_counting(void)
{
	test.result = (crash_result){0};
	test.strayed = 0;
}

static crash_result stop_counting(course *known)
{
	free_course(known);
	if (test.strayed > 0)
		fprintf(stderr, "%s: %u deaths were elsewhere than planned\n", test.operation->name,
			test.strayed);
	return test.result;
}

crash_result crash_run(const crash_operation *operation, crash_extent extent)
{
	course known;
	bool *points;

	start_counting();
	explore_victim(operation, &known);
	points = choose_points(operation, &known, extent);
	for (unsigned step = 0; step <= known.steps && !has_enough(); ++step) {
		if (points[step])
			try_point(operation, &known, step);
	}
	free(points);
	return stop_counting(&known);
}

/* ---- killing the recoverer too ---- */

static void try_second_point(const course *known, unsigned step)
{
	start_recoverer();
	await_first_step(&test.recoverer);
	test.second_step = follow(&test.recoverer, known, step);
	kill_at_once(&test.recoverer);
	check_survival();
	++test.result.kill_points;
	finish(&test.survivor);
	finish(&test.recoverer);
}

/* What the victim left stays in the copies. */
static void explore_recoverer(course *ret_course)
{
	region left[MOST_REGIONS];

	take_copies();
	memcpy(left, test.regions, sizeof left);
	for (unsigned i = 0; i < test.region_count; ++i)
		test.regions[i].copy = malloc(test.regions[i].size);
	start_recoverer();
	await_first_step(&test.recoverer);
	explore(&test.recoverer, ret_course);
	finish(&test.recoverer);
	for (unsigned i = 0; i < test.region_count; ++i)
		free(test.regions[i].copy);
	memcpy(test.regions, left, sizeof left);
}

/*
 * The victim is dead, and with nobody else inside everything there is lies in memory: what it left is put back
 * before each try instead of killing another victim.
 */
static void try_second_points(void)
{
	course known;

	explore_recoverer(&known);
	for (unsigned i = 0; i < known.change_count && !has_enough(); ++i) {
		restore_copies();
		try_second_point(&known, known.changes[i]);
	}
	free_course(&known);
}

/* A build that is not optimized stores more often, and leaves the same: there every third death of a victim will do. */
#ifdef NDEBUG
enum {
	DEATHS_APART = 1
};
#else
enum {
	DEATHS_APART = 3
};
#endif

crash_result crash_run_twice(const crash_operation *operation, crash_extent extent)
{
	const unsigned apart =
		operation->is_mistake ? 1 : DEATHS_APART * (extent == CRASH_QUICK ? QUICKLY : 1);
	course known;

	start_counting();
	explore_victim(operation, &known);
	for (unsigned i = seed % apart; i < known.change_count && !has_enough(); i += apart) {
		begin(operation);
		test.step = follow(&test.victim, &known, known.changes[i]);
		test.at = test.victim.at;
		kill_at_once(&test.victim);
		try_second_points();
		end();
	}
	return stop_counting(&known);
}
