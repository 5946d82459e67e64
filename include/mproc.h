/* SPDX-License-Identifier: MIT */
/*
 * mproc.h - multiprocessing for C: everything.
 *
 * Each noun has a header of its own, which is its manual.
 */
#ifndef MPROC_H
#define MPROC_H

#include <mproc/arena.h>
#include <mproc/barrier.h>
#include <mproc/cache.h>
#include <mproc/condition.h>
#include <mproc/connection.h>
#include <mproc/cpu.h>
#include <mproc/deadline.h>
#include <mproc/dict.h>
#include <mproc/event.h>
#include <mproc/file_lock.h>
#include <mproc/future.h>
#include <mproc/init.h>
#include <mproc/interrupt.h>
#include <mproc/list.h>
#include <mproc/listener.h>
#include <mproc/log.h>
#include <mproc/map.h>
#include <mproc/mapped_file.h>
#include <mproc/mutex.h>
#include <mproc/namespace.h>
#include <mproc/once.h>
#include <mproc/pool.h>
#include <mproc/process.h>
#include <mproc/queue.h>
#include <mproc/random.h>
#include <mproc/result.h>
#include <mproc/semaphore.h>
#include <mproc/set.h>
#include <mproc/shared_memory.h>
#include <mproc/snapshot.h>
#include <mproc/stream.h>
#include <mproc/task.h>
#include <mproc/value.h>
#include <mproc/wait.h>

#endif
