/* SPDX-License-Identifier: MIT */
/*
 * remote/url.h - where a server is, as one line of text.
 *
 *	unix:/path[?db=N]
 *	redis://[[user]:password@]host[:port][/db]		host: a name, a number, or an IPv6 number in brackets
 *	rediss://...						the same, encrypted
 *
 * %XX stands for a byte, wherever it would otherwise mean something else.
 */
#ifndef REMOTE_URL_H
#define REMOTE_URL_H

#include "sys/listening.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MPROCI_URL_HOST_LIMIT = 255,
	/* Of a user, and of a password. */
	MPROCI_URL_SECRET_LIMIT = 1023,
	MPROCI_URL_SHOWN_SIZE = 160,
	MPROCI_URL_LARGEST_DATABASE = 1000000,
};

typedef struct mproci_url {
	bool is_path;
	bool is_encrypted;
	char path[MPROCI_SOCKET_PATH_LIMIT + 1];
	char host[MPROCI_URL_HOST_LIMIT + 1];
	uint16_t port;
	unsigned database;
	/* Empty: none. */
	char user[MPROCI_URL_SECRET_LIMIT + 1];
	char password[MPROCI_URL_SECRET_LIMIT + 1];
	/* For people: without user and password, and cut where it is long. */
	char shown[MPROCI_URL_SHOWN_SIZE];
} mproci_url;

/*
 * Read a URL.  Returns 0; -EINVAL with an error text, in which there is no password, and nothing that could be one.  What is in
 * @ret_url then is to be wiped as well.
 */
int mproci_url_read(const char *text, mproci_url *ret_url);

#endif
