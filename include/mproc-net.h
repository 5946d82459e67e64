/* SPDX-License-Identifier: MIT */
/*
 * mproc-net.h - everything of libmproc-net, the manager and the client for it and for Redis, and of libmproc (mproc.h).
 *
 * Each noun has a header of its own, which is its manual.
 */
#ifndef MPROC_NET_H
#define MPROC_NET_H

#include <mproc.h>
#include <mproc/manager.h>
#include <mproc/remote.h>
#include <mproc/remote_dict.h>
#include <mproc/remote_event.h>
#include <mproc/remote_list.h>
#include <mproc/remote_lock.h>
#include <mproc/remote_queue.h>
#include <mproc/remote_semaphore.h>
#include <mproc/remote_set.h>
#include <mproc/remote_sorted_set.h>
#include <mproc/remote_subscription.h>
#include <mproc/remote_value.h>
#include <mproc/remote_watch.h>

#endif
