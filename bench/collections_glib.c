/* SPDX-License-Identifier: MIT */
/*
 * collections_glib - the work of collections_bench.c on GHashTable; a peer (peer.h).
 *
 * It is told "<way> <work> <keys> <keys a turn>".  Each way to use GHashTable has one table at a time, which
 * COLLECTIONS_FILL and COLLECTIONS_WEIGH make.
 */
#include "collections_work.h"
#include "peer.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/*
 * Direct, the fastest way: key and value are the pointers themselves.
 */

static GHashTable *open_direct(void)
{
	return g_hash_table_new(g_direct_hash, NULL);
}

static uint64_t insert_direct(void *table, uint64_t key)
{
	return !g_hash_table_insert(table, (void *)key, (void *)collections_value(key));
}

static uint64_t set_direct(void *table, uint64_t key)
{
	/* FALSE: it was there. */
	return g_hash_table_insert(table, (void *)key, (void *)collections_value(key));
}

static uint64_t get_direct(void *table, uint64_t key)
{
	return (uint64_t)g_hash_table_lookup(table, (void *)key) ^ collections_value(key);
}

static uint64_t delete_direct(void *table, uint64_t key)
{
	return !g_hash_table_remove(table, (void *)key);
}

static double run_direct(collections_work work, collections_keys *keys, void *table)
{
	static const collections_steps steps = {insert_direct, set_direct, get_direct, delete_direct};

	return collections_run(work, keys, table, &steps);
}

/*
 * By pointers, the usual way for what does not fit into one: key and value lie together in a block of their own.
 */

typedef struct glib_pair {
	int64_t key;
	uint64_t value;
} glib_pair;

static GHashTable *open_pointers(void)
{
	return g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static uint64_t insert_pair(void *table, uint64_t key)
{
	glib_pair *pair = g_new(glib_pair, 1);

	*pair = (glib_pair){(int64_t)key, collections_value(key)};
	return !g_hash_table_insert(table, &pair->key, &pair->value);
}

static uint64_t set_pair(void *table, uint64_t key)
{
	uint64_t *value = g_hash_table_lookup(table, &key);

	if (value == NULL)
		return 1;
	*value = collections_value(key);
	return 0;
}

static uint64_t get_pair(void *table, uint64_t key)
{
	const uint64_t *value = g_hash_table_lookup(table, &key);

	return value == NULL ? 1 : *value ^ collections_value(key);
}

static uint64_t delete_pair(void *table, uint64_t key)
{
	return !g_hash_table_remove(table, &key);
}

static double run_pairs(collections_work work, collections_keys *keys, void *table)
{
	static const collections_steps steps = {insert_pair, set_pair, get_pair, delete_pair};

	return collections_run(work, keys, table, &steps);
}

/* A way to use GHashTable for keys and values of 8 bytes. */
typedef struct glib_way {
	const char *name;
	GHashTable *(*open)(void);
	double (*run)(collections_work work, collections_keys *keys, void *table);
	GHashTable *table;
	collections_keys keys;
} glib_way;

static glib_way ways[] = {
	{.name = "direct", .open = open_direct, .run = run_direct},
	{.name = "pointers", .open = open_pointers, .run = run_pairs},
};

static glib_way *way_named(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ways); ++i) {
		if (strcmp(ways[i].name, name) == 0)
			return &ways[i];
	}
	bench_fail("collections_glib: no way is called %s", name);
}

static double fill_anew(glib_way *way)
{
	g_clear_pointer(&way->table, g_hash_table_destroy);
	way->table = way->open();
	return way->run(COLLECTIONS_FILL, &way->keys, way->table);
}

static double weigh(glib_way *way)
{
	double before = collections_memory();

	fill_anew(way);
	return collections_memory() - before;
}

static double run(const char *order)
{
	size_t count, turn;
	glib_way *way;
	char name[16];
	int work;

	if (sscanf(order, "%15s %d %zu %zu", name, &work, &count, &turn) != 4)
		bench_fail("collections_glib: cannot %s", order);
	way = way_named(name);
	if (way->keys.count != count || way->keys.turn != turn)
		collections_keys_init(&way->keys, count, turn);
	if (work == COLLECTIONS_WEIGH)
		return weigh(way);
	if (work == COLLECTIONS_FILL)
		return fill_anew(way);
	return way->run((collections_work)work, &way->keys, way->table);
}

int main(void)
{
	bench_peer_serve(run);
}
