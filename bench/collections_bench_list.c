/* SPDX-License-Identifier: MIT */
#include "collections_bench.h"

enum {
	/* Of ours; so many are in the list when items are got. */
	TURN = 200000,
	PYTHON_TURN = 300,
	KINDS = 4,
};

static double append_items(void *list)
{
	double start = bench_now();

	for (uint64_t i = 0; i < TURN; ++i)
		collections_expect(mproc_list_append(list, &i, sizeof i), "mproc_list_append");
	return (bench_now() - start) / TURN;
}

/* At random. */
static double get_items(void *list)
{
	uint64_t wrong = 0, value;
	double start = bench_now();

	for (uint64_t i = 0; i < TURN; ++i) {
		uint64_t position = collections_key(i) % TURN;

		collections_expect(mproc_list_get(list, (ssize_t)position, &value, sizeof value, NULL),
			"mproc_list_get");
		wrong |= value ^ position;
	}
	return collections_took(start, wrong) / TURN;
}

static double pop_items(mproc_list *list, ssize_t position)
{
	uint64_t sum = 0, value;
	double start = bench_now();

	for (uint64_t i = 0; i < TURN; ++i) {
		collections_expect(
			mproc_list_pop(list, position, &value, sizeof value, NULL), "mproc_list_pop");
		sum += value;
	}
	return collections_took(start, sum ^ (uint64_t)TURN * (TURN - 1) / 2) / TURN;
}

static double pop_last_items(void *list)
{
	return pop_items(list, -1);
}

/* The others were popped; appending them anew is not counted. */
static double pop_first_items(void *list)
{
	append_items(list);
	return pop_items(list, 0);
}

static const struct {
	const char *name;
	double (*run)(void *list);
	const char *python_kind;
} kinds[KINDS] = {
	{"append", append_items, "append"},
	{"get", get_items, "item"},
	{"pop", pop_last_items, "pop"},
	{"pop_first", pop_first_items, "pop_first"},
};

void collections_bench_list(bench_peer *python)
{
	collections_python_turn turns[KINDS];
	collections_field field = {0};
	mproc_list *list;

	collections_expect(mproc_list_create(NULL, &list), "mproc_list_create");
	for (size_t i = 0; i < KINDS; ++i) {
		collections_join(&field, "list", kinds[i].name, kinds[i].run, list);
		turns[i] = (collections_python_turn){python, kinds[i].python_kind, PYTHON_TURN, 0};
		if (python != NULL)
			collections_join(&field, "python-manager.list", kinds[i].name, collections_run_python,
				&turns[i]);
	}
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	for (size_t i = 0; i + 1 < field.count && python != NULL; i += 2)
		collections_compare(
			&field, &field.contestants[i], "python-manager", &field.contestants[i + 1], 0);
	mproc_list_destroy(list);
}
