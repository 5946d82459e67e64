/* SPDX-License-Identifier: MIT */
/*
 * A server that follows a script, in a thread: what it answers on each connection, one after the other, whatever it is asked.
 *
 *	static const char *const first[] = {"+PONG\r\n", "$1\r\nx\r\n", NULL};
 *
 *	script_begin((const char *const *const[]){first, NULL});
 *	... script_url ...
 *	script_end();
 */
#ifndef REMOTE_SCRIPT_FIXTURE_H
#define REMOTE_SCRIPT_FIXTURE_H

#include "people.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Instead of an answer: none, until the other side hangs up. */
static const char script_silence[] = "silence";

static char script_directory[] = "/tmp/mproc-script-XXXXXX";
static char script_path[64], script_url[80];
static const char *const *const *script_connections;
static support_thread script_thread;
static int script_listening;

static inline void script_answer(int socket, const char *answer)
{
	static char asked[65536];

	/* Who hangs up before it is answered is answered no more. */
	if (recv(socket, asked, sizeof asked, 0) <= 0)
		return;
	if (answer == script_silence) {
		while (recv(socket, asked, sizeof asked, 0) > 0)
			;
		return;
	}
	for (size_t sent = 0, size = strlen(answer); sent < size;) {
		ssize_t count = send(socket, answer + sent, size - sent, MSG_NOSIGNAL);

		if (count <= 0)
			return;
		sent += (size_t)count;
	}
}

static inline int script_play(void *unused)
{
	(void)unused;
	for (const char *const *const *each = script_connections; *each != NULL; ++each) {
		int socket = accept(script_listening, NULL, NULL);

		if (socket < 0)
			return -1;
		for (const char *const *answer = *each; *answer != NULL; ++answer)
			script_answer(socket, *answer);
		close(socket);
	}
	return 0;
}

/* @connections: of each the answers, NULL after the last; NULL after the last of them. */
static inline void script_begin(const char *const *const *connections)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(script_directory + strlen(script_directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(script_directory));
	snprintf(script_path, sizeof script_path, "%s/socket", script_directory);
	snprintf(script_url, sizeof script_url, "unix:%s", script_path);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", script_path);
	script_listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(script_listening, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(script_listening, 8), 0);
	script_connections = connections;
	support_begin(&script_thread, script_play, NULL);
}

/* All connections of the script were made. */
static inline void script_end(void)
{
	ck_assert_int_eq(support_end(&script_thread), 0);
	close(script_listening);
	ck_assert_int_eq(unlink(script_path), 0);
	ck_assert_int_eq(rmdir(script_directory), 0);
}

#endif
