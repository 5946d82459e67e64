/* SPDX-License-Identifier: MIT */
#include "manager/manager_fixture.h"

#include <stdatomic.h>

START_TEST(value_is_a_string_of_its_size)
{
	char *value = mproc_value_create(5, &(mproc_value_options){.initial = "hello"});

	check_ok(mproc_manager_show_value(manager, "greeting", value, 5, MPROC_SHOWN_BYTES));
	check("TYPE greeting", "string");
	check("GET greeting", "hello");
	check("STRLEN greeting", "5");
	check("SET greeting howdy", "OK");
	ck_assert(memcmp(value, "howdy", 5) == 0);
	check("GETSET greeting hallo", "howdy");
	check("SET greeting hi", "-ERR 'greeting' has 5 bytes, not 2");
	check("INCR greeting", "-ERR value is not an integer or out of range");
	check("FCALL mproc_compare_and_set 1 greeting hallo hullo", "1");
	check("FCALL mproc_compare_and_set 1 greeting hallo hello", "0");
	ck_assert(memcmp(value, "hullo", 5) == 0);
	check_ok(mproc_manager_hide(manager, "greeting"));
	mproc_value_destroy(value);
}
END_TEST

START_TEST(value_is_a_number_of_its_kind)
{
	double *ratio = mproc_value_create(sizeof *ratio, NULL);
	int32_t *small = mproc_value_create(sizeof *small, NULL);
	uint64_t *large = mproc_value_create(sizeof *large, NULL);

	check_ok(mproc_manager_show_value(manager, "ratio", ratio, sizeof *ratio, MPROC_SHOWN_DOUBLE));
	check_ok(mproc_manager_show_value(manager, "small", small, sizeof *small, MPROC_SHOWN_INT32));
	check_ok(mproc_manager_show_value(manager, "large", large, sizeof *large, MPROC_SHOWN_UINT64));
	check("SET ratio 0.1", "OK");
	check("INCRBYFLOAT ratio 0.2", "0.30000000000000004");
	check("INCRBY small -7", "-7");
	check("SET small 2147483647", "OK");
	check("INCR small", "-ERR increment or decrement would overflow");
	check("SET small 2147483648",
		"-ERR 'small' takes a whole number in decimal digits, such as 42, that fits into 32 bits");
	ck_assert_int_eq(*small, INT32_MAX);
	check("SET large 18446744073709551615", "OK");
	check("GET large", "18446744073709551615");
	check("DECR large", "18446744073709551614");
	check_ok(mproc_manager_hide(manager, "ratio"));
	check_ok(mproc_manager_hide(manager, "small"));
	check_ok(mproc_manager_hide(manager, "large"));
	mproc_value_destroy(ratio);
	mproc_value_destroy(small);
	mproc_value_destroy(large);
}
END_TEST

START_TEST(number_flag_and_event_are_strings)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	_Atomic bool *flag = mproc_calloc(1, sizeof *flag);
	mproc_event *event = mproc_calloc(1, sizeof *event);

	check_ok(mproc_event_init(event));
	check_ok(mproc_manager_show_number(manager, "number", number));
	check_ok(mproc_manager_show_flag(manager, "flag", flag));
	check_ok(mproc_manager_show_event(manager, "event", event));
	check("INCRBY number 41", "41");
	atomic_fetch_add(number, 1);
	check("GET number", "42");
	check("GETSET number 7", "42");
	check("SET number 8 NX", "nil");
	check("SET number 8 XX", "OK");
	check("SET number 7 GET KEEPTTL", "8");
	check("SET number 9 NX GET", "7");
	check("SET number 9 EX 5", "-ERR SET of what belongs to the family, which does not expire, takes NX, "
				   "XX, GET and KEEPTTL");
	check("DECRBY number 10", "-3");
	check("GET flag", "0");
	check("SET flag 1", "OK");
	ck_assert(atomic_load(flag));
	check("SET flag yes", "-ERR 'flag' takes 1 or 0");
	check("SETNX flag 0", "0");
	check("SET event 1", "OK");
	ck_assert_int_eq(mproc_event_wait(event, mproc_after(30)), 0);
	check("GET event", "1");
	check("SET event 0", "OK");
	ck_assert_int_eq(mproc_event_is_set(event), 0);
	check("EXISTS number flag event other", "3");
	check_ok(mproc_manager_hide(manager, "number"));
	check_ok(mproc_manager_hide(manager, "flag"));
	check_ok(mproc_manager_hide(manager, "event"));
	mproc_event_destroy(event);
	mproc_free(event);
	mproc_free((void *)(uintptr_t)flag);
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

