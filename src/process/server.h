/* SPDX-License-Identifier: MIT */
/*
 * process/server.h - the small process that forks processes for the whole family.
 *
 * mproc_init makes it, so it has no memory that grew and no other threads.  All members have one end of
 * its socket and send it requests: an order, and descriptors.  It forks; the child itself reports to who
 * asked.  The server is who reaps it, so before it does that it writes down how the child ended, where who
 * asked finds it.
 *
 * When it is killed nobody else ends.  Who needs a server next makes a new one by spawn, for itself and
 * the children it will have.
 */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

#include "process/handle.h"

#include <mproc/deadline.h>
#include <stdint.h>

/*
 * A request comes with these descriptors, then the child's standard streams that are open, then what it
 * keeps.
 */
enum {
	MPROCI_REQUEST_REPORT,
	MPROCI_REQUEST_LIFELINE,
	MPROCI_REQUEST_DIRECTORY,
	MPROCI_REQUEST_STREAMS,
};

typedef struct mproci_request {
	const struct mproci_order *order;
} mproci_request;

/* What the server runs; @socket points to its end of the socket. */
int mproci_server_serve(void *socket);

/* Make the family's server, by fork or by spawn.  Returns 0, or a negative errno with an error text. */
int mproci_server_make(mproc_start start);

/* Who the server is; 0: this process knows none. */
uint32_t mproci_server_stamp(void);
void mproci_server_know(uint32_t stamp);

/*
 * Wait until it is known how an ended child of a server ended, or that its server has died.  Returns 0 or
 * -ETIMEDOUT.
 */
int mproci_server_await(const mproc_process *process, mproc_deadline deadline);

/* After that: how it ended. */
mproci_ending mproci_server_ending(const mproc_process *process);

#endif
