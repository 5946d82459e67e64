/* SPDX-License-Identifier: MIT */
/*
 * manager/clients.h - the command CLIENT, and what it shares with others that are about the client.
 */
#ifndef MANAGER_CLIENTS_H
#define MANAGER_CLIENTS_H

#include "manager/command.h"

mproci_outcome mproci_clients_carry_out(mproci_call *call);

/* Give the client a name.  Returns whether it is one; otherwise the client has been told. */
bool mproci_clients_set_name(mproci_call *call, mproci_view name);

#endif
