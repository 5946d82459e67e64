/* SPDX-License-Identifier: MIT */
/*
 * Programs that know Redis and nothing of mproc: redis-cli, redis-benchmark, and python's redis package, over a socket file, over
 * TCP with a password, and over TLS.
 */
#include "people.h"
#include "support.h"

#include <mproc.h>
#include <mproc/manager.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD "open-sesame"

enum {
	COMMAND_SIZE = 1024,
	OUTPUT_SIZE = 65536,
};

static mproc_manager *manager;

/* What is shown. */
static char *value;
static _Atomic int64_t *number;
static mproc_event *event;
static mproc_dict *words;
static mproc_list *list;
static mproc_queue *queue;

static char certificate[64], key[64];

static void check_ok(int rc)
{
	ck_assert_msg(rc == 0, "%d: %s", rc, mproc_error_text());
}

/* Run a command of the shell.  Returns its exit code, and all that it says, valid until the next one. */
static int run(const char *command, const char **ret_output)
{
	static char output[OUTPUT_SIZE];
	char whole[COMMAND_SIZE + 64], rest[4096];
	size_t size;
	FILE *pipe;

	snprintf(whole, sizeof whole, "timeout -s KILL 50 %s 2>&1", command);
	pipe = popen(whole, "re");
	ck_assert_ptr_nonnull(pipe);
	size = fread(output, 1, sizeof output - 1, pipe);
	output[size] = 0;
	while (fread(rest, 1, sizeof rest, pipe) > 0)
		;
	*ret_output = output;
	return pclose(pipe);
}

__attribute__((format(printf, 1, 2))) static const char *expect_success(const char *format, ...)
{
	char command[COMMAND_SIZE];
	const char *output;
	va_list list_of;
	int status;

	va_start(list_of, format);
	vsnprintf(command, sizeof command, format, list_of);
	va_end(list_of);
	status = run(command, &output);
	ck_assert_msg(status == 0, "%s: status %d: %s", command, status, output);
	return output;
}

static void check_says(const char *output, const char *text)
{
	ck_assert_msg(strstr(output, text) != NULL, "no \"%s\" in \"%s\"", text, output);
}

static const char *path(void)
{
	return mproc_manager_url(manager) + strlen("unix:");
}

/* Of its TCP address. */
static const char *port(void)
{
	return strrchr(mproc_manager_tcp_url(manager), ':') + 1;
}

static const char *say(const char *arguments)
{
	return expect_success("redis-cli -s %s %s", path(), arguments);
}

static void expect(const char *arguments, const char *expected)
{
	const char *output = say(arguments);

	ck_assert_msg(
		strcmp(output, expected) == 0, "%s: \"%s\" instead of \"%s\"", arguments, output, expected);
}

static void show(void)
{
	value = mproc_value_create(5, &(mproc_value_options){.initial = "hello"});
	number = mproc_calloc(1, sizeof *number);
	event = mproc_calloc(1, sizeof *event);
	check_ok(mproc_event_init(event));
	check_ok(mproc_dict_create(NULL, &words));
	check_ok(mproc_dict_add(words, "the", 3, 2, NULL));
	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_queue_create(NULL, &queue));
	check_ok(mproc_manager_show_value(manager, "value", value, 5, MPROC_SHOWN_BYTES));
	check_ok(mproc_manager_show_number(manager, "number", (void *)(uintptr_t)number));
	check_ok(mproc_manager_show_event(manager, "event", event));
	check_ok(mproc_manager_show_dict(manager, "words", words, MPROC_SHOWN_INT64));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
}

static void begin(const mproc_manager_options *options)
{
	check_ok(mproc_manager_start(options, &manager));
	show();
}

static void end(void)
{
	manager = mproc_manager_stop(manager);
	mproc_queue_destroy(queue);
	mproc_list_destroy(list);
	mproc_dict_destroy(words);
	mproc_event_destroy(event);
	mproc_free(event);
	mproc_free((void *)(uintptr_t)number);
	mproc_value_destroy(value);
}

