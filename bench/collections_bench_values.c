/* SPDX-License-Identifier: MIT */
#include "collections_bench.h"

#include <stdlib.h>
#include <string.h>

enum {
	SIZES = 3,
	/* So many keys have a value of the size. */
	KEYS = 16,
};

typedef struct value_size {
	const char *name;
	size_t size;
	/* How many accesses are a turn, ours and Python's. */
	size_t count, python_count;
} value_size;

static const value_size sizes[SIZES] = {
	{"64B", 64, 100000, 300},
	{"1KiB", 1024, 50000, 300},
	{"1MiB", 1 << 20, 50, 16},
};

typedef struct value_turn {
	mproc_dict *dict;
	const value_size *size;
	char *buffer;
} value_turn;

static double set_values(void *argument)
{
	const value_turn *self = argument;
	double start = bench_now();

	for (uint64_t i = 0; i < self->size->count; ++i) {
		uint64_t key = i % KEYS;

		memcpy(self->buffer, &key, sizeof key);
		collections_expect(
			mproc_dict_set(self->dict, &key, sizeof key, self->buffer, self->size->size),
			"mproc_dict_set");
	}
	return (bench_now() - start) / (double)self->size->count;
}

static double get_values(void *argument)
{
	const value_turn *self = argument;
	double start = bench_now();

	for (uint64_t i = 0; i < self->size->count; ++i) {
		uint64_t key = i % KEYS;
		size_t size;

		collections_expect(
			mproc_dict_get(self->dict, &key, sizeof key, self->buffer, self->size->size, &size),
			"mproc_dict_get");
		if (size != self->size->size || memcmp(self->buffer, &key, sizeof key) != 0)
			bench_fail("key %d has the wrong value", (int)key);
	}
	return (bench_now() - start) / (double)self->size->count;
}

static void measure(const value_size *size, bench_peer *python)
{
	value_turn turn = {collections_dict(), size, calloc(1, size->size)};
	collections_python_turn python_set = {python, "set_bytes", size->python_count, size->size};
	collections_python_turn python_get = {python, "get_bytes", size->python_count, size->size};
	collections_field field = {0};

	if (turn.buffer == NULL)
		bench_fail("no memory for a value");
	collections_join(&field, "dict.set", size->name, set_values, &turn);
	collections_join(&field, "dict.get", size->name, get_values, &turn);
	if (python != NULL) {
		collections_join(
			&field, "python-manager.set", size->name, collections_run_python, &python_set);
		collections_join(
			&field, "python-manager.get", size->name, collections_run_python, &python_get);
	}
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	for (size_t i = 0; i + 2 < field.count; ++i)
		collections_compare(
			&field, &field.contestants[i], "python-manager", &field.contestants[i + 2], 0);
	free(turn.buffer);
	mproc_dict_destroy(turn.dict);
}

void collections_bench_values(bench_peer *python)
{
	for (size_t i = 0; i < SIZES; ++i)
		measure(&sizes[i], python);
}