START_TEST(listener_hears_of_flags_and_events)
{
	_Atomic bool *flag = mproc_calloc(1, sizeof *flag);
	mproc_event *event = mproc_calloc(1, sizeof *event);

	check_ok(mproc_event_init(event));
	check_ok(mproc_manager_show_flag(manager, "flag", flag));
	check_ok(mproc_manager_show_event(manager, "event", event));
	check("SUBSCRIBE mproc:flag:flag", "[subscribe mproc:flag:flag 1]");
	check("SUBSCRIBE mproc:flag:event", "[subscribe mproc:flag:event 2]");
	atomic_store(flag, true);
	check_answer(client, "[message mproc:flag:flag 1]");
	mproc_event_set(event);
	check_answer(client, "[message mproc:flag:event 1]");
	check_ok(mproc_manager_hide(manager, "flag"));
	check_ok(mproc_manager_hide(manager, "event"));
	mproc_event_destroy(event);
	mproc_free(event);
	mproc_free((void *)(uintptr_t)flag);
}
END_TEST

START_TEST(listener_hears_what_other_clients_set)
{
	redisContext *second = connect_client();
	_Atomic bool *flag = mproc_calloc(1, sizeof *flag);

	check_ok(mproc_manager_show_flag(manager, "flag", flag));
	check("SUBSCRIBE mproc:flag:flag", "[subscribe mproc:flag:flag 1]");
	check_asked(second, "SET flag 1", "OK");
	check_asked(second, "FCALL mproc_flag_set 1 flag 0", "0");
	check_answer(client, "[message mproc:flag:flag 1]");
	check_answer(client, "[message mproc:flag:flag 0]");
	ck_assert(!atomic_load(flag));
	check_ok(mproc_manager_hide(manager, "flag"));
	mproc_free((void *)(uintptr_t)flag);
	redisFree(second);
}
END_TEST

START_TEST(array_is_a_list_that_does_not_grow)
{
	int64_t *array = mproc_array_create(3, sizeof *array, NULL);

	array[1] = 17;
	check_ok(mproc_manager_show_array(manager, "array", array, sizeof *array, MPROC_SHOWN_INT64));
	check("TYPE array", "list");
	check("LLEN array", "3");
	check("LRANGE array 0 -1", "[0 17 0]");
	check("LSET array -1 -5", "OK");
	check("LRANGE array -2 5", "[17 -5]");
	check("LRANGE array 2 1", "[]");
	check("LINDEX array 2", "-5");
	check("LINDEX array 3", "nil");
	check("LSET array 3 1", "-ERR index out of range");
	check("LSET array 0 x",
		"-ERR 'array' takes a whole number in decimal digits, such as 42, that fits into 64 bits");
	check("RPUSH array 1", "-ERR not possible with what is shown: RPUSH");
	ck_assert_int_eq(array[2], -5);
	check_ok(mproc_manager_hide(manager, "array"));
	mproc_value_destroy(array);
}
END_TEST