static void begin_with_password(void)
{
	begin(&(mproc_manager_options){.address = "tcp://127.0.0.1:0", .password = PASSWORD});
}

/* A certificate that is its own authority, in files. */
static void begin_with_certificate(void)
{
	char folder[] = "/tmp/mproc-clients-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(certificate, sizeof certificate, "%s/certificate", folder);
	snprintf(key, sizeof key, "%s/key", folder);
	expect_success("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
		       "/CN=manager "
		       "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s",
		key, certificate);
	begin(&(mproc_manager_options){.address = "tcp://127.0.0.1:0",
		.password = PASSWORD,
		.certificate = certificate,
		.key = key});
}

static void end_with_certificate(void)
{
	end();
	unlink(key);
	unlink(certificate);
	*strrchr(certificate, '/') = 0;
	ck_assert_int_eq(rmdir(certificate), 0);
}

START_TEST(redis_cli_reads_and_changes_what_the_family_has)
{
	char item[8];
	size_t size = 0;

	begin(NULL);
	expect("get value", "hello\n");
	expect("set value world", "OK\n");
	ck_assert_mem_eq(value, "world", 5);
	atomic_store(number, 41);
	expect("incr number", "42\n");
	ck_assert_int_eq(atomic_load(number), 42);
	expect("hincrby words the 1", "3\n");
	expect("hget words the", "3\n");
	expect("rpush list one two", "2\n");
	check_ok(mproc_list_get(list, 1, item, sizeof item, &size));
	ck_assert(size == 3 && memcmp(item, "two", 3) == 0);
	expect("lrange list 0 -1", "one\ntwo\n");
	check_ok(mproc_queue_put(queue, "a message", 9, MPROC_NOW));
	expect("llen queue", "1\n");
	expect("blpop queue 30", "queue\na message\n");
	expect("set event 1", "OK\n");
	ck_assert_int_eq(mproc_event_is_set(event), 1);
	end();
}
END_TEST

START_TEST(redis_cli_speaks_the_third_version_of_the_protocol)
{
	begin(NULL);
	expect("-3 --no-raw hgetall words", "1# \"the\" => \"2\"\n");
	expect("-3 --no-raw sadd set a", "(integer) 1\n");
	expect("-3 --no-raw smembers set", "1~ \"a\"\n");
	expect("-3 --no-raw zadd sorted 1.5 a", "(integer) 1\n");
	expect("-3 --no-raw zscore sorted a", "(double) 1.5\n");
	expect("-3 --no-raw get nothing", "(nil)\n");
	end();
}
END_TEST

START_TEST(redis_cli_looks_around)
{
	const char *output;

	begin(NULL);
	say("rpush a-long-one 1 2 3 4 5 6 7");
	output = say("--scan");
	check_says(output, "words\n");
	check_says(output, "queue\n");
	check_says(output, "a-long-one\n");
	expect("--scan --pattern 'wor*'", "words\n");
	output = say("--bigkeys");
	check_says(output, "Biggest   list found '\"a-long-one\"' has 7 items");
	check_says(output, "Sampled 7 keys in the keyspace!");
	check_says(say("info"), "mproc_version:");
	check_says(say("client list"), "cmd=client");
	check_says(say("command docs get"), "get");
	check_says(say("no such command"),
		"ERR unknown command 'no', with args beginning with: 'such' 'command'");
	end();
}
END_TEST

START_TEST(redis_cli_pours_in_much_at_once)
{
	begin(NULL);
	check_says(expect_success("sh -c 'for i in $(seq 10000); do echo \"INCR number\"; done | redis-cli "
				  "-s %s --pipe'",
			   path()),
		"errors: 0, replies: 10000");
	ck_assert_int_eq(atomic_load(number), 10000);
	end();
}
END_TEST

