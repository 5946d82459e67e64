/* SPDX-License-Identifier: MIT */
#include "collections/dict.h"
#include "collections/list.h"
#include "manager/manager_fixture.h"
#include "sys/file_fixture.h"

#include <mproc/process.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static const char *path_of(const mproc_manager *any)
{
	return mproc_manager_url(any) + strlen("unix:");
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* Of the manager of the test, without its socket. */
static char directory[128];

static void note_directory(void)
{
	snprintf(directory, sizeof directory, "%s", path_of(manager));
	*strrchr(directory, '/') = 0;
}

START_TEST(manager_has_a_private_directory_until_it_is_stopped)
{
	start_manager();
	note_directory();
	ck_assert_int_eq(mode_of(directory), 0700);
	ck_assert_int_eq(mode_of(path_of(manager)), 0600);
	ck_assert_ptr_null(mproc_manager_tcp_url(manager));
	ck_assert_int_eq(mproc_manager_is_alive(manager), 1);
	ck_assert_int_gt(mproc_manager_fd(manager), 2);
	check("PING", "PONG");
	stop_manager();
	ck_assert_int_eq(access(directory, F_OK), -1);
}
END_TEST

START_TEST(manager_listens_at_a_path)
{
	char path[PATH_MAX + NAME_MAX];

	tree_create();
	snprintf(path, sizeof path, "%s", in_tree("/manager.sock"));
	check_ok(mproc_manager_start(&(mproc_manager_options){.path = path}, &manager));
	client = connect_client();
	check("PING", "PONG");
	ck_assert_str_eq(path_of(manager), path);
	stop_manager();
	ck_assert_int_eq(access(path, F_OK), -1);
	tree_remove();
}
END_TEST

START_TEST(manager_listens_at_tcp_with_a_password)
{
	const mproc_manager_options options = {.address = "tcp://127.0.0.1:0", .password = "swordfish"};
	redisContext *context;
	const char *url;

	check_ok(mproc_manager_start(&options, &manager));
	url = mproc_manager_tcp_url(manager);
	ck_assert_ptr_nonnull(url);
	ck_assert(strncmp(url, "redis://127.0.0.1:", 18) == 0);
	context = redisConnect("127.0.0.1", atoi(url + 18));
	ck_assert(context != NULL && context->err == 0);
	check_asked(context, "GET x", "-NOAUTH Authentication required.");
	check_asked(context, "AUTH swordfish", "OK");
	check_asked(context, "GET x", "nil");
	redisFree(context);
	stop_manager();
}
END_TEST

static void refuse(mproc_manager_options options, int code, const char *text)
{
	mproc_manager *unused = NULL;

	check_fails(mproc_manager_start(&options, &unused), code, text);
	ck_assert_ptr_null(unused);
}

START_TEST(options_that_cannot_be_are_refused)
{
	char path[MPROC_MANAGER_NAME_MAX] = "/tmp/";

	memset(path + 5, 'x', 120);
	refuse((mproc_manager_options){.path = path}, -ENAMETOOLONG, "125 bytes: at most 107");
	refuse((mproc_manager_options){.path = ""}, -EINVAL, "path is empty");
	refuse((mproc_manager_options){.address = "localhost:1"}, -EINVAL, "localhost:1");
	refuse((mproc_manager_options){.address = "unix:/tmp/x"}, -EINVAL, "tcp://host:port is possible");
	refuse((mproc_manager_options){.address = "tcp://0.0.0.0:0"}, -EINVAL, "password");
	refuse((mproc_manager_options){.password = "a", .password_file = "b"}, -EINVAL, "both .password and");
	refuse((mproc_manager_options){.password = ""}, -EINVAL, "password of 0 bytes");
	refuse((mproc_manager_options){.certificate = "a"}, -EINVAL, ".key is missing");
	refuse((mproc_manager_options){.key = "a"}, -EINVAL, ".certificate is missing");
	refuse((mproc_manager_options){.authorities = "a"}, -EINVAL, ".authorities without");
	refuse((mproc_manager_options){.certificate = "a", .key = "b"}, -EINVAL, "TLS needs .address");
	refuse((mproc_manager_options){.start = (mproc_start)9}, -EINVAL, "start 9: 0 to 3");
	refuse((mproc_manager_options){.reserved = {0, 1}}, -EINVAL, "reserved");
	check_fails(mproc_manager_start(NULL, NULL), -EINVAL, "ret_manager is NULL");
}
END_TEST

START_TEST(directory_that_is_not_there_is_told)
{
	refuse((mproc_manager_options){.path = "/tmp/no/such/place"}, -ENOENT, "/tmp/no/such");
	refuse((mproc_manager_options){.password_file = "/tmp/no/such/place"}, -ENOENT, "/tmp/no/such");
}
END_TEST

START_TEST(password_comes_from_a_file_that_others_cannot_read)
{
	mproc_manager_options options = {.password_file = NULL};
	char path[PATH_MAX + NAME_MAX];

	tree_create();
	snprintf(path, sizeof path, "%s", in_tree("/password"));
	options.password_file = path;
	tree_write("/password", "open sesame\nand more\n");
	ck_assert_int_eq(chmod(path, 0640), 0);
	refuse(options, -EACCES, "has mode 640");
	ck_assert_int_eq(chmod(path, 0600), 0);
	check_ok(mproc_manager_start(&options, &manager));
	client = connect_client();
	check("GET x", "-NOAUTH Authentication required.");
	check_reply(client, redisCommand(client, "AUTH %s", "open sesame"), "AUTH", "OK");
	stop_manager();
	tree_write("/password", "\n");
	refuse(options, -EINVAL, "empty");
	tree_remove();
}
END_TEST

START_TEST(name_means_one_thing)
{
	char name[MPROC_MANAGER_NAME_MAX + 2];
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);

	start_manager();
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	check("SET taken 1", "OK");
	check_fails(mproc_manager_show_number(manager, "taken", number), -EEXIST, "a client has made");
	check_ok(mproc_manager_show_number(manager, "number", number));
	check_fails(mproc_manager_show_number(manager, "number", number), -EEXIST, "something is shown");
	check_fails(mproc_manager_show_number(manager, "", number), -EINVAL, "0 bytes: 1 to 255");
	check_fails(mproc_manager_show_number(manager, name, number), -EINVAL, "256 bytes: 1 to 255");
	check_fails(mproc_manager_show_number(manager, NULL, number), -EINVAL, "name is NULL");
	check_fails(mproc_manager_hide(manager, "other"), -ENOENT, "nothing is shown");
	name[MPROC_MANAGER_NAME_MAX] = 0;
	check_ok(mproc_manager_show_number(manager, name, number));
	check("DEL taken", "1");
	check_ok(mproc_manager_show_number(manager, "taken", number));
	check("INCR taken", "1");
	check("DBSIZE", "3");
	stop_manager();
	ck_assert_int_eq(atomic_load(number), 1);
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

START_TEST(what_is_no_object_is_refused)
{
	int64_t *value = mproc_value_create(sizeof *value, NULL);
	_Alignas(8) char here[16] = "";

	start_manager();
	check_fails(mproc_manager_show_value(manager, "x", here, 8, MPROC_SHOWN_INT64), -EINVAL, "no value");
	check_fails(mproc_manager_show_value(manager, "x", value, 4, MPROC_SHOWN_INT64), -EINVAL, "4 bytes");
	check_fails(mproc_manager_show_value(manager, "x", value, 0, MPROC_SHOWN_BYTES), -EINVAL, "size 0");
	check_fails(
		mproc_manager_show_value(manager, "x", value, 8, (mproc_shown_as)8), -EINVAL, "as 8: 0 to 7");
	check_fails(mproc_manager_show_number(manager, "x", here), -EINVAL, "not in the arena");
	check_fails(mproc_manager_show_number(manager, "x", (char *)value + 1), -EINVAL, "aligned to 8");
	check_fails(mproc_manager_show_flag(manager, "x", NULL), -EINVAL, "flag is NULL");
	check_fails(mproc_manager_show_event(manager, "x", (mproc_event *)value), -EINVAL, "event");
	check_fails(mproc_manager_show_dict(manager, "x", NULL, 0), -EINVAL, "dict");
	check_fails(mproc_manager_show_list(manager, "x", NULL, 0), -EINVAL, "list");
	check_fails(mproc_manager_show_queue(manager, "x", NULL, 0), -EINVAL, "queue");
	check_fails(mproc_manager_hide(NULL, "x"), -EINVAL, "manager");
	check("DBSIZE", "0");
	stop_manager();
	mproc_value_destroy(value);
}
END_TEST

static _Atomic int64_t *shared_number;

static int show_shared(void *name)
{
	return mproc_manager_show_number(manager, name, (void *)(uintptr_t)shared_number);
}

static int hide_shared(void *name)
{
	return mproc_manager_hide(manager, name);
}

START_TEST(any_member_shows_and_hides)
{
	char forked[] = "forked";

	shared_number = mproc_calloc(1, sizeof *shared_number);
	start_manager();
	ck_assert_int_eq(support_reap(support_fork(show_shared, forked)), 0);
	check("INCR forked", "1");
	ck_assert_int_eq(support_reap(support_fork(show_shared, forked)), EEXIST);
	ck_assert_int_eq(support_reap(support_fork(hide_shared, forked)), 0);
	check("EXISTS forked", "0");
	stop_manager();
	mproc_free((void *)(uintptr_t)shared_number);
}
END_TEST

/* What somebody else may do with the handle. */
static int be_a_stranger(void *unused)
{
	(void)unused;
	if (mproc_manager_fd(manager) != -ECHILD || mproc_manager_is_alive(manager) != 1)
		return -EPROTO;
	return mproc_manager_stop(manager) == NULL ? 0 : -EPROTO;
}

START_TEST(manager_belongs_to_who_started_it)
{
	start_manager();
	ck_assert_int_eq(support_reap(support_fork(be_a_stranger, NULL)), 0);
	check("PING", "PONG");
	stop_manager();
}
END_TEST

START_TEST(manager_that_is_killed_leaves_the_objects)
{
	redisReply *reply;
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	start_manager();
	note_directory();
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
	check("HINCRBY dict a 5", "5");
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGKILL), 0);
	reply = redisCommand(client, "HGET dict a");
	ck_assert_ptr_null(reply);
	check_fails(mproc_manager_show_dict(manager, "again", dict, 0), -EPIPE, "the manager is gone");
	check_fails(mproc_manager_hide(manager, "dict"), -EPIPE, "the manager is gone");
	ck_assert_int_eq(mproc_manager_is_alive(manager), 0);
	check_ok(mproc_dict_add(dict, "a", 1, 1, NULL));
	stop_manager();
	ck_assert_int_eq(access(directory, F_OK), -1);
	mproc_dict_destroy(dict);
}
END_TEST

