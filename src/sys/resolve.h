/* SPDX-License-Identifier: MIT */
/*
 * sys/resolve.h - hosts by name, and their addresses as text.
 */
#ifndef SYS_RESOLVE_H
#define SYS_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Find the addresses of a host, a name or a number; @to_listen: those to listen at.  Returns 0 and a list
 * for freeaddrinfo; with an error text -EHOSTUNREACH: it has none, -ENOMEM, or another negative errno.
 */
int mproci_resolve(const char *host, uint16_t port, bool to_listen, struct addrinfo **ret_list);

/*
 * Write an address as host:port, the host a number, in brackets if it has colons.  Returns 0, or a negative
 * errno with an error text.
 */
int mproci_resolve_name(const struct sockaddr *address, socklen_t size, char *ret_text);

#endif
