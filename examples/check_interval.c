/* SPDX-License-Identifier: MIT */
/*
 * check_interval - how often should who searches look at the flag that says that somebody else has found it?
 *
 * Too often costs time in each search: that is measured while a prime is divided, whose flag is never set.  Too
 * seldom makes the workers go on in vain: that is measured from the moment in which the flag is set, as for a factor of a
 * composite number, until the last worker has stopped.
 *
 * The flags are those of verify_prime.
 */
#include "command.h"
#include "experiment.h"
#include "verify_prime/flag.h"

enum {
	MOST_WORKERS = MPROC_BARRIER_PROCESSES_MAX,
	MOST_EVERY = 1000000000,
	/* Divisions between two looks at the clock, unless it is looked at the flag less often. */
	STRETCH = 2048,
	/* How often it is measured how long they take to stop. */
	STOPS = 9,
};

static const uint64_t PRIME = UINT64_C(100109100129100151);
/* Of it. */
static const uint64_t ROOT = 316400221;

static const char USAGE[] =
	"usage: check_interval [OPTION]...\n"
	"Divides a prime by as many numbers as a time allows, and looks at a flag every so many divisions.\n"
	"\n"
	"  --every N,…    divisions between two looks, each 1 to 1000000000; by default\n"
	"                 1,10,100,1000,10000,100000,1000000\n"
	"  --seconds S    for how long each, 0 to 3600; 0.1 by default\n"
	"  --workers N    processes, 1 to 240; by default one for each usable core\n"
	"  --with NAME    raw            an atomic byte in shared memory\n"
	"                 mmap           an atomic byte in a mapped file\n"
	"                 event          an event\n"
	"                 value          a value with its lock\n"
	"                 manager        a flag in a manager: each look asks it\n"
	"                 manager-watch  the same: each worker has a copy that is kept up to date\n"
	"                 redis          a flag in a Redis server, likewise\n"
	"                 redis-watch\n"
	"                 all            one after the other; the default.  Redis only with --redis\n"
	"  --redis URL    where the Redis server is: redis://127.0.0.1:6379\n" ROWS_USAGE
	"                 The experiment is check_interval for a division, stop_delay for the stop\n"
	"  --help         this text\n"
	"\n"
	"By division: seconds of a worker, divided by its divisions, while all work.  Stopped after: from\n"
	"setting the flag until the last other worker has stopped, the median of 9; needs two workers.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

typedef struct method {
	const char *name;
	const flag_kind *kind;
	/* It asks a server at each look, or has a copy. */
	bool is_remote, is_polled;
	bool is_redis;
} method;

static const method METHODS[] = {
	{"raw", &RAW_FLAG, false, false, false},
	{"mmap", &MAPPED_FLAG, false, false, false},
	{"event", &EVENT_FLAG, false, false, false},
	{"value", &VALUE_FLAG, false, false, false},
	{"manager", &MANAGER_FLAG, true, true, false},
	{"manager-watch", &MANAGER_FLAG, true, false, false},
	{"redis", &REDIS_FLAG, true, true, true},
	{"redis-watch", &REDIS_FLAG, true, false, true},
};
enum {
	METHOD_COUNT = sizeof METHODS / sizeof *METHODS
};

/* What each worker is given. */
typedef struct search {
	const flag_kind *kind;
	void *flag;
	uint64_t every;
	double seconds;
	mproc_barrier *all_are_here;
} search;

/* What it gives back. */
typedef struct finding {
	uint64_t divisions;
	double seconds;
	/* When it set the flag, or saw that it was set. */
	double end;
	bool has_set;
} finding;

/* Where a worker is; when it is through all divisors, it begins again. */
static uint64_t divisor = 3;

/* Returns 1 when a factor was found: never, but who would not look at the results need not divide. */
static int divide(uint64_t count)
{
	for (; count > 0; --count) {
		if (PRIME % divisor == 0)
			return 1;
		divisor = divisor < ROOT - 2 ? divisor + 2 : 3;
	}
	return 0;
}

