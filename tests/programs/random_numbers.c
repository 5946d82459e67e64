/* SPDX-License-Identifier: MIT */
/*
 * random_numbers SEED STREAMS [copied] - writes random numbers until nobody reads any more: one of each
 * stream in turn.  Copied, they are all the same stream, as in processes that were forked with a generator.
 * For tools/check-random.
 */
#include <mproc/random.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MOST_STREAMS = 1 << 20,
	BUFFERED = 1 << 13,
};

int main(int argc, char *argv[])
{
	static mproc_random generators[MOST_STREAMS];
	static uint64_t numbers[BUFFERED];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	long streams = argc > 2 ? strtol(argv[2], NULL, 10) : 0, next = 0;

	if (streams < 1 || streams > MOST_STREAMS) {
		fprintf(stderr, "usage: random_numbers SEED STREAMS [copied]; 1 to %d streams\n",
			MOST_STREAMS);
		return 2;
	}
	for (long i = 0; i < streams; ++i)
		mproc_random_init(&generators[i], seed, argc > 3 ? 0 : (uint64_t)i);
	do {
		for (int i = 0; i < BUFFERED; ++i) {
			numbers[i] = mproc_random_bits(&generators[next]);
			next = (next + 1) % streams;
		}
	} while (fwrite(numbers, sizeof *numbers, BUFFERED, stdout) == BUFFERED);
	return 1;
}
