/* SPDX-License-Identifier: MIT */
/*
 * A manager's server in the foreground, which shows nothing:
 * serve PATH [HOST PORT [PASSWORD [CERTIFICATE KEY [AUTHORITY [MEMORY]]]]].  SIGINT and SIGTERM end it.
 */
#include "manager/server.h"

#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	mproci_server_stop(signal->data);
}

/* An argument that is not there, or empty, is none. */
static const char *argument(int argc, char **argv, int index)
{
	return index < argc && argv[index][0] != '\0' ? argv[index] : NULL;
}

static void watch_signals(mproci_server *server, uv_signal_t signals[2])
{
	const int numbers[] = {SIGINT, SIGTERM};

	for (int i = 0; i < 2; ++i) {
		uv_signal_init(mproci_server_loop(server), &signals[i]);
		signals[i].data = server;
		uv_signal_start(&signals[i], on_signal, numbers[i]);
	}
}

int main(int argc, char **argv)
{
	mproci_server_options options = {
		.path = argument(argc, argv, 1),
		.host = argument(argc, argv, 2),
		.port = argc > 3 ? (uint16_t)strtoul(argv[3], NULL, 10) : 0,
		.password = argument(argc, argv, 4),
		.certificate = argument(argc, argv, 5),
		.key = argument(argc, argv, 6),
		.authority = argument(argc, argv, 7),
		.max_memory = argc > 8 ? strtoull(argv[8], NULL, 10) : 0,
	};
	uv_signal_t signals[2];
	mproci_server *server;

	if (mproci_server_create(&options, &server) < 0) {
		fprintf(stderr, "%s\n", mproc_error_text());
		return 1;
	}
	mproci_server_set_showing(server, false);
	watch_signals(server, signals);
	printf("ready %s\n", mproci_server_address(server));
	fflush(stdout);
	mproci_server_run(server);
	mproci_server_destroy(server);
	return 0;
}