START_TEST(dict_of_bytes_is_a_hash)
{
	mproc_dict *dict;
	char value[16];
	size_t size;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_BYTES));
	check("HSET dict a 1 b two", "2");
	check_ok(mproc_dict_get(dict, "b", 1, value, sizeof value, &size));
	ck_assert(size == 3 && memcmp(value, "two", 3) == 0);
	check("HGET dict a", "1");
	check("HMGET dict a c b", "[1 nil two]");
	check("HINCRBY dict a 9", "10");
	check("HINCRBY dict new -2", "-2");
	check("HINCRBY dict b 1", "-ERR hash value is not an integer");
	check("HSETNX dict a x", "0");
	check("HLEN dict", "3");
	check("HEXISTS dict a", "1");
	check("HSTRLEN dict a", "2");
	check("HDEL dict a c new", "2");
	check("HGETALL dict", "[b two]");
	check("HKEYS dict", "[b]");
	check("HVALS dict", "[two]");
	check("HSCAN dict 0 MATCH [a-c]", "[0 [b two]]");
	check("HSCAN dict 0 MATCH x", "[0 []]");
	check("FCALL mproc_dict_compare_and_set 1 dict b two three", "1");
	check("FCALL mproc_dict_compare_and_set 1 dict b two four", "0");
	check("FCALL mproc_dict_compare_and_set 1 dict x two four", "-1");
	check("FCALL mproc_dict_pop 1 dict b", "three");
	check("FCALL mproc_dict_pop 1 dict b", "nil");
	check("LPUSH dict a", "-WRONGTYPE Operation against a key holding the wrong kind of value");
	check("HRANDFIELD dict", "-ERR not possible with what is shown: HRANDFIELD");
	check("FCALL mproc_dict_set_fenced 2 dict {dict}:fence 1 a b",
		"-ERR not possible with what is shown: mproc_dict_set_fenced");
	check("FCALL mproc_list_pop 1 dict 0",
		"-WRONGTYPE Operation against a key holding the wrong kind of value");
	check_ok(mproc_manager_hide(manager, "dict"));
	mproc_dict_destroy(dict);
}
END_TEST

START_TEST(what_was_destroyed_too_early_is_told_by_its_name)
{
	int64_t *value = mproc_value_create(sizeof *value, NULL);
	mproc_event *event = mproc_calloc(1, sizeof *event);
	mproc_queue *queue;
	mproc_dict *dict;
	mproc_list *list;

	check_ok(mproc_event_init(event));
	check_ok(mproc_queue_create(NULL, &queue));
	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_value(manager, "value", value, sizeof *value, MPROC_SHOWN_INT64));
	check_ok(mproc_manager_show_event(manager, "event", event));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_BYTES));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	mproc_value_destroy(value);
	check_ok(mproc_event_destroy(event));
	mproc_queue_destroy(queue);
	mproc_dict_destroy(dict);
	mproc_list_destroy(list);
	check("GET value", "-ERR 'value' was destroyed before mproc_manager_hide");
	check("GET event", "-ERR 'event' was destroyed before mproc_manager_hide");
	check("LLEN queue", "-ERR 'queue' was destroyed before mproc_manager_hide");
	check("HGET dict a", "-ERR 'dict' was destroyed before mproc_manager_hide");
	check("LPUSH list a", "-ERR 'list' was destroyed before mproc_manager_hide");
	mproc_free(event);
	check_ok(mproc_manager_hide(manager, "value"));
	check_ok(mproc_manager_hide(manager, "event"));
	check_ok(mproc_manager_hide(manager, "queue"));
	check_ok(mproc_manager_hide(manager, "dict"));
	check_ok(mproc_manager_hide(manager, "list"));
}
END_TEST

START_TEST(dict_of_numbers_shows_digits)
{
	mproc_dict *dict;

	check_ok(mproc_dict_create(NULL, &dict));
	check_ok(mproc_dict_add(dict, "seen", 4, 41, NULL));
	check_ok(mproc_manager_show_dict(manager, "dict", dict, MPROC_SHOWN_INT64));
	check("HINCRBY dict seen 1", "42");
	check("HGET dict seen", "42");
	check("HSET dict seen 9223372036854775807", "0");
	check("HINCRBY dict seen 1", "-ERR increment or decrement would overflow");
	check("HSET dict other word",
		"-ERR 'dict' takes a whole number in decimal digits, such as 42, that fits into 64 bits");
	check_ok(mproc_dict_set(dict, "name", 4, "odd", 3));
	check("HGET dict name", "odd");
	check("HINCRBY dict name 1", "-ERR hash value is not an integer");
	check_ok(mproc_manager_hide(manager, "dict"));
	mproc_dict_destroy(dict);
}
END_TEST