START_TEST(manager_that_somebody_else_has_waited_for_has_no_descriptor_any_more)
{
	pid_t pid;

	start_manager();
	pid = mproc_manager_pid(manager);
	close(mproc_manager_fd(manager));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	check_fails(mproc_manager_fd(manager), -ESRCH, "cannot open the descriptor of a process");
	stop_manager();
}
END_TEST

START_TEST(message_that_a_killed_manager_owed_is_delivered_again)
{
	mproc_queue *queue;
	char message[8];

	check_ok(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue));
	start_manager();
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	check("RPUSH queue once", "1");
	check("LPOP queue", "once");
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGKILL), 0);
	check_ok(mproc_queue_get(queue, message, sizeof message, mproc_after(30), NULL));
	ck_assert(memcmp(message, "once", 4) == 0);
	check_ok(mproc_queue_ack(queue, NULL));
	stop_manager();
	mproc_queue_destroy(queue);
}
END_TEST

/* Where a process that ends without a word notes where its manager was. */
static char *noted;

static int start_and_return(void *unused)
{
	mproc_manager *own;
	int rc = mproc_manager_start(NULL, &own);

	(void)unused;
	if (rc == 0)
		snprintf(noted, 128, "%s", path_of(own));
	return rc;
}

START_TEST(manager_ends_with_the_process_that_started_it)
{
	mproc_process *starter;

	noted = mproc_calloc(1, 128);
	check_ok(mproc_process_start(NULL, start_and_return, NULL, 0, &starter));
	check_ok(mproc_process_join(starter, MPROC_FOREVER));
	ck_assert_ptr_null(mproc_process_close(starter));
	ck_assert_int_ne(noted[0], 0);
	ck_assert_int_eq(access(noted, F_OK), -1);
	*strrchr(noted, '/') = 0;
	ck_assert_int_eq(access(noted, F_OK), -1);
	mproc_free(noted);
}
END_TEST

