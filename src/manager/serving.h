/* SPDX-License-Identifier: MIT */
/*
 * manager/serving.h - what server, sessions and the commands about them share: what these are made of.
 *
 * A session is in up to five lists of its server: all of them; those with something to send; those with requests still to be carried out; those that are parked
 * and have been told that a key has changed; those that are parked and try again each millisecond.
 */
#ifndef MANAGER_SERVING_H
#define MANAGER_SERVING_H

#include "manager/channels.h"
#include "manager/request.h"
#include "manager/server.h"
#include "manager/session.h"
#include "manager/tls.h"
#include "sys/listening.h"

#include <utlist.h>

enum {
	/* What is read at once. */
	MPROCI_READ_SIZE = 64 << 10,
	/* How much of a request may wait in the buffer of reading, copied there again each time; what is longer gets memory of its own. */
	MPROCI_READ_AGAIN = 16 << 10,
	/* How much is kept of what comes behind a request that is parked. */
	MPROCI_INPUT_BEHIND = 1 << 20,
	/* When so much waits to be sent, no request is carried out. */
	MPROCI_OUTPUT_MUCH = 1 << 20,
	/* When messages that are no answers have so much wait, the client is sent away. */
	MPROCI_OUTPUT_MOST = 32 << 20,
	MPROCI_NAME_MOST = 256,
};

/* The version of Redis whose commands these are. */
#define MPROCI_SERVER_REDIS_VERSION "7.0.15"

/* In which way a client is answered: CLIENT REPLY. */
typedef enum mproci_answering {
	MPROCI_ANSWER,
	MPROCI_ANSWER_NOT,
	/* Not this command, nor the next one. */
	MPROCI_ANSWER_AFTER_NEXT,
	MPROCI_ANSWER_AFTER_THIS,
} mproci_answering;

/* One of the keys for which a session is parked. */
typedef struct mproci_waiting {
	mproci_key_watcher watcher;
	mproci_session *session;
	mproci_view name;
} mproci_waiting;

/* A place in a list; the previous one is NULL: in none. */
typedef struct mproci_place {
	mproci_session *previous, *next;
} mproci_place;

struct mproci_session {
	mproci_server *server;
	uint64_t id;
	int descriptor;
	/* What the poll handle waits for now. */
	int events;
	/* How many handles are still to be closed. */
	int handles;
	uv_poll_t poll;
	/* Of AUTH; later of what is parked. */
	uv_timer_t timer;
	mproci_tls *tls;
	mproci_place all, dirty, ready, woken, retrying;

	/* What was received and not carried out; begins with the request that the parser has read up to now. */
	char *input;
	size_t input_size, input_capacity;
	mproci_parser parser;
	/* What was asked for last. */
	const mproci_command *command;

	mproci_reply reply;
	mproci_answering answering;
	/* When, by the clock of the loop, something could be sent last; while `is_stuck`. */
	uint64_t sent_at;

	bool is_local;
	bool is_authenticated;
	/* There is input that nobody has looked at yet, and that can be looked at. */
	bool has_more;
	bool is_parked;
	bool is_late;
	/* It waits for room to send. */
	bool is_stuck;
	/* No further request is carried out; hang up when all is sent. */
	bool is_ending;
	/* Hung up. */
	bool is_gone;
	/* How long the parked request is, and which keys it waits for. */
	size_t parked_size;
	mproci_waiting *waiting;
	size_t waiting_count;

	mproci_belonging belongings;
	size_t subscriptions;
	void *transaction;
	char name[MPROCI_NAME_MOST];
	uint64_t connected_at, active_at;
};

typedef struct mproci_counters {
	uint64_t connections, rejected, commands, received, sent;
} mproci_counters;

typedef struct mproci_listening {
	mproci_server *server;
	int descriptor;
	bool is_local;
	uv_poll_t poll;
} mproci_listening;

struct mproci_server {
	mproci_server_options options;
	mproci_parser_limits limits, limits_before_auth;
	uint8_t password_digest[32];
	uv_loop_t loop;
	bool is_loop_open;
	mproci_keyspace *keyspace;
	mproci_channels *channels;
	mproci_tls_context *tls;
	mproci_listening local, remote;
	mproci_file_id socket_file;
	char address[MPROCI_HOST_AND_PORT_SIZE];

