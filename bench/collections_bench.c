/* SPDX-License-Identifier: MIT */
/*
 * collections_bench - what dict and list cost: against glib's GHashTable in one process, and against the dict and the list of a
 * manager in Python's multiprocessing; by the number of entries, of processes at once, and by the size of the values.
 */
#include "collections_bench.h"

#include "collections_python.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MILLION = COLLECTIONS_ORDER,
	/* Accesses to a manager, a turn. */
	PYTHON_TURN = 500,
};

static const double HASHTABLE_TARGET = 3, PYTHON_TARGET = 0.005;

/* The ways to use GHashTable, as they are called in the figures and in collections_glib.c. */
enum {
	DIRECT,
	POINTERS,
	WAYS,
};
static const struct {
	const char *name, *way;
	double target;
} ways[WAYS] = {{"hashtable", "direct", HASHTABLE_TARGET}, {"hashtable.pointers", "pointers", 0}};

/* Those that there are: ours, and peers, which are NULL when they are not installed. */
typedef struct collections_hall {
	bench_peer *glib, *python;
	mproc_dict *dict;
	collections_table ours, glibs[WAYS];
} collections_hall;

void collections_expect(int rc, const char *what)
{
	if (rc < 0)
		bench_fail("%s: %d, %s", what, rc, mproc_error_text());
}

mproc_dict *collections_dict(void)
{
	mproc_dict *dict;

	collections_expect(mproc_dict_create(NULL, &dict), "mproc_dict_create");
	return dict;
}

bench_contestant *collections_join(collections_field *field, const char *first, const char *second,
	double (*run)(void *self), void *self)
{
	bench_contestant *contestant = &field->contestants[field->count];

	if (field->count == COLLECTIONS_FIELD)
		bench_fail("%s.%s: too many contestants", first, second);
	snprintf(field->names[field->count++], COLLECTIONS_NAME, "%s.%s", first, second);
	*contestant = (bench_contestant){.run = run, .self = self};
	return contestant;
}

void collections_print(const collections_field *field)
{
	for (size_t i = 0; i < field->count; ++i)
		bench_print_times(field->names[i], &field->contestants[i], 1, "ns");
}

void collections_compare(const collections_field *field, const bench_contestant *ours, const char *peer_name,
	const bench_contestant *peer, double target)
{
	char full[2 * COLLECTIONS_NAME];

	if (peer == NULL)
		return;
	snprintf(full, sizeof full, "%s/%s", field->names[ours - field->contestants], peer_name);
	bench_print_ratio(full, ours, peer, target);
}

static uint64_t set_key(void *dict, uint64_t key)
{
	uint64_t value = collections_value(key);

	return (uint64_t)mproc_dict_set(dict, &key, sizeof key, &value, sizeof value);
}

static uint64_t get_key(void *dict, uint64_t key)
{
	uint64_t value;

	if (mproc_dict_get(dict, &key, sizeof key, &value, sizeof value, NULL) < 0)
		return UINT64_MAX;
	return value ^ collections_value(key);
}

static uint64_t delete_key(void *dict, uint64_t key)
{
	return (uint64_t)mproc_dict_delete(dict, &key, sizeof key);
}

double collections_run_ours(void *argument)
{
	static const collections_steps steps = {set_key, set_key, get_key, delete_key};
	const collections_turn *turn = argument;
	const collections_table *table = turn->table;
	double took;

	if (turn->work == COLLECTIONS_FILL) {
		mproc_dict_destroy(*table->dict);
		*table->dict = collections_dict();
	}
	took = collections_run(turn->work, table->keys, *table->dict, &steps);
	return took / (double)(turn->work == COLLECTIONS_FILL ? table->keys->count : table->keys->turn);
}

static double tell_peer(const collections_table *table, collections_work work)
{
	char order[64];

	snprintf(order, sizeof order, "%s %d %zu %zu", table->way, (int)work, table->keys->count,
		table->keys->turn);
	return bench_peer_run(table->peer, order);
}

double collections_run_peer(void *argument)
{
	const collections_turn *turn = argument;
	const collections_keys *keys = turn->table->keys;

	return tell_peer(turn->table, turn->work)
	       / (double)(turn->work == COLLECTIONS_FILL ? keys->count : keys->turn);
}

static double tell_python(const collections_python_turn *turn)
{
	char order[64];

	snprintf(order, sizeof order, "%s %zu %zu", turn->kind, turn->count, turn->number);
	return bench_peer_run(turn->peer, order);
}

double collections_run_python(void *argument)
{
	const collections_python_turn *turn = argument;

	return tell_python(turn) / (double)turn->count;
}

static void open_hall(collections_hall *hall, collections_keys *keys)
{
	*hall = (collections_hall){
		.glib = bench_peer_open_if_built("collections_glib", 0),
		.python = bench_peer_open_python(collections_python),
	};
	if (hall->glib == NULL)
		fprintf(stderr, "dict.get/hashtable: left out, glib is not installed\n");
	if (hall->python == NULL)
		fprintf(stderr, "dict.set/python-manager: left out, no python3 with multiprocessing\n");
	hall->ours = (collections_table){.keys = keys, .dict = &hall->dict};
	for (size_t i = 0; i < WAYS; ++i)
		hall->glibs[i] = (collections_table){.keys = keys, .peer = hall->glib, .way = ways[i].way};
}

