/* SPDX-License-Identifier: MIT */
#include "collections_bench.h"

#include <stdio.h>

enum {
	/* From 10^3 to 10^7 entries. */
	DECADES = 5,
	FEWEST = 1000,
	TURN = 200000,
	KINDS = 2,
};

static const struct {
	const char *name;
	collections_work work;
} kinds[KINDS] = {{"get", COLLECTIONS_GET}, {"set", COLLECTIONS_SET}};

/* Get and set in full tables; GHashTable's has no peer where it is not installed. */
static void compete(const collections_table *ours, const collections_table *theirs)
{
	collections_turn our_turns[KINDS], their_turns[KINDS];
	bench_contestant *our_contestants[KINDS], *their_contestants[KINDS] = {NULL};
	collections_field field = {0};
	char name[COLLECTIONS_NAME];

	for (int i = 0; i < KINDS; ++i) {
		our_turns[i] = (collections_turn){ours, kinds[i].work};
		their_turns[i] = (collections_turn){theirs, kinds[i].work};
		snprintf(name, sizeof name, "%s.%zu", kinds[i].name, ours->keys->count);
		our_contestants[i] =
			collections_join(&field, "dict", name, collections_run_ours, &our_turns[i]);
		if (theirs->peer != NULL)
			their_contestants[i] = collections_join(
				&field, "hashtable", name, collections_run_peer, &their_turns[i]);
	}
	bench_contest(field.contestants, field.count);
	collections_print(&field);
	for (int i = 0; i < KINDS; ++i)
		collections_compare(&field, our_contestants[i], "hashtable", their_contestants[i], 0);
}

void collections_bench_sizes(bench_peer *glib)
{
	static collections_keys keys;
	mproc_dict *dict = NULL;
	const collections_table ours = {.keys = &keys, .dict = &dict};
	const collections_table theirs = {.keys = &keys, .peer = glib, .way = "direct"};
	size_t count = FEWEST;

	for (int i = 0; i < DECADES; ++i, count *= 10) {
		collections_keys_init(&keys, count, TURN);
		collections_run_ours(&(collections_turn){&ours, COLLECTIONS_FILL});
		if (glib != NULL)
			collections_run_peer(&(collections_turn){&theirs, COLLECTIONS_FILL});
		compete(&ours, &theirs);
	}
	mproc_dict_destroy(dict);
}