/* A process of its own, which ends as it should. */
static void check_runs(int (*function)(void *unused))
{
	mproc_process *process;
	int code;

	check_ok(mproc_process_start(NULL, function, NULL, 0, &process));
	check_ok(mproc_process_join(process, MPROC_FOREVER));
	check_ok(mproc_process_exit_code(process, &code));
	ck_assert_int_eq(code, 0);
	ck_assert_ptr_null(mproc_process_close(process));
}

static int start_beside_libuv(void *unused)
{
	mproc_manager *own;
	uv_loop_t loop;
	int rc;

	(void)unused;
	uv_loop_init(&loop);
	uv_loop_close(&loop);
	rc = mproc_manager_start(NULL, &own);
	if (rc == 0)
		mproc_manager_stop(own);
	return rc;
}

START_TEST(program_may_have_libuv_itself)
{
	check_runs(start_beside_libuv);
}
END_TEST

static void stop_late(void *place)
{
	mproc_manager_stop(*(mproc_manager **)place);
}

static int start_and_stop_late(void *unused)
{
	static mproc_manager *own;

	(void)unused;
	mproc_at_exit(stop_late, &own);
	return mproc_manager_start(NULL, &own);
}

START_TEST(manager_may_be_stopped_once_more_at_exit)
{
	check_runs(start_and_stop_late);
}
END_TEST

