/* SPDX-License-Identifier: MIT */
#include "channel/owing.h"

#include <stddef.h>

enum {
	/* So many queues are remembered; a thread that gets from more has its blocks to tell them by. */
	QUEUES = 16,
};

typedef struct debt {
	const mproc_queue *queue;
	int64_t birth;
	uint32_t first;
} debt;

static _Thread_local debt debts[QUEUES];
static _Thread_local unsigned oldest;

static debt *find(const mproc_queue *queue)
{
	for (unsigned i = 0; i < QUEUES; ++i) {
		if (debts[i].queue == queue && debts[i].birth == queue->birth)
			return &debts[i];
	}
	return NULL;
}

static debt *find_settled(void)
{
	for (unsigned i = 0; i < QUEUES; ++i) {
		if (debts[i].first == 0)
			return &debts[i];
	}
	return NULL;
}

void mproci_owing_note(const mproc_queue *queue, uint32_t first)
{
	debt *place = find(queue);

	if (place == NULL && first == 0)
		return;
	if (place == NULL)
		place = find_settled();
	if (place == NULL) {
		place = &debts[oldest];
		oldest = (oldest + 1) % QUEUES;
	}
	*place = (debt){queue, queue->birth, first};
}

uint32_t mproci_owing_last(const mproc_queue *queue)
{
	const debt *place = find(queue);

	return place == NULL ? 0 : place->first;
}