/* Divide and look, until @end.  Returns 1 when the flag is set, 0 when it is not, or a negative errno. */
static int search_until(const search *self, double end, uint64_t *ret_divisions)
{
	uint64_t stretch = 0;
	int rc = 0;

	*ret_divisions = 0;
	while (rc == 0) {
		if (divide(self->every))
			return -EBADMSG;
		*ret_divisions += self->every;
		rc = self->kind->is_set(self->flag);
		stretch += self->every;
		if (stretch < STRETCH)
			continue;
		stretch = 0;
		if (seconds_now() >= end)
			break;
	}
	return rc;
}

static int search_in_vain(const void *item, void *result, mproc_task *task)
{
	const search *self = item;
	finding *found = result;
	double start;
	int rc;

	(void)task;
	/* So that a worker's first look, which may open a connection, is not measured. */
	rc = self->kind->is_set(self->flag);
	if (rc == 0)
		rc = mproc_barrier_wait(self->all_are_here, MPROC_FOREVER, NULL);
	if (rc < 0)
		return rc;
	start = seconds_now();
	rc = search_until(self, start + self->seconds, &found->divisions);
	found->seconds = seconds_now() - start;
	return rc > 0 ? -EBADMSG : rc;
}

/* The first one sets the flag when the others have been searching for a while. */
static int search_or_stop(const void *item, void *result, mproc_task *task)
{
	const search *self = item;
	finding *found = result;
	int rc = self->kind->is_set(self->flag);

	if (rc == 0)
		rc = mproc_barrier_wait(self->all_are_here, MPROC_FOREVER, NULL);
	if (rc < 0)
		return rc;
	found->has_set = mproc_task_index(task) == 0;
	if (found->has_set) {
		for (double end = seconds_now() + self->seconds / STOPS; seconds_now() < end;)
			divide(STRETCH);
		found->end = seconds_now();
		return self->kind->set(self->flag);
	}
	rc = search_until(self, seconds_now() + MOST_SECONDS, &found->divisions);
	found->end = seconds_now();
	return rc < 0 ? rc : 0;
}

/* The experiments. */

typedef struct experiment {
	mproc_pool *pool;
	unsigned workers;
	search searches[MOST_WORKERS];
	finding findings[MOST_WORKERS];
} experiment;

/* Returns 0 or a negative errno. */
static int search_with_all(experiment *self, mproc_task_function *function)
{
	const mproc_map_options options = {.chunk = 1};
	int rc = self->searches[0].kind->clear(self->searches[0].flag);

	memset(self->findings, 0, sizeof self->findings);
	if (rc == 0)
		rc = mproc_pool_map(self->pool, function, self->searches, sizeof *self->searches,
			self->workers, self->findings, sizeof *self->findings, &options);
	return rc;
}

static int measure_division(experiment *self, double *ret_seconds)
{
	double seconds = 0, divisions = 0;
	int rc = search_with_all(self, search_in_vain);

	for (unsigned i = 0; i < self->workers; ++i) {
		seconds += self->findings[i].seconds;
		divisions += (double)self->findings[i].divisions;
	}
	*ret_seconds = seconds / divisions;
	return rc;
}

/* From the flag to the last one that stopped; 0 when somebody stopped before the flag was told to be set. */
static double delay_of(const experiment *self)
{
	double set = 0, last = 0;

	for (unsigned i = 0; i < self->workers; ++i) {
		if (self->findings[i].has_set)
			set = self->findings[i].end;
		else if (self->findings[i].end > last)
			last = self->findings[i].end;
	}
	return last > set ? last - set : 0;
}

static int compare_seconds(const void *left, const void *right)
{
	double difference = *(const double *)left - *(const double *)right;

	return (difference > 0) - (difference < 0);
}

