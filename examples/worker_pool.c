/* SPDX-License-Identifier: MIT */
/*
 * worker_pool - applies a function that takes two seconds to each of some numbers: with four workers, four numbers take two
 * seconds, five take four.
 */
#include "command.h"

enum {
	MOST_NUMBERS = 64,
	NAP = 2,
};

static const char USAGE[] = "usage: worker_pool [OPTION]... [NUMBER]...\n"
			    "Squares numbers, 2 4 6 8 by default, which takes two seconds each.\n"
			    "\n"
			    "  --workers N  1 to 1024; by default one for each usable core\n"
			    "  --help       this text\n";

static int square(const void *item, void *result, mproc_task *task)
{
	int64_t number = *(const int64_t *)item;

	(void)task;
	sleep_for(NAP);
	*(int64_t *)result = number * number;
	return 0;
}

static void print_squares(const int64_t *squares, size_t count)
{
	for (size_t i = 0; i < count; ++i)
		printf("%s%" PRId64, i == 0 ? "" : " ", squares[i]);
	putchar('\n');
}

static int square_all(unsigned workers, const int64_t *numbers, size_t count)
{
	int64_t squares[MOST_NUMBERS];
	double start = seconds_now();
	mproc_pool *pool;
	int rc;

	rc = mproc_pool_open(&(mproc_pool_options){.workers = workers}, &pool);
	if (rc < 0)
		return fail();
	say("starting computations with %d workers", mproc_pool_workers(pool));
	rc = mproc_pool_map(pool, square, numbers, sizeof *numbers, count, squares, sizeof *squares, NULL);
	mproc_pool_close(pool);
	if (rc != 0)
		return fail();
	print_squares(squares, count);
	printf("elapsed time: %.3f s\n", seconds_now() - start);
	return 0;
}

static size_t read_numbers(char *words[], size_t count, int64_t *numbers)
{
	if (count > MOST_NUMBERS)
		refuse_word(words[MOST_NUMBERS], "too many: 64 numbers are possible");
	for (size_t i = 0; i < count; ++i) {
		const setting word = {"NUMBER", words[i]};

		numbers[i] = (int64_t)whole_number(&word, 0, 1000000000);
	}
	return count;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"workers", "0"}};
	int64_t numbers[MOST_NUMBERS] = {2, 4, 6, 8};
	size_t count = 4;
	int next = read_settings(argc, argv, USAGE, settings, 1);

	if (next < argc)
		count = read_numbers(argv + next, (size_t)(argc - next), numbers);
	return exit_status(square_all((unsigned)whole_number(&settings[0], 0, 1024), numbers, count));
}
