/* SPDX-License-Identifier: MIT */
/*
 * remote/asking.h - asking one or several questions at once, until each has its answer.
 */
#ifndef REMOTE_ASKING_H
#define REMOTE_ASKING_H

#include "remote/handle.h"

typedef struct mproci_question {
	mproci_command_bytes command;
	bool is_repeatable;
	bool is_function;
	/* Whatever the server replies is the answer, also an error that would go away. */
	bool is_verbatim;
	/* Nobody here knows how long the server may take over it. */
	bool is_foreign;
	/* NULL: there is none yet. */
	redisReply *reply;
} mproci_question;

/*
 * Ask them in their order, over a new connection where there is none or it breaks.  Error replies are answers.
 * Returns 0 when each has its reply; otherwise a negative errno with an error text, and no replies.
 */
int mproci_ask(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline);

/*
 * The same for what pops: when the server has been asked before @deadline its answer is waited for a second longer,
 * since what it popped would be lost otherwise.
 */
int mproci_ask_and_hear_out(
	mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline);

/*
 * The same over the connection that there is: only once, all must be new.  For what must not be asked anywhere
 * else, with the turn.
 */
int mproci_ask_here(mproc_remote *remote, mproci_question *questions, size_t count, mproc_deadline deadline);

/* What a command is called in an error text. */
const char *mproci_question_name(const mproci_question *question, char ret_name[40]);

#endif