static int measure_stop(experiment *self, double *ret_seconds)
{
	double delays[STOPS] = {0};
	int rc = 0;

	for (int i = 0; i < STOPS && rc == 0; ++i) {
		rc = search_with_all(self, search_or_stop);
		delays[i] = delay_of(self);
	}
	qsort(delays, STOPS, sizeof *delays, compare_seconds);
	*ret_seconds = delays[STOPS / 2];
	return rc;
}

static void prepare(experiment *self, uint64_t every)
{
	for (unsigned i = 0; i < self->workers; ++i)
		self->searches[i].every = every;
}

/* Returns 0, or -1 after telling what failed. */
static int measure(experiment *self, const method *how, uint64_t every)
{
	double division, stop = 0;
	int rc;

	show_progress("%s, a look every %" PRIu64 " divisions …", how->name, every);
	prepare(self, every);
	rc = measure_division(self, &division);
	if (rc == 0 && self->workers > 1)
		rc = measure_stop(self, &stop);
	if (rc != 0)
		return fail();
	tell("%-13s %10" PRIu64 "  %s  %s\n", how->name, every, readable_seconds(division).text,
		self->workers > 1 ? readable_seconds(stop).text : "-");
	print_measurement("check_interval", how->name, division, "s/division", "%" PRIu64, every);
	if (self->workers > 1)
		print_measurement("stop_delay", how->name, stop, "s", "%" PRIu64, every);
	return 0;
}

static int measure_each(experiment *self, const method *how, const number_list *every)
{
	int failed = 0;

	for (int i = 0; i < every->count && !failed; ++i)
		failed = measure(self, how, every->numbers[i]);
	return failed;
}

/* The flag comes first: the workers, who inherit it, must not be there before it is. */
static int run_method(const method *how, const number_list *every, unsigned workers, double seconds)
{
	experiment self = {.workers = workers};
	mproc_barrier *barrier = mproc_calloc(1, sizeof *barrier);
	void *flag;
	int failed = -1;

	remote_flags.is_polled = how->is_polled;
	flag = how->kind->create();
	if (flag
		&& (!barrier || mproc_barrier_init(barrier, workers, NULL) < 0
			|| mproc_pool_open(&(mproc_pool_options){.workers = workers}, &self.pool) < 0))
		fail();
	for (unsigned i = 0; i < workers; ++i)
		self.searches[i] = (search){
			.kind = how->kind, .flag = flag, .seconds = seconds, .all_are_here = barrier};
	if (self.pool)
		failed = measure_each(&self, how, every);
	mproc_pool_close(self.pool);
	how->kind->destroy(flag);
	if (barrier)
		mproc_barrier_destroy(barrier);
	mproc_free(barrier);
	return failed;
}

static bool is_wanted(const method *how, const setting *with, bool has_redis)
{
	if (strcmp(with->value, how->name) == 0)
		return true;
	return strcmp(with->value, "all") == 0 && (!how->is_redis || has_redis)
	       && (!how->is_remote || has_remote_flags);
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"every", "1,10,100,1000,10000,100000,1000000"}, {"seconds", "0.1"},
		{"workers", NULL}, {"with", "all"}, {"redis", NULL}, ROWS};
	number_list every;
	unsigned workers;
	double seconds;
	int failed = 0;

	read_command_line(argc, argv, USAGE, settings, 6);
	every = numbers_given(&settings[0], 1, MOST_EVERY);
	seconds = seconds_of(&settings[1]);
	workers = workers_given(&settings[2], MOST_WORKERS);
	check_name(&settings[3], " raw mmap event value manager manager-watch redis redis-watch all ");
	remote_flags.redis = settings[4].value ? settings[4].value : "redis://127.0.0.1:6379";
	rows_only = is_on(&settings[5]);

	tell("%" PRIu64 " is divided by %u workers\n\n", PRIME, workers);
	tell("flag          look every  by division  stopped after\n");
	for (int i = 0; i < METHOD_COUNT; ++i) {
		if (is_wanted(&METHODS[i], &settings[3], settings[4].value))
			failed |= run_method(&METHODS[i], &every, workers, seconds);
	}
	return exit_status(failed);
}
