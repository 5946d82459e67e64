/* SPDX-License-Identifier: MIT */
/*
 * sync/event.h - what mproc_wait needs beside mproc/event.h.
 */
#ifndef SYNC_EVENT_H
#define SYNC_EVENT_H

#include "sync/event_count.h"

#include <mproc/event.h>

/* What is notified when the event, which is one, is set. */
mproci_event_count *mproci_event_settings(mproc_event *public);

#endif