START_TEST(list_is_a_list)
{
	mproc_list *list;

	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	check("RPUSH list b c", "2");
	check("LPUSH list a", "3");
	check("LRANGE list 0 -1", "[a b c]");
	check("LRANGE list -2 1", "[b]");
	check("LRANGE list 5 9", "[]");
	check("LRANGE list -100 0", "[a]");
	check("LRANGE list 0 -100", "[]");
	check("LRANGE list 2 1", "[]");
	check("LRANGE list 0 9223372036854775807", "[a b c]");
	check("LINDEX list -1", "c");
	check("LSET list 1 B", "OK");
	check("LSET list 9 B", "-ERR index out of range");
	check("FCALL mproc_list_insert 1 list 1 x", "1");
	check("FCALL mproc_list_insert 1 list 9 x", "0");
	check("FCALL mproc_list_pop 1 list 1", "x");
	check("RPOP list", "c");
	check("LPOP list 5", "[a B]");
	check("LPOP list", "nil");
	check("LPOP list 2", "nil");
	check("LPOP list x", "-ERR value is out of range, must be positive");
	check("BLPOP list 0.01", "nil");
	ck_assert_int_eq(mproc_list_count(list), 0);
	check_ok(mproc_manager_hide(manager, "list"));
	mproc_list_destroy(list);
}
END_TEST

START_TEST(item_of_any_size_goes_through_a_list)
{
	enum {
		SIZE = 1 << 20
	};
	char *item = malloc(SIZE), *back = malloc(SIZE);
	redisReply *reply;
	mproc_list *list;

	for (size_t i = 0; i < SIZE; ++i)
		item[i] = (char)(i * 7 + i / 251);
	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	check_reply(client, redisCommand(client, "RPUSH list %b", item, (size_t)SIZE), "RPUSH", "1");
	check_ok(mproc_list_get(list, 0, back, SIZE, NULL));
	ck_assert(memcmp(item, back, SIZE) == 0);
	reply = redisCommand(client, "LPOP list");
	ck_assert(reply != NULL && reply->len == SIZE && memcmp(reply->str, item, SIZE) == 0);
	freeReplyObject(reply);
	check_ok(mproc_manager_hide(manager, "list"));
	mproc_list_destroy(list);
	free(item);
	free(back);
}
END_TEST

START_TEST(blpop_of_a_list_waits_for_the_family)
{
	mproc_list *list;

	check_ok(mproc_list_create(NULL, &list));
	check_ok(mproc_manager_show_list(manager, "list", list, MPROC_SHOWN_BYTES));
	ask(client, "BLPOP list 0");
	check_ok(mproc_list_append(list, "found", 5));
	check_answer(client, "[list found]");
	check_ok(mproc_manager_hide(manager, "list"));
	mproc_list_destroy(list);
}
END_TEST

