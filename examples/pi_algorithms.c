/* SPDX-License-Identifier: MIT */
/*
 * pi_algorithms - calculates pi by several algorithms at the same time: different functions side by side in one pool.  Each is
 * submitted with the bytes that it needs, and the answers are printed as they come.
 */
#include "command.h"
#include "pi.h"

enum {
	MOST_WORKERS = 1024,
	LAST_DIGITS = 10,
};

static const char USAGE[] =
	"usage: pi_algorithms [OPTION]...\n"
	"Calculates pi by several algorithms, side by side in one pool, and checks that they agree.\n"
	"\n"
	"  --digits N   how many digits, 1 to 100000, the 3 included; 10000 by default\n"
	"  --workers N  processes, 1 to 1024; by default one for each usable core\n"
	"  --serial     without workers, one after the other\n"
	"  --help       this text\n"
	"\n"
	"The seconds are wall time.  The digits are cut off, not rounded.\n"
	"Exit status: 0; 1 when something failed, or two do not agree; 2 for options that make no sense.\n";

/* Calculate pi as precisely as the variable is; @digits digits of it matter. */
typedef void algorithm(mpfr_t pi, unsigned digits);

/* The algorithms. */

/* Add @factor * arctan(1/@n), which is 1/n - 1/(3 n^3) + 1/(5 n^5) - … */
static void add_arctan(mpfr_t sum, long factor, unsigned long n)
{
	mpfr_t power, term;

	mpfr_inits2(mpfr_get_prec(sum), power, term, NULL);
	mpfr_set_si(power, factor, MPFR_RNDN);
	mpfr_div_ui(power, power, n, MPFR_RNDN);
	for (unsigned long k = 1; mpfr_get_exp(power) > -mpfr_get_prec(sum); k += 2) {
		mpfr_div_ui(term, power, k, MPFR_RNDN);
		mpfr_add(sum, sum, term, MPFR_RNDN);
		mpfr_div_si(power, power, -(long)(n * n), MPFR_RNDN);
	}
	mpfr_clears(power, term, NULL);
}

/* John Machin, 1706: 16 arctan(1/5) - 4 arctan(1/239) */
static void machin(mpfr_t pi, unsigned digits)
{
	(void)digits;
	mpfr_set_zero(pi, 1);
	add_arctan(pi, 16, 5);
	add_arctan(pi, -4, 239);
}

/* Gauss and Legendre: the arithmetic and the geometric mean of a and b; each step doubles the digits that are right. */
static void gauss_legendre(mpfr_t pi, unsigned digits)
{
	mpfr_t a, b, t, next;

	mpfr_inits2(mpfr_get_prec(pi), a, b, t, next, NULL);
	mpfr_set_ui(a, 1, MPFR_RNDN);
	mpfr_set_d(b, 0.5, MPFR_RNDN);
	mpfr_sqrt(b, b, MPFR_RNDN);
	mpfr_set_d(t, 0.25, MPFR_RNDN);
	for (unsigned step = 0; 1U << step <= digits; ++step) {
		mpfr_add(next, a, b, MPFR_RNDN);
		mpfr_div_2ui(next, next, 1, MPFR_RNDN);
		mpfr_mul(b, a, b, MPFR_RNDN);
		mpfr_sqrt(b, b, MPFR_RNDN);
		mpfr_sub(a, a, next, MPFR_RNDN);
		mpfr_sqr(a, a, MPFR_RNDN);
		mpfr_mul_2ui(a, a, step, MPFR_RNDN);
		mpfr_sub(t, t, a, MPFR_RNDN);
		mpfr_set(a, next, MPFR_RNDN);
	}
	mpfr_add(pi, a, b, MPFR_RNDN);
	mpfr_sqr(pi, pi, MPFR_RNDN);
	mpfr_div(pi, pi, t, MPFR_RNDN);
	mpfr_div_2ui(pi, pi, 2, MPFR_RNDN);
	mpfr_clears(a, b, t, next, NULL);
}

/* David and Gregory Chudnovsky, 1988: each term gives 14 digits more. */
static void chudnovsky(mpfr_t pi, unsigned digits)
{
	const unsigned long cube = 10939058860032000; /* 640320^3 / 24 */
	unsigned long terms = digits / 14 + 2;
	mpfr_t term, part;

	mpfr_inits2(mpfr_get_prec(pi), term, part, NULL);
	mpfr_set_ui(term, 1, MPFR_RNDN);
	mpfr_set_ui(pi, 13591409, MPFR_RNDN);
	for (unsigned long k = 1; k < terms; ++k) {
		mpfr_mul_ui(term, term, (6 * k - 5) * (2 * k - 1) * (6 * k - 1), MPFR_RNDN);
		mpfr_div_ui(term, term, k * k * k, MPFR_RNDN);
		mpfr_div_ui(term, term, cube, MPFR_RNDN);
		mpfr_neg(term, term, MPFR_RNDN);
		mpfr_mul_ui(part, term, 13591409 + 545140134 * k, MPFR_RNDN);
		mpfr_add(pi, pi, part, MPFR_RNDN);
	}
	mpfr_sqrt_ui(part, 10005, MPFR_RNDN);
	mpfr_mul_ui(part, part, 426880, MPFR_RNDN);
	mpfr_div(pi, part, pi, MPFR_RNDN);
	mpfr_clears(term, part, NULL);
}

