/* SPDX-License-Identifier: MIT */
/*
 * remote_sum - a program that adds up numbers for others, and those others: they need not be related, nor on the
 * same machine, but must have the same key.
 *
 *	remote_sum --listen unix:/tmp/sum --key secret-of-16-bytes --count 1
 *	remote_sum --connect unix:/tmp/sum --key secret-of-16-bytes 1 2 3.5
 */
#include "command.h"

#include <mproc.h>

enum {
	MOST_NUMBERS = 1000,
	SECONDS_OF_PATIENCE = 10,
};

static const char USAGE[] =
	"usage: remote_sum --listen ADDRESS [OPTION]...\n"
	"       remote_sum --connect ADDRESS [OPTION]... NUMBER...\n"
	"Adds up numbers, here or elsewhere.  An ADDRESS is unix:/path or tcp://host:port.\n"
	"\n"
	"  --listen ADDRESS   add up for others; tells the address on standard output\n"
	"  --connect ADDRESS  have it added up there\n"
	"  --key TEXT         what both must have; none by default\n"
	"  --count N          how many to serve before the end, 1 to 1000000;\n"
	"                     1 by default\n"
	"  --help             this text\n";

enum {
	LISTEN,
	CONNECT,
	KEY,
	COUNT,
	SETTINGS
};

/* Answer what one client asks.  Who keeps silent shall not keep the others waiting for long. */
static int serve(mproc_connection *client)
{
	const mproc_deadline end = mproc_after(SECONDS_OF_PATIENCE);
	double numbers[MOST_NUMBERS], sum = 0;
	size_t size;

	if (mproc_connection_recv(client, numbers, sizeof numbers, end, &size) < 0)
		return fail();
	for (size_t i = 0; i < size / sizeof *numbers; ++i)
		sum += numbers[i];
	return mproc_connection_send(client, &sum, sizeof sum, end) < 0 ? fail() : 0;
}

static int serve_all(mproc_listener *listener, uint64_t count)
{
	int failed = 0;

	for (uint64_t served = 0; served < count; ++served) {
		mproc_connection *client;

		/* Who has not the key does not get so far. */
		if (mproc_listener_accept(listener, MPROC_FOREVER, &client) < 0)
			return fail();
		failed |= serve(client);
		mproc_connection_close(client);
	}
	return failed;
}

static int listen_at(const setting settings[SETTINGS])
{
	const char *key = settings[KEY].value;
	const mproc_listener_options options = {.key = key, .key_size = key ? strlen(key) : 0};
	mproc_listener *listener;
	int failed;

	if (mproc_listener_open(settings[LISTEN].value, &options, &listener) < 0)
		return fail();
	say("%s", mproc_listener_address(listener));
	failed = serve_all(listener, whole_number(&settings[COUNT], 1, 1000000));
	mproc_listener_close(listener);
	return failed;
}

static int ask(mproc_connection *server, const double *numbers, size_t count)
{
	double sum;

	if (mproc_connection_send(server, numbers, count * sizeof *numbers, MPROC_FOREVER) < 0
		|| mproc_connection_recv(server, &sum, sizeof sum, MPROC_FOREVER, NULL) < 0)
		return fail();
	say("%g", sum);
	return 0;
}

static int connect_to(const setting settings[SETTINGS], char *const words[], size_t count)
{
	const char *key = settings[KEY].value;
	const mproc_connect_options options = {.key = key, .key_size = key ? strlen(key) : 0};
	double numbers[MOST_NUMBERS];
	mproc_connection *server;
	int failed;

	if (count > MOST_NUMBERS)
		refuse_word(words[MOST_NUMBERS], "one more than 1000 numbers");
	for (size_t i = 0; i < count; ++i) {
		char *end;

		numbers[i] = strtod(words[i], &end);
		if (end == words[i] || *end != '\0')
			refuse_word(words[i], "not a number");
	}
	if (mproc_connect(settings[CONNECT].value, &options, mproc_after(SECONDS_OF_PATIENCE), &server) < 0)
		return fail();
	failed = ask(server, numbers, count);
	mproc_connection_close(server);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[LISTEN] = {"listen", NULL},
		[CONNECT] = {"connect", NULL},
		[KEY] = {"key", NULL},
		[COUNT] = {"count", "1"},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS);

	whole_number(&settings[COUNT], 1, 1000000);
	if (settings[CONNECT].value && !settings[LISTEN].value)
		return exit_status(connect_to(settings, argv + next, (size_t)(argc - next)));
	if (next < argc)
		refuse_word(argv[next], "not an option");
	if (settings[CONNECT].value || !settings[LISTEN].value) {
		complain("needs --listen or --connect, one of them");
		return USAGE_ERROR;
	}
	return exit_status(listen_at(settings));
}