START_TEST(what_is_shown_may_be_changed_in_a_full_manager)
{
	redisReply *reply;
	mproc_dict *dict;
	bool is_full = false;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_manager_start(&(mproc_manager_options){.max_memory = 1}, &manager));
	client = connect_client();
	check_ok(mproc_manager_show_dict(manager, "words", dict, MPROC_SHOWN_BYTES));
	while (!is_full) {
		reply = redisCommand(client, "SET own 1");
		ck_assert_ptr_nonnull(reply);
		is_full = reply->type == REDIS_REPLY_ERROR;
		freeReplyObject(reply);
	}
	check("HSET words a 1", "1");
	check("FCALL mproc_dict_compare_and_set 1 words a 1 2", "1");
	check_ok(mproc_manager_hide(manager, "words"));
	stop_manager();
	ck_assert_ptr_null(mproc_dict_destroy(dict));
}
END_TEST

START_TEST(manager_ignores_an_interrupt_and_ends_when_asked)
{
	start_manager();
	note_directory();
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGINT), 0);
	check("PING", "PONG");
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGTERM), 0);
	ck_assert_ptr_null(redisCommand(client, "BLPOP nothing 0"));
	stop_manager();
}
END_TEST

static int lock_value(void *value)
{
	return mproc_value_lock(value, MPROC_FOREVER);
}

static int lock_dict(void *dict)
{
	return mproci_dict_lock_all(dict);
}

static int lock_list(void *list)
{
	return mproci_list_lock(list);
}

/* While @holder stands still inside, others are served, and who asks waits; when it is dead he is answered. */
static void check_served(pid_t holder, const char *asked, const char *answer)
{
	redisContext *second = connect_client();

	ask(client, asked);
	check_asked(second, "SET other 1", "OK");
	check_asked(second, "MULTI", "OK");
	check_asked(second, asked, "QUEUED");
	check_asked(second, "EXEC", "[-TRYAGAIN somebody in the family is busy with 'shown']");
	for (size_t i = 0; i < 100; ++i)
		check_asked(second, "GET other", "1");
	support_kill(holder);
	check_answer(client, answer);
	redisFree(second);
}

START_TEST(somebody_with_the_lock_of_a_value_stops_nobody)
{
	int64_t *value = mproc_value_create(sizeof *value, NULL);

	start_manager();
	check_ok(mproc_manager_show_value(manager, "shown", value, sizeof *value, MPROC_SHOWN_INT64));
	check_served(support_fork_and_keep(lock_value, value), "INCR shown", "1");
	/* The news is not the manager's alone. */
	ck_assert_int_eq(mproc_value_lock(value, MPROC_FOREVER), MPROC_OWNER_DIED);
	check_ok(mproc_value_unlock(value));
	stop_manager();
	mproc_value_destroy(value);
}
END_TEST

START_TEST(somebody_inside_of_a_dict_stops_nobody)
{
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	start_manager();
	check_ok(mproc_manager_show_dict(manager, "shown", dict, MPROC_SHOWN_BYTES));
	check_served(support_fork_and_keep(lock_dict, dict), "HSET shown a b", "1");
	stop_manager();
	mproc_dict_destroy(dict);
}
END_TEST

START_TEST(somebody_inside_of_a_list_stops_nobody)
{
	mproc_list *list;

	check_ok(mproc_list_create(NULL, &list));
	start_manager();
	check_ok(mproc_manager_show_list(manager, "shown", list, MPROC_SHOWN_BYTES));
	check_served(support_fork_and_keep(lock_list, list), "RPUSH shown a", "1");
	stop_manager();
	mproc_list_destroy(list);
}
END_TEST

