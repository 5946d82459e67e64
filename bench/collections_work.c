/* SPDX-License-Identifier: MIT */
#include "collections_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A random number below @bound; what the remainder prefers is less than the noise. */
static size_t draw(uint64_t *state, size_t bound)
{
	return (size_t)(collections_key((*state)++) % bound);
}

/* All of them, each once. */
static void shuffle(uint64_t *keys, size_t count, uint64_t *state)
{
	for (size_t i = 0; i < count; ++i) {
		size_t other = draw(state, i + 1);

		keys[i] = keys[other];
		keys[other] = collections_key(i);
	}
}

void collections_keys_init(collections_keys *keys, size_t count, size_t turn)
{
	/* Far from the numbers that make keys. */
	uint64_t state = 1ULL << 40;

	keys->count = count;
	keys->turn = turn;
	keys->next = 0;
	if (count > COLLECTIONS_ORDER) {
		for (size_t i = 0; i < COLLECTIONS_ORDER; ++i)
			keys->order[i] = collections_key(draw(&state, count));
		return;
	}
	for (size_t i = 0; i < COLLECTIONS_ORDER; i += count)
		shuffle(keys->order + i, count, &state);
}

double collections_memory(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	double kib = 0;
	char line[256];

	if (file == NULL)
		return 0;
	while (kib == 0 && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "Rss:", 4) == 0)
			kib = strtod(line + 4, NULL);
	}
	fclose(file);
	return kib * 1024;
}
