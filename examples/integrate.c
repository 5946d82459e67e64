/* SPDX-License-Identifier: MIT */
/*
 * integrate - the area under a curve, by Simpson's rule.
 *
 * The range is cut into pieces.  Which they are, and which areas are added first, depends on the number of
 * steps alone, so the result is the same to the last bit, however many workers there are.
 */
#include "command.h"
#include "integrate/curve.h"

#include <math.h>

enum {
	/* Enough to make the work for one piece much longer than the way to it. */
	STEPS_IN_PIECE = 4096,
};

/* What all pieces share. */
typedef struct range {
	const curve *curve;
	double from, to;
	uint64_t steps;
} range;

static const char USAGE[] =
	"usage: integrate [OPTION]...\n"
	"The area under a curve, by Simpson's rule, beside what it really is.\n"
	"\n"
	"  --curve NAME  sine         sin(x), from 0 to pi; the default\n"
	"                exponential  exp(x), from 0 to 1\n"
	"                reciprocal   1/x, from 1 to 10\n"
	"                circle       sqrt(1 - x*x), from -1 to 1\n"
	"                bell         exp(-x*x), from -5 to 5\n"
	"  --from X      a range of your own: its begin,\n"
	"  --to X        and its end\n"
	"  --steps N     into which the range is divided, 1 to 10000000000; 20000000 by default\n"
	"  --workers N   processes, 1 to 1024; by default one for each usable core\n"
	"  --serial      without workers; the result is the same to the last bit\n"
	"  --help        this text\n"
	"\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* Done by a worker: the items are nothing but their numbers. */
static int integrate_piece(const void *item, void *area, mproc_task *task)
{
	const range *self = mproc_task_context(task);
	double (*height)(double) = self->curve->height;
	double step = (self->to - self->from) / (double)self->steps, sum = 0, left;
	uint64_t first = mproc_task_index(task) * STEPS_IN_PIECE;
	uint64_t end = first + STEPS_IN_PIECE < self->steps ? first + STEPS_IN_PIECE : self->steps;

	(void)item;
	left = height(self->from + step * (double)first);
	for (uint64_t i = first; i < end; ++i) {
		double x = self->from + step * (double)i;
		double right = height(fmin(self->from + step * (double)(i + 1), self->to));

		sum += left + 4 * height(x + step / 2) + right;
		left = right;
	}
	*(double *)area = sum * step / 6;
	return 0;
}

static void add(void *total, const void *area, const void *context)
{
	(void)context;
	*(double *)total += *(const double *)area;
}

static int integrate(mproc_pool *pool, const range *self)
{
	const mproc_map_options options = {.context = self, .context_size = sizeof *self};
	size_t pieces = (size_t)((self->steps + STEPS_IN_PIECE - 1) / STEPS_IN_PIECE);
	double exact = self->curve->integral(self->to) - self->curve->integral(self->from);
	double start = seconds_now(), area = 0;

	if (mproc_pool_reduce(pool, integrate_piece, add, NULL, 0, pieces, &area, sizeof area, &options) != 0)
		return fail();
	printf("%s from %.15g to %.15g\n", self->curve->name, self->from, self->to);
	printf("area        %.17g\n", area);
	printf("exact       %.17g\n", exact);
	printf("difference  %.2g\n", area - exact);
	printf("workers     %d\n", mproc_pool_workers(pool));
	printf("seconds     %.3f\n", seconds_now() - start);
	return 0;
}

/* The command line. */

enum {
	CURVE,
	FROM,
	TO,
	STEPS,
	WORKERS,
	SERIAL,
	SETTINGS
};

/* The number that an option is, or @otherwise when it is not given. */
static double number_between(const setting *given, double least, double most, double otherwise)
{
	char why[96], *end;
	double number;

	if (!given->value)
		return otherwise;
	number = strtod(given->value, &end);
	if (end != given->value && *end == '\0' && number >= least && number <= most)
		return number;
	snprintf(why, sizeof why, "must be a number from %g to %g", least, most);
	refuse(given, why);
}

static range read_range(const setting *settings)
{
	const curve *shape = find_curve(settings[CURVE].value);
	range given = {.curve = shape};

	if (!shape)
		refuse(&settings[CURVE], "must be sine, exponential, reciprocal, circle or bell");
	given.from = number_between(&settings[FROM], shape->least, shape->most, shape->from);
	given.to = number_between(&settings[TO], shape->least, shape->most, shape->to);
	given.steps = whole_number(&settings[STEPS], 1, UINT64_C(10000000000));
	if (given.from >= given.to)
		refuse(&settings[settings[TO].value ? TO : FROM],
			"must leave a range: --from must be below --to");
	return given;
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[CURVE] = {"curve", "sine"},
		[FROM] = {"from", NULL},
		[TO] = {"to", NULL},
		[STEPS] = {"steps", "20000000"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	mproc_pool_options options = {0};
	mproc_pool *pool;
	range plan;
	int failed;

	read_command_line(argc, argv, USAGE, settings, SETTINGS);
	plan = read_range(settings);
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	if (mproc_pool_open(&options, &pool) < 0)
		return exit_status(fail());
	failed = integrate(pool, &plan);
	mproc_pool_close(pool);
	return exit_status(failed);
}