START_TEST(queue_is_a_list_of_messages)
{
	mproc_queue *queue;
	char message[8];

	check_ok(mproc_queue_create(NULL, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	check("RPUSH queue one two three four", "4");
	check_ok(mproc_queue_get(queue, message, sizeof message, MPROC_NOW, NULL));
	ck_assert(memcmp(message, "one", 3) == 0);
	check("LLEN queue", "3");
	check("LPOP queue", "two");
	check("LPOP queue 9", "[three four]");
	check("LPOP queue", "nil");
	check("LPOP queue 3", "nil");
	check("LPOP queue x", "-ERR value is out of range, must be positive");
	check("BLPOP queue 0.01", "nil");
	check("LPUSH queue x", "-ERR not possible with what is shown: LPUSH");
	check_ok(mproc_manager_hide(manager, "queue"));
	mproc_queue_destroy(queue);
}
END_TEST

static int take_number(redisContext *context)
{
	redisReply *reply = NULL;
	int number;

	ck_assert(redisGetReply(context, (void **)&reply) == REDIS_OK && reply->elements == 2);
	number = atoi(reply->element[1]->str);
	freeReplyObject(reply);
	return number;
}

START_TEST(blpop_of_a_queue_waits_for_the_family)
{
	redisContext *second = connect_client();
	mproc_queue *queue;
	int64_t number = 1;

	check_ok(mproc_queue_create(NULL, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_INT64));
	ask(client, "BLPOP queue 0");
	/* Answered behind it: the first one waits by now. */
	check_asked(second, "PING", "PONG");
	ask(second, "BLPOP queue 0");
	for (; number <= 2; ++number)
		check_ok(mproc_queue_put(queue, &number, sizeof number, MPROC_FOREVER));
	/* Who was first to ask is not always first to be answered. */
	ck_assert_int_eq(take_number(client) + take_number(second), 1 + 2);
	ask(client, "BLPOP queue 0");
	check_asked(second, "RPUSH queue 3", "1");
	check_answer(client, "[queue 3]");
	check_ok(mproc_manager_hide(manager, "queue"));
	mproc_queue_destroy(queue);
	redisFree(second);
}
END_TEST

START_TEST(client_that_waits_for_what_is_hidden_waits_on)
{
	redisContext *second = connect_client();
	mproc_queue *queue;

	check_ok(mproc_queue_create(NULL, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	ask(client, "BLPOP queue 0");
	check_asked(second, "PING", "PONG");
	check_ok(mproc_manager_hide(manager, "queue"));
	mproc_queue_destroy(queue);
	check_asked(second, "RPUSH queue own", "1");
	check_answer(client, "[queue own]");
	redisFree(second);
}
END_TEST

START_TEST(client_that_goes_gives_back_its_messages)
{
	redisContext *second = connect_client();
	mproc_queue *queue;

	check_ok(mproc_queue_create(&(mproc_queue_options){.acknowledged = true}, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	check("RPUSH queue a b c", "3");
	check_asked(second, "LPOP queue", "a");
	/* It is done with the first. */
	check_asked(second, "LPOP queue", "b");
	redisFree(second);
	check("BLPOP queue 30", "[queue b]");
	check("LREM queue 1 x", "0");
	check("LREM queue 1 b", "1");
	check("LPOP queue", "c");
	check_ok(mproc_manager_hide(manager, "queue"));
	/* What was owed was given back, for nobody could acknowledge it any more. */
	ck_assert_int_eq(mproc_queue_count(queue), 1);
	mproc_queue_destroy(queue);
}
END_TEST

START_TEST(queue_that_is_full_refuses_after_a_while)
{
	mproc_queue *queue;

	check_ok(mproc_queue_create(&(mproc_queue_options){.max_messages = 2}, &queue));
	check_ok(mproc_manager_show_queue(manager, "queue", queue, MPROC_SHOWN_BYTES));
	check("RPUSH queue a b c", "-TRYAGAIN 'queue' is full: 2 were put");
	ask(client, "RPUSH queue c");
	check_ok(mproc_queue_get(queue, (char[1]){0}, 1, MPROC_FOREVER, NULL));
	check_answer(client, "2");
	check_ok(mproc_manager_hide(manager, "queue"));
	mproc_queue_destroy(queue);
}
END_TEST

START_TEST(what_is_shown_is_not_for_clients_to_take_away)
{
	_Atomic int64_t *number = mproc_calloc(1, sizeof *number);
	redisReply *reply;

	check_ok(mproc_manager_show_number(manager, "number", number));
	for (size_t i = 0; i < 3; ++i) {
		reply = redisCommand(
			client, (const char *[]){"DEL number", "RENAME number other", "EXPIRE number 1"}[i]);
		ck_assert(reply != NULL && reply->type == REDIS_REPLY_ERROR);
		freeReplyObject(reply);
	}
	check("FLUSHALL", "OK");
	check("GET number", "0");
	check("KEYS *", "[number]");
	check("MULTI", "OK");
	check("INCR number", "QUEUED");
	check("INCR number", "QUEUED");
	check("EXEC", "[1 2]");
	check_ok(mproc_manager_hide(manager, "number"));
	check("EXISTS number", "0");
	mproc_free((void *)(uintptr_t)number);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {NULL};
	const TTest *process_tests[] = {
		value_is_a_string_of_its_size,
		value_is_a_number_of_its_kind,
		number_flag_and_event_are_strings,
		listener_hears_of_flags_and_events,
		listener_hears_what_other_clients_set,
		array_is_a_list_that_does_not_grow,
		dict_of_bytes_is_a_hash,
		what_was_destroyed_too_early_is_told_by_its_name,
		dict_of_numbers_shows_digits,
		list_is_a_list,
		item_of_any_size_goes_through_a_list,
		blpop_of_a_list_waits_for_the_family,
		queue_is_a_list_of_messages,
		blpop_of_a_queue_waits_for_the_family,
		client_that_waits_for_what_is_hidden_waits_on,
		client_that_goes_gives_back_its_messages,
		queue_that_is_full_refuses_after_a_while,
		what_is_shown_is_not_for_clients_to_take_away,
		NULL,
	};
	const support_suite suite = {
		.name = "shown",
		.tests = tests,
		.process_tests = process_tests,
		.warm_up = support_warm_up,
		.setup = start_manager,
		.teardown = stop_manager,
	};

	return support_run_suite(&suite);
}