typedef struct objects {
	mproc_dict *dict;
	mproc_list *list;
	mproc_queue *queue;
} objects;

static int change_without_an_end(void *argument)
{
	const objects *all = argument;
	char message[8];

	for (int64_t i = 0;; i = (i + 1) % 100) {
		mproc_dict_add(all->dict, &i, sizeof i, 1, NULL);
		mproc_list_append(all->list, &i, sizeof i);
		mproc_list_delete(all->list, 0);
		mproc_queue_put(all->queue, &i, sizeof i, MPROC_FOREVER);
		mproc_queue_get(all->queue, message, sizeof message, MPROC_FOREVER, NULL);
	}
	return 0;
}

/* It is done, or somebody is in the way. */
static void check_tried(const char *asked)
{
	redisReply *reply;

	check("MULTI", "OK");
	check(asked, "QUEUED");
	reply = redisCommand(client, "EXEC");
	ck_assert(reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1);
	ck_assert(reply->element[0]->type == REDIS_REPLY_INTEGER
		  || strncmp(reply->element[0]->str, "TRYAGAIN", 8) == 0);
	freeReplyObject(reply);
}

START_TEST(member_that_is_stopped_anywhere_stops_nobody)
{
	objects *all = mproc_calloc(1, sizeof *all);
	mproc_process *member;

	check_ok(mproc_dict_create(NULL, &all->dict));
	check_ok(mproc_list_create(NULL, &all->list));
	check_ok(mproc_queue_create(NULL, &all->queue));
	start_manager();
	check_ok(mproc_manager_show_dict(manager, "dict", all->dict, MPROC_SHOWN_INT64));
	check_ok(mproc_manager_show_list(manager, "list", all->list, MPROC_SHOWN_BYTES));
	check_ok(mproc_manager_show_queue(manager, "queue", all->queue, MPROC_SHOWN_BYTES));
	check_ok(mproc_process_start(NULL, change_without_an_end, all, 0, &member));
	for (int round = 0; round < 200; ++round) {
		support_stop(mproc_process_pid(member));
		check_tried("HINCRBY dict other 1");
		check_tried("RPUSH list 12345678");
		check_tried("RPUSH queue 12345678");
		check("PING", "PONG");
		support_go_on(mproc_process_pid(member));
	}
	support_kill_and_join(member);
	stop_manager();
	mproc_queue_destroy(all->queue);
	mproc_list_destroy(all->list);
	mproc_dict_destroy(all->dict);
	mproc_free(all);
}
END_TEST

START_TEST(no_command_of_a_list_waits_for_who_is_inside)
{
	static const char *const asked[] = {"LPUSH shown a", "RPUSHX shown a", "LPOP shown", "RPOP shown 2",
		"BLPOP shown 0", "BRPOP shown 0", "LINDEX shown 0", "LSET shown 0 b", "LRANGE shown 0 -1",
		"LLEN shown", "FCALL mproc_list_insert 1 shown 0 a", "FCALL mproc_list_pop 1 shown 0"};
	enum {
		COUNT = sizeof asked / sizeof *asked,
	};
	redisContext *askers[COUNT];
	mproc_list *list;
	pid_t holder;

	check_ok(mproc_list_create(NULL, &list));
	start_manager();
	check_ok(mproc_manager_show_list(manager, "shown", list, MPROC_SHOWN_BYTES));
	check("RPUSH shown a b c", "3");
	holder = support_fork_and_keep(lock_list, list);
	for (int i = 0; i < COUNT; ++i) {
		askers[i] = connect_client();
		ask(askers[i], asked[i]);
		check("SET other 1", "OK");
	}
	support_kill(holder);
	check("PING", "PONG");
	for (int i = 0; i < COUNT; ++i)
		redisFree(askers[i]);
	stop_manager();
	mproc_list_destroy(list);
}
END_TEST

START_TEST(client_that_waits_in_vain_is_told_to_try_again)
{
	int64_t *value = mproc_value_create(sizeof *value, NULL);
	pid_t holder;

	start_manager();
	check_ok(mproc_manager_show_value(manager, "shown", value, sizeof *value, MPROC_SHOWN_INT64));
	holder = support_fork_and_keep(lock_value, value);
	check("GET shown", "-TRYAGAIN somebody in the family is busy with 'shown'");
	support_kill(holder);
	check("GET shown", "0");
	stop_manager();
	mproc_value_destroy(value);
}
END_TEST

