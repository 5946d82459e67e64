/* SPDX-License-Identifier: MIT */
/*
 * namespace - a child changes the values of some names, and what is in a dict that is one of them; its parent
 * sees all of it.
 */
#include "command.h"

static const char USAGE[] = "usage: namespace\n"
			    "A process changes the values in a namespace; its parent prints them.\n";

static int print_dict(mproc_dict *dict)
{
	mproc_snapshot *all;

	if (mproc_dict_snapshot(dict, &all) < 0)
		return fail();
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_key);
	putchar('{');
	for (size_t i = 0; i < all->count; ++i)
		printf("%s%s: %" PRId64, i > 0 ? ", " : "", (const char *)all->entries[i].key,
			*(const int64_t *)all->entries[i].value);
	putchar('}');
	mproc_snapshot_close(all);
	return 0;
}

static int print(mproc_namespace *state)
{
	mproc_dict *prices;
	double rate;
	void *greeting;
	int x;

	if (mproc_namespace_get(state, "x", &x, sizeof x) < 0
		|| mproc_namespace_get(state, "rate", &rate, sizeof rate) < 0
		|| mproc_namespace_get(state, "prices", &prices, sizeof(mproc_dict *)) < 0
		|| mproc_namespace_get_copy(state, "greeting", &greeting, NULL) < 0)
		return fail();
	printf("x=%d rate=%g greeting='%s' prices=", x, rate, (const char *)greeting);
	free(greeting);
	if (print_dict(prices) < 0)
		return -1;
	printf(" answer %s\n", mproc_namespace_has(state, "answer") == 1 ? "is there" : "is not there");
	return 0;
}

static int set_all(mproc_namespace *state, int x, double rate, const char *greeting)
{
	if (mproc_namespace_set(state, "x", &x, sizeof x) < 0
		|| mproc_namespace_set(state, "rate", &rate, sizeof rate) < 0
		|| mproc_namespace_set(state, "greeting", greeting, strlen(greeting)) < 0)
		return fail();
	return 0;
}

/* Runs in the child.  The dict lies in shared memory: what is changed in it is changed for all. */
static int change(void *argument)
{
	mproc_namespace *state = argument;
	const int answer = 42;
	mproc_dict *prices;

	if (mproc_namespace_get(state, "prices", &prices, sizeof(mproc_dict *)) < 0
		|| mproc_dict_add(prices, "pear", 4, 5, NULL) < 0
		|| mproc_dict_add(prices, "apple", 5, -1, NULL) < 0
		|| mproc_namespace_set(state, "answer", &answer, sizeof answer) < 0)
		return fail();
	return set_all(state, 11, 0.5, "good morning");
}

static int run(mproc_namespace *state, mproc_dict *prices)
{
	if (mproc_dict_add(prices, "apple", 5, 3, NULL) < 0
		|| mproc_namespace_set(state, "prices", &prices, sizeof(mproc_dict *)) < 0)
		return fail();
	if (set_all(state, 10, 12.3, "hello") < 0 || print(state) < 0)
		return -1;
	if (start_and_join(NULL, change, state, 0, 1) != 0)
		return -1;
	return print(state);
}

int main(int argc, char *argv[])
{
	mproc_namespace *state = NULL;
	mproc_dict *prices = NULL;
	int failed;

	read_no_options(argc, argv, USAGE);
	if (mproc_namespace_create(NULL, &state) < 0 || mproc_dict_create(NULL, &prices) < 0)
		failed = fail();
	else
		failed = run(state, prices);
	mproc_dict_destroy(prices);
	mproc_namespace_destroy(state);
	return exit_status(failed);
}
