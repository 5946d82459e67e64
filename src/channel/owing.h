/* SPDX-License-Identifier: MIT */
/*
 * channel/owing.h - which messages of acknowledged queues this thread got last.
 */
#ifndef CHANNEL_OWING_H
#define CHANNEL_OWING_H

#include "channel/queue.h"

/* This thread got these envelopes last from that queue: 1 + the index of the first. */
void mproci_owing_note(const mproc_queue *queue, uint32_t first);

/* What it got last from it, or 0. */
uint32_t mproci_owing_last(const mproc_queue *queue);

#endif
