/* SPDX-License-Identifier: MIT */
/*
 * What INFO says: such lines of Redis that mean something here, so that programs which watch Redis can watch a manager.
 */
#include "manager/serving.h"
#include "manager/text.h"

#include <malloc.h>
#include <stdio.h>

static void write_server(const mproci_server *server, mproci_text *text)
{
	uint64_t seconds = (uv_now(&server->loop) - server->started_at) / 1000;

	mproci_text_add(text, "# Server\r\nredis_version:%s\r\nmproc_version:%s\r\nredis_mode:standalone\r\n",
		MPROCI_SERVER_REDIS_VERSION, MPROC_VERSION_TEXT);
	mproci_text_add(text, "arch_bits:%zu\r\nmultiplexing_api:libuv %s\r\nprocess_id:%d\r\n",
		8 * sizeof(void *), uv_version_string(), (int)uv_os_getpid());
	mproci_text_add(text, "uptime_in_seconds:%llu\r\nuptime_in_days:%llu\r\n",
		(unsigned long long)seconds, (unsigned long long)(seconds / 86400));
}

static void write_clients(const mproci_server *server, mproci_text *text)
{
	size_t parked = 0, subscribed = 0;

	for (const mproci_session *one = server->sessions; one != NULL; one = one->all.next) {
		parked += one->is_parked;
		subscribed += one->subscriptions > 0;
	}
	mproci_text_add(text,
		"# "
		"Clients\r\nconnected_clients:%zu\r\nmaxclients:%zu\r\nblocked_clients:%zu\r\npubsub_clients:"
		"%zu\r\n",
		server->session_count, server->options.max_clients, parked, subscribed);
}

static void write_memory(const mproci_server *server, mproci_text *text)
{
	struct mallinfo2 memory = mallinfo2();
	size_t resident = 0;

	uv_resident_set_memory(&resident);
	mproci_text_add(text, "# Memory\r\nused_memory:%zu\r\nused_memory_rss:%zu\r\n",
		memory.uordblks + memory.hblkhd, resident);
	mproci_text_add(text, "maxmemory:%llu\r\nmaxmemory_policy:noeviction\r\n",
		(unsigned long long)server->options.max_memory);
}

static void write_persistence(const mproci_server *server, mproci_text *text)
{
	(void)server;
	mproci_text_add(text, "# Persistence\r\nloading:0\r\nrdb_bgsave_in_progress:0\r\naof_enabled:0\r\n");
}

static void write_stats(const mproci_server *server, mproci_text *text)
{
	const mproci_counters *counters = &server->counters;

	mproci_text_add(text,
		"# Stats\r\ntotal_connections_received:%llu\r\ntotal_commands_processed:%llu\r\n",
		(unsigned long long)counters->connections, (unsigned long long)counters->commands);
	mproci_text_add(text,
		"total_net_input_bytes:%llu\r\ntotal_net_output_bytes:%llu\r\nrejected_connections:%llu\r\n",
		(unsigned long long)counters->received, (unsigned long long)counters->sent,
		(unsigned long long)counters->rejected);
	mproci_text_add(text, "pubsub_channels:%zu\r\npubsub_patterns:%zu\r\n",
		mproci_channels_count(server->channels, MPROCI_CHANNEL),
		mproci_channels_count(server->channels, MPROCI_PATTERN));
}

static void write_replication(const mproci_server *server, mproci_text *text)
{
	(void)server;
	mproci_text_add(text, "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n");
}

static void write_cluster(const mproci_server *server, mproci_text *text)
{
	(void)server;
	mproci_text_add(text, "# Cluster\r\ncluster_enabled:0\r\n");
}

static void write_keyspace(const mproci_server *server, mproci_text *text)
{
	size_t count = mproci_keyspace_count(server->keyspace);

	mproci_text_add(text, "# Keyspace\r\n");
	if (count > 0)
		mproci_text_add(text, "db0:keys=%zu,expires=0,avg_ttl=0\r\n", count);
}

typedef struct section {
	const char *name;
	void (*write)(const mproci_server *server, mproci_text *text);
} section;

static const section sections[] = {
	{"server", write_server},
	{"clients", write_clients},
	{"memory", write_memory},
	{"persistence", write_persistence},
	{"stats", write_stats},
	{"replication", write_replication},
	{"cluster", write_cluster},
	{"keyspace", write_keyspace},
};

static bool is_asked_for(const mproci_call *call, const char *name)
{
	static const char *const all[] = {"all", "default", "everything"};

	for (size_t i = 1; i < call->count; ++i) {
		if (mproci_is_word(call->arguments[i], name))
			return true;
		for (size_t j = 0; j < sizeof all / sizeof *all; ++j) {
			if (mproci_is_word(call->arguments[i], all[j]))
				return true;
		}
	}
	return call->count == 1;
}

mproci_outcome mproci_info_carry_out(mproci_call *call)
{
	mproci_text text = {0};

	for (size_t i = 0; i < sizeof sections / sizeof *sections; ++i) {
		if (!is_asked_for(call, sections[i].name))
			continue;
		if (text.size > 0)
			mproci_text_add(&text, "\r\n");
		sections[i].write(call->server, &text);
	}
	mproci_text_reply(&text, call->reply);
	return MPROCI_DONE;
}