	uv_prepare_t prepare;
	/* Runs while there are requests to be carried out: the loop does not wait then. */
	uv_idle_t busy;
	/* For keys that expire; sessions that try again; those that cannot be sent to, and the memory; accepting again when there are no descriptors. */
	uv_timer_t sweeping, retrying, checking, accepting;
	/* When keys expire next, by the keyspace's clock; 0: none does. */
	int64_t sweep_at;

	mproci_session *sessions, *dirty, *ready, *woken, *retriers;
	size_t session_count;
	uint64_t last_id;
	uint64_t time;
	void (*hook)(void *context);
	void *hook_context;
	size_t ready_count;
	/* Resident memory is beyond what is allowed. */
	bool is_full;
	/* There may be names that a type carries out commands for. */
	bool is_showing;
	bool has_stopped;
	mproci_counters counters;
	uint64_t started_at;
	char *buffer;
};

/* session.c: the life of a session. */
mproci_session *mproci_session_open(mproci_server *server, int descriptor, bool is_local);
/* Take it out of everything and give back what it has; its memory goes when the loop has closed its handles. */
void mproci_session_close(mproci_session *session);
/* Hang up as soon as what there is to say has been sent. */
void mproci_session_end(mproci_session *session);
/* Its client has to show who it is, if there is a password. */
void mproci_session_doubt(mproci_session *session);
/* It has. */
void mproci_session_welcome(mproci_session *session);

/* wire.c: bytes in and out. */
void mproci_wire_watch(mproci_session *session);
/* Returns how many bytes came; 0: none just now; -EPIPE: the client is gone. */
ssize_t mproci_wire_read(mproci_session *session, char *buffer, size_t size);
/* Send what there is, as far as there is room; the session may be closed by that. */
void mproci_wire_flush(mproci_session *session);
/* Have it flushed before the loop waits; or no more. */
void mproci_wire_mark(mproci_session *session);
void mproci_wire_unmark(mproci_session *session);

/* input.c: what was received and not carried out. */
/* Find room behind it to receive more.  Returns the room, or NULL; all that was received before lies directly before it. */
char *mproci_input_begin(mproci_session *session, size_t *ret_room);
/* Keep these bytes, and no others: they lie in the room, or before it.  Returns 0 or -ENOMEM. */
int mproci_input_keep(mproci_session *session, const char *bytes, size_t size);

/* turn.c: the requests of a session. */
/* Something can be received. */
void mproci_turn_begin(mproci_session *session);
/* There is input that was received before. */
void mproci_turn_continue(mproci_session *session);
/* Call a parked command again. */
void mproci_turn_retry(mproci_session *session);
/* The same for all that were told that a key has changed. */
void mproci_turn_wake(mproci_server *server);
void mproci_turn_mark_ready(mproci_session *session);
void mproci_turn_unmark_ready(mproci_session *session);

/* parking.c: it waits for no key, and for no time, any more. */
void mproci_parking_end(mproci_session *session);

/* server.c */
/* Give the keyspace the time of the loop. */
void mproci_server_update_time(mproci_server *server);
/* Look after those that cannot be sent to. */
void mproci_server_check_later(mproci_server *server);
/* Try again each millisecond, while there is a session that does. */
void mproci_server_retry_later(mproci_server *server);

/* listeners.c */
int mproci_listeners_open(mproci_server *server);
void mproci_listeners_close(mproci_server *server);

/* dispatch.c */
void mproci_dispatch_prepare(void);
/* Carry out a request of a client: or say why not, or queue it for EXEC. */
mproci_outcome mproci_dispatch(mproci_call *call);
/* Carry out one that was let through before. */
mproci_outcome mproci_dispatch_now(mproci_call *call);
const mproci_command *mproci_dispatch_find(mproci_view name);
void mproci_dispatch_each(void (*visit)(void *context, const mproci_command *command), void *context);
size_t mproci_dispatch_count(void);
/* The name of a command in small letters, as far as it fits; returns @ret_name. */
const char *mproci_dispatch_lower(const mproci_command *command, char *ret_name, size_t size);

/* info.c, config.c, catalogue.c: what the commands INFO, CONFIG and COMMAND do. */
mproci_outcome mproci_info_carry_out(mproci_call *call);
mproci_outcome mproci_config_carry_out(mproci_call *call);
mproci_outcome mproci_catalogue_carry_out(mproci_call *call);

#endif
