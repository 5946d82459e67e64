/* SPDX-License-Identifier: MIT */
/*
 * one_or_many - one big number, or many small ones: where do the workers come in?
 *
 *	numbers   each number is an item of its own: right for many, useless for one
 *	divisors  all workers divide the same number, each by its part of the divisors, and then the next one: right for
 *	          one, and for many small ones a waste, since all wait for each other at each number
 */
#include "command.h"
#include "experiment.h"
#include "verify_prime/divisors.h"

enum {
	MOST_WORKERS = 1024,
	MOST_MANY = 10000000,
};

static const uint64_t FIRST_OF_MANY = 100000000;

static const char USAGE[] =
	"usage: one_or_many [OPTION]...\n"
	"Finds out whether one big number is prime, and which of many small ones are, and shares out the\n"
	"numbers, or the divisors of each number.\n"
	"\n"
	"  --one N        the big number, 3 to 18446744073709551615 and odd; 1000000000000037, a prime, by\n"
	"                 default\n"
	"  --many N       how many small ones, from 100000000 on, 1 to 10000000; 20000 by default\n"
	"  --workers N    processes, 1 to 1024; by default one for each usable core\n" ROWS_USAGE
	"  --help         this text\n"
	"\n"
	"The seconds are wall time, without opening the pool.  The speed-up is against one loop.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* One number with a part of its divisors. */
typedef struct piece {
	uint64_t number;
	divisors where;
} piece;

typedef struct experiment {
	mproc_pool *pool;
	unsigned workers;
	piece *pieces; /* one a worker */
	bool *verdicts;
} experiment;

/* What is asked: which of .count numbers from .first on are prime. */
typedef struct question {
	const char *name;
	uint64_t first;
	size_t count;
	size_t primes;
	double serial_seconds;
} question;

static int judge_number(const void *number, void *verdict, mproc_task *task)
{
	(void)task;
	*(bool *)verdict = is_prime(*(const uint64_t *)number);
	return 0;
}

static int has_no_factor(const void *item, void *verdict, mproc_task *task)
{
	const piece *self = item;
	divisors left = self->where;

	(void)task;
	while (left.count > 0 && self->number % left.first != 0)
		take_divisors(&left, 1);
	*(bool *)verdict = left.count == 0;
	return 0;
}

/* The ways return how many primes there are, or a negative errno. */

static long judge_serially(const experiment *self, const question *asked)
{
	long primes = 0;

	(void)self;
	for (size_t i = 0; i < asked->count; ++i)
		primes += is_prime(asked->first + i);
	return primes;
}

static long share_numbers(const experiment *self, const question *asked)
{
	uint64_t *numbers = mproc_alloc(asked->count * sizeof *numbers);
	long primes = 0, rc = -ENOMEM;

	for (size_t i = 0; numbers && i < asked->count; ++i)
		numbers[i] = asked->first + i;
	if (numbers)
		rc = mproc_pool_map(self->pool, judge_number, numbers, sizeof *numbers, asked->count,
			self->verdicts, sizeof *self->verdicts, NULL);
	for (size_t i = 0; i < asked->count && rc == 0; ++i)
		primes += self->verdicts[i];
	mproc_free(numbers);
	return rc != 0 ? rc : primes;
}

/* Returns 1 when it is prime, 0 when it is not, or a negative errno. */
static int share_divisors_of(const experiment *self, uint64_t number)
{
	const mproc_map_options options = {.chunk = 1};
	divisors whole = all_divisors(number);
	bool is_whole = true;
	int rc;

	if (number % 2 == 0)
		return number == 2;
	for (unsigned i = 0; i < self->workers; ++i)
		self->pieces[i] = (piece){number, cut_divisors(whole, self->workers, i)};
	rc = mproc_pool_map(self->pool, has_no_factor, self->pieces, sizeof *self->pieces, self->workers,
		self->verdicts, sizeof *self->verdicts, &options);
	for (unsigned i = 0; i < self->workers; ++i)
		is_whole &= self->verdicts[i];
	return rc != 0 ? rc : is_whole;
}

static long share_divisors(const experiment *self, const question *asked)
{
	long primes = 0;

	for (size_t i = 0; i < asked->count; ++i) {
		int rc = share_divisors_of(self, asked->first + i);

		if (rc < 0)
			return rc;
		primes += rc;
	}
	return primes;
}

static const struct {
	const char *name;
	long (*answer)(const experiment *self, const question *asked);
} WAYS[] = {
	{"serial", judge_serially},
	{"numbers", share_numbers},
	{"divisors", share_divisors},
};
enum {
	WAY_COUNT = sizeof WAYS / sizeof *WAYS
};

/* Returns 0, or -1 after telling what failed. */
static int ask(const experiment *self, question *asked, int way)
{
	double start = seconds_now(), seconds;
	long primes;

	show_progress("%s by %s …", asked->name, WAYS[way].name);
	primes = WAYS[way].answer(self, asked);
	seconds = seconds_now() - start;
	if (primes < 0)
		return fail();
	if (way == 0) {
		asked->primes = (size_t)primes;
		asked->serial_seconds = seconds;
	}
	if ((size_t)primes != asked->primes)
		return complain("%s found %ld primes instead of %zu", WAYS[way].name, primes, asked->primes);
	tell("%-5s %9zu %8ld  %-9s  %s %9.2f\n", asked->name, asked->count, primes, WAYS[way].name,
		readable_seconds(seconds).text, asked->serial_seconds / seconds);
	print_measurement("one_or_many", WAYS[way].name, seconds, "s", "%s", asked->name);
	return 0;
}

static int run(experiment *self, uint64_t one, size_t many)
{
	question questions[] = {
		{.name = "one", .first = one, .count = 1},
		{.name = "many", .first = FIRST_OF_MANY, .count = many},
	};
	int failed = 0;

	tell("One number, %" PRIu64 ", or %zu from %" PRIu64 " on; %u workers\n\n", one, many, FIRST_OF_MANY,
		self->workers);
	tell("        numbers   primes  shared out     seconds  speed-up\n");
	for (int i = 0; i < 2; ++i) {
		for (int way = 0; way < WAY_COUNT && !failed; ++way)
			failed = ask(self, &questions[i], way);
	}
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"one", "1000000000000037"}, {"many", "20000"}, {"workers", NULL}, ROWS};
	experiment self = {0};
	uint64_t one;
	size_t many;
	int failed;

	read_command_line(argc, argv, USAGE, settings, 4);
	one = whole_number(&settings[0], 3, UINT64_MAX);
	if (one % 2 == 0)
		refuse(&settings[0], "must be odd");
	many = (size_t)whole_number(&settings[1], 1, MOST_MANY);
	self.workers = workers_given(&settings[2], MOST_WORKERS);
	rows_only = is_on(&settings[3]);

	self.pieces = mproc_alloc(self.workers * sizeof *self.pieces);
	self.verdicts = mproc_alloc(many + self.workers);
	failed = !self.pieces || !self.verdicts
		 || mproc_pool_open(&(mproc_pool_options){.workers = self.workers}, &self.pool) < 0;
	failed = failed ? fail() : run(&self, one, many);
	mproc_pool_close(self.pool);
	mproc_free(self.pieces);
	mproc_free(self.verdicts);
	return exit_status(failed);
}