static void built_in(mpfr_t pi, unsigned digits)
{
	(void)digits;
	mpfr_const_pi(pi, MPFR_RNDN);
	mpfr_free_cache();
}

/* The tasks. */

typedef struct order {
	const char *name;
	algorithm *function;
	unsigned digits;
} order;

static order orders[] = {
	{"Machin", machin, 0},
	{"Gauss-Legendre", gauss_legendre, 0},
	{"Chudnovsky", chudnovsky, 0},
	{"Bailey-Borwein-Plouffe", sum_series, 0},
	{"as built into MPFR", built_in, 0},
};
enum {
	ORDER_COUNT = sizeof orders / sizeof *orders
};

typedef struct answer {
	const char
		*name; /* where the order has it, also in the workers, which are forked from this program */
	double seconds;
	char digits[];
} answer;

/* What a worker does: the function and what it gets came as bytes, the digits go back as bytes. */
static int run_order(const void *argument, void *result, mproc_task *task)
{
	const order *self = argument;
	double start = seconds_now();
	answer *mine;
	mpfr_t pi;
	int rc = mproc_task_reserve(task, sizeof *mine + self->digits + TEXT_ROOM, (void **)&mine);

	(void)result;
	if (rc < 0)
		return rc;
	mpfr_init2(pi, bits_for(self->digits));
	self->function(pi, self->digits);
	write_digits(pi, self->digits, mine->digits);
	mpfr_clear(pi);
	mine->name = self->name;
	mine->seconds = seconds_now() - start;
	return 0;
}

/* Returns how many were submitted; less than ORDER_COUNT after telling why. */
static size_t submit_orders(mproc_pool *pool, mproc_future *futures[ORDER_COUNT])
{
	size_t count = 0;

	while (count < ORDER_COUNT
		&& mproc_pool_submit(
			   pool, run_order, &orders[count], sizeof *orders, 0, NULL, &futures[count])
			   == 0)
		++count;
	if (count < ORDER_COUNT)
		fail();
	return count;
}

static void print_answer(const answer *self)
{
	size_t length = strlen(self->digits);

	say("%-22s %8.4f  %s", self->name, self->seconds,
		self->digits + (length > LAST_DIGITS ? length - LAST_DIGITS : 0));
}

/* Print the answers as they come.  Returns 0 when all are the same. */
static int print_answers(mproc_future *futures[ORDER_COUNT])
{
	const answer *first = NULL, *next;
	const void *bytes;

	printf("algorithm               seconds  last digits\n");
	for (size_t i = 0; i < ORDER_COUNT; ++i) {
		if (mproc_future_as_completed(futures, ORDER_COUNT, i, MPROC_FOREVER) < 0
			|| mproc_future_get(futures[i], MPROC_FOREVER, &bytes, NULL) != 0)
			return fail();
		next = bytes;
		print_answer(next);
		first = first ? first : next;
		if (strcmp(next->digits, first->digits) != 0)
			return complain("%s and %s do not agree", next->name, first->name);
	}
	printf("\nAll agree on the digits: %u\n", orders[0].digits);
	return 0;
}

static int run_orders(const mproc_pool_options *options)
{
	mproc_future *futures[ORDER_COUNT];
	mproc_pool *pool;
	double start;
	size_t count;
	int failed = -1;

	if (mproc_pool_open(options, &pool) < 0)
		return fail();
	start = seconds_now();
	count = submit_orders(pool, futures);
	if (count == ORDER_COUNT)
		failed = print_answers(futures);
	if (!failed)
		printf("Workers: %d, seconds in all: %.4f\n", mproc_pool_workers(pool),
			seconds_now() - start);
	while (count > 0)
		mproc_future_close(futures[--count]);
	mproc_pool_close(pool);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"digits", "10000"}, {"workers", NULL}, {"serial", OFF}};
	mproc_pool_options options = {.name = "pi"};

	read_command_line(argc, argv, USAGE, settings, 3);
	for (int i = 0; i < ORDER_COUNT; ++i)
		orders[i].digits = (unsigned)whole_number(&settings[0], 1, MOST_DIGITS);
	if (settings[1].value)
		options.workers = (unsigned)whole_number(&settings[1], 1, MOST_WORKERS);
	if (is_on(&settings[2]))
		options.backend = MPROC_BACKEND_SERIAL;
	return exit_status(run_orders(&options));
}
