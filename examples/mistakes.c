/* SPDX-License-Identifier: MIT */
/*
 * mistakes - what the tutorials do wrong, each done once as they do it and once right: the results beside each other.
 *
 * Primes are in mistakes/primes.c and mistakes/lists.c, a counter in mistakes/files.c, pi in mistakes/pi.c, the order in
 * which processes do things in mistakes/processes.c.  In each file the function of a mistake stands before that which is
 * right.
 */
#include "mistakes/mistakes.h"

#include "command.h"
#include "experiment.h"

static const char USAGE[] =
	"usage: mistakes [OPTION]... [NUMBER]...\n"
	"Makes mistakes, and does the same right.\n"
	"\n"
	"  NUMBER         which, 1 to 13, or 6a for a part of one; by default all\n" ROWS_USAGE
	"                 What was varied is wrong or right.  A line for the seconds of each follows: the "
	"method is\n"
	"                 the number and -time\n"
	"  --help         this text\n"
	"\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

enum {
	LIST_COUNT = 5,
	LAST_NUMBER = 13,
	MOST_MISTAKES = 64,
};

static const mistake *const LISTS[LIST_COUNT] = {
	PRIME_MISTAKES, LIST_MISTAKES, FILE_MISTAKES, PI_MISTAKES, PROCESS_MISTAKES};

static int measure(mistake_function *function, double *ret_result, double *ret_seconds)
{
	double start = seconds_now();
	int rc = function(ret_result);

	*ret_seconds = seconds_now() - start;
	return rc;
}

/* Returns 0, or -1 after telling what failed. */
static int show(const mistake *one)
{
	double wrong, right, wrong_seconds, right_seconds;
	char time_name[16];

	show_progress("%s …", one->question);
	if (measure(one->make, &wrong, &wrong_seconds) < 0 || measure(one->avoid, &right, &right_seconds) < 0)
		return -1;
	tell("%-3s  %s\n     wrong %-22.12g %s   %s\n     right %-22.12g %s\n\n", one->number, one->question,
		wrong, readable_seconds(wrong_seconds).text, one->explanation, right,
		readable_seconds(right_seconds).text);
	print_measurement("mistakes", one->number, wrong, one->unit, "wrong");
	print_measurement("mistakes", one->number, right, one->unit, "right");
	snprintf(time_name, sizeof time_name, "%s-time", one->number);
	print_measurement("mistakes", time_name, wrong_seconds, "s", "wrong");
	print_measurement("mistakes", time_name, right_seconds, "s", "right");
	return 0;
}

/* Whether @word is the number of a mistake, with or without its letter. */
static bool is_named(const mistake *one, const char *word)
{
	size_t digits = strspn(one->number, "0123456789");

	return strcmp(word, one->number) == 0
	       || (strlen(word) == digits && strncmp(word, one->number, digits) == 0);
}

/* All, in their order.  Returns how many there are. */
static int list_mistakes(const mistake *list[MOST_MISTAKES])
{
	int count = 0;

	for (int number = 1; number <= LAST_NUMBER; ++number) {
		char word[16];

		snprintf(word, sizeof word, "%d", number);
		for (int i = 0; i < LIST_COUNT; ++i) {
			for (const mistake *one = LISTS[i]; one->number; ++one) {
				if (is_named(one, word) && count < MOST_MISTAKES)
					list[count++] = one;
			}
		}
	}
	return count;
}

static void check_word(const char *word, const mistake *list[MOST_MISTAKES], int count)
{
	for (int i = 0; i < count; ++i) {
		if (is_named(list[i], word))
			return;
	}
	refuse_word(word, "no mistake has this number; they are 1 to 13");
}

/* By the @count @words, if there are any. */
static bool is_wanted(const mistake *one, char *const words[], int count)
{
	for (int i = 0; i < count; ++i) {
		if (is_named(one, words[i]))
			return true;
	}
	return count == 0;
}

int main(int argc, char *argv[])
{
	setting rows = ROWS;
	const mistake *list[MOST_MISTAKES];
	int next = read_settings(argc, argv, USAGE, &rows, 1);
	int count = list_mistakes(list), failed = 0;

	rows_only = is_on(&rows);
	for (int i = next; i < argc; ++i)
		check_word(argv[i], list, count);
	for (int i = 0; i < count; ++i)
		failed |= is_wanted(list[i], &argv[next], argc - next) && show(list[i]) < 0;
	return exit_status(failed);
}
