/* SPDX-License-Identifier: MIT */
#include "remote/durability.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	SETTINGS = MPROCI_DURABILITY_INFO,
	SETTING_SIZE = 32,
};

static const char *const setting_names[SETTINGS] = {"appendonly", "appendfsync", "maxmemory-policy"};

/* Their values; empty: nobody can tell. */
typedef struct settings {
	char appendonly[SETTING_SIZE], appendfsync[SETTING_SIZE], policy[SETTING_SIZE];
} settings;

bool mproci_info_find(const char *text, const char *name, char *ret_value, size_t size)
{
	const size_t length = strlen(name);

	while (text != NULL) {
		if (strncmp(text, name, length) == 0 && text[length] == ':') {
			const char *value = text + length + 1;
			const size_t count = strcspn(value, "\r\n");

			snprintf(ret_value, size, "%.*s", (int)(count < size ? count : size - 1), value);
			return true;
		}
		text = strchr(text, '\n');
		text = text == NULL ? NULL : text + 1;
	}
	return false;
}

void mproci_durability_prepare(mproci_request ret_requests[MPROCI_DURABILITY_REQUESTS])
{
	for (size_t i = 0; i < SETTINGS; ++i) {
		mproci_request_begin(&ret_requests[i], "CONFIG", true);
		mproci_request_add_text(&ret_requests[i], "GET");
		mproci_request_add_text(&ret_requests[i], setting_names[i]);
	}
	mproci_request_begin(&ret_requests[MPROCI_DURABILITY_INFO], "INFO", true);
}

/* The value of a setting, if it is told. */
static void take_setting(const redisReply *reply, char ret_value[SETTING_SIZE])
{
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
		&& reply->element[1]->type == REDIS_REPLY_STRING)
		snprintf(ret_value, SETTING_SIZE, "%s", reply->element[1]->str);
}

/* What the settings did not tell.  Nothing there tells how often the journal is written to the disk. */
static void take_info(const redisReply *reply, settings *from)
{
	char enabled[SETTING_SIZE];

	if (reply->type != REDIS_REPLY_STRING)
		return;
	if (from->appendonly[0] == '\0'
		&& mproci_info_find(reply->str, "aof_enabled", enabled, sizeof enabled))
		snprintf(from->appendonly, SETTING_SIZE, "%s", strcmp(enabled, "1") == 0 ? "yes" : "no");
	if (from->policy[0] == '\0')
		mproci_info_find(reply->str, "maxmemory_policy", from->policy, SETTING_SIZE);
}

static const char *known(const char *value)
{
	return value[0] == '\0' ? "not known: this user may not use CONFIG GET" : value;
}

static void explain(const settings *from, bool evicts, char *ret_reason, size_t size)
{
	const char *name = "appendfsync", *value = from->appendfsync;

	if (evicts) {
		name = "maxmemory-policy";
		value = from->policy;
	} else if (strcmp(from->appendonly, "yes") != 0) {
		name = "appendonly";
		value = from->appendonly;
	}
	snprintf(ret_reason, size, "%s is %s", name, known(value));
}

void mproci_durability_judge(
	redisReply *const replies[MPROCI_DURABILITY_REQUESTS], mproci_durability *ret_durability)
{
	settings from = {.policy = ""};
	mproc_remote_durability level = MPROC_REMOTE_MEMORY;
	bool evicts, has_journal;

	take_setting(replies[0], from.appendonly);
	take_setting(replies[1], from.appendfsync);
	take_setting(replies[2], from.policy);
	take_info(replies[MPROCI_DURABILITY_INFO], &from);
	evicts = strcmp(from.policy, "noeviction") != 0;
	has_journal = !evicts && strcmp(from.appendonly, "yes") == 0;
	if (has_journal && strcmp(from.appendfsync, "always") == 0)
		level = MPROC_REMOTE_SYNC;
	else if (has_journal && strcmp(from.appendfsync, "everysec") == 0)
		level = MPROC_REMOTE_SECONDS;
	ret_durability->level = level;
	explain(&from, evicts, ret_durability->reason, sizeof ret_durability->reason);
}

int mproci_durability_check(const mproci_durability *durability, mproc_remote_durability demanded)
{
	static const char *const names[] = {
		"MPROC_REMOTE_MEMORY", "MPROC_REMOTE_SECONDS", "MPROC_REMOTE_SYNC"};

	if (durability->level >= demanded)
		return 0;
	return mproci_fail(
		-EOPNOTSUPP, "the server promises less than %s: its %s", names[demanded], durability->reason);
}