START_TEST(manager_that_stands_still_is_not_waited_for_without_an_end)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);

	start_manager();
	support_stop(mproc_manager_pid(manager));
	check_fails(
		mproc_manager_show_number(manager, "number", number), -ETIMEDOUT, "does not answer for 5 s");
	support_go_on(mproc_manager_pid(manager));
	check("EXISTS number", "0");
	check_ok(mproc_manager_show_number(manager, "number", number));
	check("EXISTS number", "1");
	stop_manager();
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

enum {
	ROUNDS = 20,
	COMMANDS = 2000,
};

/* Ask without an end, read some answers, and kill the manager amid the others. */
static void kill_amid_commands(int round)
{
	redisReply *reply = NULL;

	for (int i = 0; i < COMMANDS; ++i) {
		redisAppendCommand(client, "HINCRBY dict %d 1", i);
		redisAppendCommand(client, "RPUSH list %d", i);
		redisAppendCommand(client, "RPUSH queue %d", i);
		redisAppendCommand(client, "LPOP queue");
	}
	for (int i = 0; i < round * COMMANDS / ROUNDS; ++i) {
		ck_assert_int_eq(redisGetReply(client, (void **)&reply), REDIS_OK);
		freeReplyObject(reply);
	}
	ck_assert_int_eq(kill(mproc_manager_pid(manager), SIGKILL), 0);
}

START_TEST(manager_that_is_killed_amid_commands_leaves_all_usable)
{
	mproc_queue *queue;
	mproc_dict *dict;
	mproc_list *list;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue));
	for (int round = 0; round < ROUNDS; ++round) {
		start_manager();
		check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
		check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
		check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
		kill_amid_commands(round);
		stop_manager();
		check_ok(mproc_dict_add(dict, "mine", 4, 1, NULL));
		check_ok(mproc_list_append(list, "mine", 4));
		check_ok(mproc_queue_put(queue, "mine", 4, MPROC_FOREVER));
		ck_assert_int_gt(mproc_list_count(list), round);
	}
	mproc_dict_destroy(dict);
	mproc_list_destroy(list);
	mproc_queue_destroy(queue);
}
END_TEST

START_TEST(two_managers_show_the_same)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	mproc_manager *first;
	redisContext *to_first;

	start_manager();
	first = manager;
	to_first = client;
	start_manager();
	check_ok(mproc_manager_show_number(first, "number", number));
	check_ok(mproc_manager_show_number(manager, "number", number));
	check_asked(to_first, "INCR number", "1");
	check("INCR number", "2");
	stop_manager();
	manager = first;
	client = to_first;
	check("INCR number", "3");
	stop_manager();
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

START_TEST(nothing_stays_in_the_arena)
{
	mproc_arena_usage before, after;

	start_manager();
	stop_manager();
	check_ok(mproc_arena_stats(0, &before));
	start_manager();
	stop_manager();
	check_ok(mproc_arena_stats(0, &after));
	ck_assert_uint_eq(after.blocks, before.blocks);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		manager_has_a_private_directory_until_it_is_stopped,
		manager_listens_at_a_path,
		manager_listens_at_tcp_with_a_password,
		options_that_cannot_be_are_refused,
		directory_that_is_not_there_is_told,
		password_comes_from_a_file_that_others_cannot_read,
		name_means_one_thing,
		what_is_no_object_is_refused,
		any_member_shows_and_hides,
		manager_belongs_to_who_started_it,
		manager_that_is_killed_leaves_the_objects,
		manager_that_somebody_else_has_waited_for_has_no_descriptor_any_more,
		message_that_a_killed_manager_owed_is_delivered_again,
		manager_ends_with_the_process_that_started_it,
		program_may_have_libuv_itself,
		manager_may_be_stopped_once_more_at_exit,
		what_is_shown_may_be_changed_in_a_full_manager,
		manager_ignores_an_interrupt_and_ends_when_asked,
		somebody_with_the_lock_of_a_value_stops_nobody,
		somebody_inside_of_a_dict_stops_nobody,
		somebody_inside_of_a_list_stops_nobody,
		member_that_is_stopped_anywhere_stops_nobody,
		no_command_of_a_list_waits_for_who_is_inside,
		client_that_waits_in_vain_is_told_to_try_again,
		manager_that_stands_still_is_not_waited_for_without_an_end,
		manager_that_is_killed_amid_commands_leaves_all_usable,
		two_managers_show_the_same,
		nothing_stays_in_the_arena,
		NULL,
	};
	const support_suite suite = {
		.name = "manager",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
	};

	return support_run_suite(&suite);
}