START_TEST(redis_cli_logs_in)
{
	begin_with_password();
	check_says(expect_success("redis-cli -p %s get value", port()), "NOAUTH Authentication required.");
	check_says(expect_success("redis-cli -p %s -a wrong get value", port()), "WRONGPASS");
	check_says(expect_success("redis-cli -p %s --no-auth-warning -a " PASSWORD " get value", port()),
		"hello\n");
	check_says(expect_success("redis-cli -p %s --no-auth-warning --user default --pass " PASSWORD
				  " -3 get value",
			   port()),
		"hello\n");
	end();
}
END_TEST

START_TEST(redis_cli_is_encrypted)
{
	begin_with_certificate();
	check_says(expect_success("redis-cli -p %s --tls --cacert %s --no-auth-warning -a " PASSWORD
				  " get value",
			   port(), certificate),
		"hello\n");
	end_with_certificate();
}
END_TEST

/* All that it does unless told otherwise. */
static void check_benchmark(const char *output)
{
	static const char *const names[] = {"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH",
		"RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN",
		"LPUSH (needed to benchmark LRANGE)", "LRANGE_100 (first 100 elements)",
		"LRANGE_600 (first 600 elements)", "MSET (10 keys)"};

	ck_assert_msg(strcasestr(output, "error") == NULL, "%s", output);
	for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
		char begin_of_line[64];

		snprintf(begin_of_line, sizeof begin_of_line, "%s: ", names[i]);
		check_says(output, begin_of_line);
	}
	check_says(output, " requests per second, p50=");
}

START_TEST(redis_benchmark_runs)
{
	begin(NULL);
	check_benchmark(expect_success("redis-benchmark -s %s -n 2000 -c 20 -q", path()));
	check_benchmark(expect_success("redis-benchmark -s %s -n 5000 -c 20 -P 16 -r 1000 -q", path()));
	end();
}
END_TEST

START_TEST(redis_benchmark_is_encrypted)
{
	begin_with_certificate();
	check_benchmark(expect_success("redis-benchmark -p %s --tls --cacert %s -a " PASSWORD
				       " -n 2000 -c 20 -P 16 -q",
		port(), certificate));
	end_with_certificate();
}
END_TEST

static void run_python(const char *url)
{
	const char *output = expect_success("/usr/bin/python3 " CLIENTS_SCRIPT " '%s'", url);

	ck_assert_str_eq(output, "fine\n");
	/* What it has done to what is shown. */
	ck_assert_mem_eq(value, "world", 5);
	ck_assert_int_eq(atomic_load(number), 6);
	ck_assert_int_eq(mproc_dict_has(words, "python", 6), 1);
	ck_assert_int_eq(mproc_list_count(list), 0);
	ck_assert_int_eq(mproc_queue_count(queue), 0);
}

START_TEST(python_uses_a_manager_over_a_socket_file)
{
	char url[256];

	begin(NULL);
	snprintf(url, sizeof url, "unix://%s", path());
	run_python(url);
	end();
}
END_TEST

START_TEST(python_uses_a_manager_with_a_password)
{
	char url[256];

	begin_with_password();
	snprintf(url, sizeof url, "redis://:" PASSWORD "@127.0.0.1:%s", port());
	run_python(url);
	end();
}
END_TEST

START_TEST(python_uses_a_manager_encrypted)
{
	char url[256];

	begin_with_certificate();
	snprintf(url, sizeof url,
		"rediss://:" PASSWORD "@127.0.0.1:%s?ssl_ca_certs=%s&ssl_cert_reqs=required", port(),
		certificate);
	run_python(url);
	end_with_certificate();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		redis_cli_reads_and_changes_what_the_family_has,
		redis_cli_speaks_the_third_version_of_the_protocol,
		redis_cli_looks_around,
		redis_cli_pours_in_much_at_once,
		redis_cli_logs_in,
		redis_cli_is_encrypted,
		redis_benchmark_runs,
		redis_benchmark_is_encrypted,
		python_uses_a_manager_over_a_socket_file,
		python_uses_a_manager_with_a_password,
		python_uses_a_manager_encrypted,
		NULL,
	};

	return support_run_suite(&(support_suite){
		.name = "clients",
		.process_tests = tests,
		.warm_up = support_warm_up,
	});
}
