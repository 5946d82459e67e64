/* SPDX-License-Identifier: MIT */
/*
 * manager/transactions.h - what a client has asked for between MULTI and EXEC, and what it watches until
 * then.
 */
#ifndef MANAGER_TRANSACTIONS_H
#define MANAGER_TRANSACTIONS_H

#include "manager/session.h"

enum {
	/* Of one transaction. */
	MPROCI_TRANSACTION_MOST_COMMANDS = 100000,
	MPROCI_TRANSACTION_MOST_BYTES = 64 << 20,
	MPROCI_TRANSACTION_MOST_WATCHED = 10000,
};

/* Whether MULTI has been given, and neither EXEC nor DISCARD since. */
bool mproci_transaction_is_open(const mproci_session *session);

/* Between MULTI and EXEC: keep a copy of the call's arguments for EXEC, and say so, or why not. */
void mproci_transaction_keep(mproci_call *call);

/* Between MULTI and EXEC a command has been refused: EXEC will refuse all of them.  Nothing otherwise. */
void mproci_transaction_spoil(mproci_session *session);

/* Forget what is kept and watched: for DISCARD and RESET. */
void mproci_transaction_drop(mproci_session *session);

#endif
