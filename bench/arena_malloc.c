/* SPDX-License-Identifier: MIT */
#include "arena_malloc.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

double arena_malloc_pairs(void *load)
{
	return arena_pairs(load, malloc, free);
}

double arena_malloc_filled_pairs(void *load)
{
	return arena_filled_pairs(load, malloc, free);
}

double arena_malloc_batches(void *load)
{
	return arena_batches(load, malloc, free);
}

void arena_malloc_crowd(void *member)
{
	arena_crowd_part(member, malloc, free);
}

static sem_t handed_over, freed;

static void *free_parcels(void *argument)
{
	arena_parcel *parcel = argument;

	bench_stay_at(1);
	for (;;) {
		double start;

		while (sem_wait(&handed_over) < 0)
			;
		start = bench_now();
		arena_free_batch(parcel->blocks, free);
		parcel->took_free = bench_now() - start;
		sem_post(&freed);
	}
	return NULL;
}

static void start_thread(arena_parcel *parcel)
{
	static bool is_running;
	pthread_t thread;

	if (is_running)
		return;
	sem_init(&handed_over, false, 0);
	sem_init(&freed, false, 0);
	if (pthread_create(&thread, NULL, free_parcels, parcel) != 0)
		bench_fail("no thread to free what another one allocated");
	is_running = true;
}

void arena_malloc_hand_over(void *argument)
{
	arena_parcel *parcel = argument;
	double start;

	start_thread(parcel);
	start = bench_now();
	arena_alloc_batch(parcel->blocks, ARENA_SMALL, malloc);
	parcel->took_alloc = bench_now() - start;
	sem_post(&handed_over);
	while (sem_wait(&freed) < 0)
		;
}