/* Lets Python wait for its manager: then what that used counts as this program's. */
static void close_hall(collections_hall *hall)
{
	if (hall->python != NULL)
		tell_python(&(collections_python_turn){hall->python, "end", 0, 0});
	bench_peer_close(hall->python);
	bench_peer_close(hall->glib);
}

static double weigh_ours(collections_hall *hall)
{
	double before = collections_memory();

	collections_run_ours(&(collections_turn){&hall->ours, COLLECTIONS_FILL});
	return (collections_memory() - before) / MILLION;
}

static void print_memory(const char *name, double ours, double theirs)
{
	char full[2 * COLLECTIONS_NAME];

	snprintf(full, sizeof full, "%s.memory", name);
	bench_print(full, theirs, "B");
	snprintf(full, sizeof full, "dict.memory/%s", name);
	bench_print(full, ours / theirs, "ratio");
}

/* Bytes an entry.  All tables are full after this. */
static void measure_memory(collections_hall *hall)
{
	double ours = weigh_ours(hall), theirs;

	bench_print("dict.memory", ours, "B");
	for (size_t i = 0; i < WAYS && hall->glib != NULL; ++i) {
		theirs = tell_peer(&hall->glibs[i], COLLECTIONS_WEIGH) / MILLION;
		print_memory(ways[i].name, ours, theirs);
	}
	if (hall->python == NULL)
		return;
	theirs = tell_python(&(collections_python_turn){hall->python, "weigh", MILLION, 0}) / MILLION;
	print_memory("python-manager", ours, theirs);
}

/* One work on the table of a million, and who does it besides. */
typedef struct million_work {
	collections_turn ours, glibs[WAYS];
	collections_python_turn python;
	bench_contestant *our_contestant, *glib_contestants[WAYS], *python_contestant;
} million_work;

/* To be in a contest; Python is when it has a kind of work for it. */
static void enter(million_work *self, collections_hall *hall, collections_field *field, const char *name,
	collections_work work, const char *python_kind)
{
	self->ours = (collections_turn){&hall->ours, work};
	self->our_contestant = collections_join(field, "dict", name, collections_run_ours, &self->ours);
	for (size_t i = 0; i < WAYS && hall->glib != NULL; ++i) {
		self->glibs[i] = (collections_turn){&hall->glibs[i], work};
		self->glib_contestants[i] =
			collections_join(field, ways[i].name, name, collections_run_peer, &self->glibs[i]);
	}
	if (hall->python == NULL || python_kind == NULL)
		return;
	self->python = (collections_python_turn){hall->python, python_kind, PYTHON_TURN, 0};
	self->python_contestant =
		collections_join(field, "python-manager", name, collections_run_python, &self->python);
}

static void compare_million(const collections_field *field, const million_work *self, bool has_target)
{
	for (size_t i = 0; i < WAYS; ++i)
		collections_compare(field, self->our_contestant, ways[i].name, self->glib_contestants[i],
			has_target ? ways[i].target : 0);
	collections_compare(
		field, self->our_contestant, "python-manager", self->python_contestant, PYTHON_TARGET);
}

static void measure_access(collections_hall *hall)
{
	collections_field field = {0};
	million_work get_work = {0}, set_work = {0}, follow = {0};

	enter(&get_work, hall, &field, "get", COLLECTIONS_GET, "get");
	enter(&set_work, hall, &field, "set", COLLECTIONS_SET, "set");
	enter(&follow, hall, &field, "get.dependent", COLLECTIONS_FOLLOW, NULL);
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	compare_million(&field, &get_work, true);
	compare_million(&field, &set_work, true);
	compare_million(&field, &follow, false);
}

/* Filling, and deleting what was filled in. */
static void measure_growth(collections_hall *hall)
{
	collections_field field = {0};
	million_work fill = {0}, empty = {0};

	enter(&fill, hall, &field, "fill", COLLECTIONS_FILL, NULL);
	enter(&empty, hall, &field, "delete", COLLECTIONS_DELETE, NULL);
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	compare_million(&field, &fill, false);
	compare_million(&field, &empty, false);
}

static double take_snapshot(void *dict)
{
	mproc_snapshot *snapshot;
	double start = bench_now(), took;

	collections_expect(mproc_dict_snapshot(dict, &snapshot), "mproc_dict_snapshot");
	took = bench_now() - start;
	if (snapshot->count != MILLION)
		bench_fail("a snapshot has %zu entries", snapshot->count);
	mproc_snapshot_close(snapshot);
	return took / MILLION;
}

/* Of the full table. */
static void measure_snapshot(collections_hall *hall)
{
	collections_python_turn turn = {hall->python, "copy", MILLION, 0};
	collections_field field = {0};
	bench_contestant *ours, *theirs = NULL;

	ours = collections_join(&field, "dict", "snapshot", take_snapshot, hall->dict);
	if (hall->python != NULL)
		theirs =
			collections_join(&field, "python-manager", "snapshot", collections_run_python, &turn);
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	collections_compare(&field, ours, "python-manager", theirs, 0);
}

int main(void)
{
	static collections_keys keys;
	collections_hall hall;

	collections_keys_init(&keys, MILLION, MILLION);
	open_hall(&hall, &keys);
	measure_memory(&hall);
	measure_access(&hall);
	measure_snapshot(&hall);
	measure_growth(&hall);
	mproc_dict_destroy(hall.dict);
	collections_bench_sizes(hall.glib);
	collections_bench_values(hall.python);
	collections_bench_list(hall.python);
	collections_bench_processes();
	close_hall(&hall);
	bench_print_others();
	return 0;
}
