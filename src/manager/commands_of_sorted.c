/* SPDX-License-Identifier: MIT */
/*
 * The table of the commands of sorted sets, and those about members.
 */
#include "manager/commands_of_sorted.h"
#include "manager/lookup.h"

#include "manager/scanning.h"

#include <stdio.h>

static mproci_outcome zrem(mproci_call *call)
{
	mproci_binding *binding;
	int64_t removed = 0;

	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	for (size_t i = 2; binding && i < call->count; ++i)
		removed += mproci_sorted_remove(binding->value, call->arguments[i]);
	if (removed > 0)
		mproci_sorted_settle(call->keyspace, call->arguments[1], binding);
	mproci_reply_integer(call->reply, removed);
	return MPROCI_DONE;
}

static mproci_outcome zcard(mproci_call *call)
{
	mproci_binding *binding;
	const mproci_sorted *sorted;

	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	sorted = binding ? binding->value : NULL;
	mproci_reply_integer(call->reply, sorted ? (int64_t)sorted->order.count : 0);
	return MPROCI_DONE;
}

static void answer_score(mproci_call *call, const mproci_binding *binding, mproci_view member)
{
	double score;

	if (binding && mproci_sorted_score(binding->value, member, &score))
		mproci_reply_double(call->reply, score);
	else
		mproci_reply_null(call->reply);
}

static mproci_outcome zscore(mproci_call *call)
{
	mproci_binding *binding;

	if (mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		answer_score(call, binding, call->arguments[2]);
	return MPROCI_DONE;
}

static mproci_outcome zmscore(mproci_call *call)
{
	mproci_binding *binding;

	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	mproci_reply_array(call->reply, call->count - 2);
	for (size_t i = 2; i < call->count; ++i)
		answer_score(call, binding, call->arguments[i]);
	return MPROCI_DONE;
}

static mproci_outcome answer_rank(mproci_call *call, bool backwards)
{
	mproci_binding *binding;
	const mproci_sorted *sorted;
	size_t rank;

	if (!mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	sorted = binding ? binding->value : NULL;
	if (sorted && mproci_sorted_rank(sorted, call->arguments[2], &rank))
		mproci_reply_integer(
			call->reply, (int64_t)(backwards ? sorted->order.count - 1 - rank : rank));
	else
		mproci_reply_null(call->reply);
	return MPROCI_DONE;
}

static mproci_outcome zrank(mproci_call *call)
{
	return answer_rank(call, false);
}

static mproci_outcome zrevrank(mproci_call *call)
{
	return answer_rank(call, true);
}

/* Scores are strings here in both protocols. */
static void write_member(mproci_reply *reply, const mproci_hash_table *table, const mproci_hash_entry *entry)
{
	char text[32];
	double score;

	memcpy(&score, entry->payload, sizeof score);
	snprintf(text, sizeof text, "%.17g", score);
	mproci_reply_bulk(reply, mproci_hash_entry_name(table, entry));
	mproci_reply_text(reply, text);
}

static mproci_outcome zscan(mproci_call *call)
{
	mproci_scan_request request;
	mproci_binding *binding;
	const mproci_sorted *sorted;

	if (!mproci_argument_scan(call, 2, &request)
		|| !mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	sorted = binding ? binding->value : NULL;
	mproci_scan_answer(call->reply, &request, sorted ? sorted->members : NULL, write_member, 2);
	return MPROCI_DONE;
}

const mproci_command mproci_commands_of_sorted[] = {
	{"ZADD", mproci_command_zadd, -4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZINCRBY", mproci_command_zincrby, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZREM", zrem, -3, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZCARD", zcard, 2, 0, 1, 1, 1},
	{"ZSCORE", zscore, 3, 0, 1, 1, 1},
	{"ZMSCORE", zmscore, -3, 0, 1, 1, 1},
	{"ZRANK", zrank, 3, 0, 1, 1, 1},
	{"ZREVRANK", zrevrank, 3, 0, 1, 1, 1},
	{"ZSCAN", zscan, -3, 0, 1, 1, 1},
	{"ZCOUNT", mproci_command_zcount, 4, 0, 1, 1, 1},
	{"ZLEXCOUNT", mproci_command_zlexcount, 4, 0, 1, 1, 1},
	{"ZRANGE", mproci_command_zrange, -4, 0, 1, 1, 1},
	{"ZREVRANGE", mproci_command_zrevrange, -4, 0, 1, 1, 1},
	{"ZRANGEBYSCORE", mproci_command_zrangebyscore, -4, 0, 1, 1, 1},
	{"ZREVRANGEBYSCORE", mproci_command_zrevrangebyscore, -4, 0, 1, 1, 1},
	{"ZRANGEBYLEX", mproci_command_zrangebylex, -4, 0, 1, 1, 1},
	{"ZREVRANGEBYLEX", mproci_command_zrevrangebylex, -4, 0, 1, 1, 1},
	{"ZREMRANGEBYRANK", mproci_command_zremrangebyrank, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZREMRANGEBYSCORE", mproci_command_zremrangebyscore, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZREMRANGEBYLEX", mproci_command_zremrangebylex, 4, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZPOPMIN", mproci_command_zpopmin, -2, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"ZPOPMAX", mproci_command_zpopmax, -2, MPROCI_COMMAND_WRITES, 1, 1, 1},
	{"BZPOPMIN", mproci_command_bzpopmin, -3, MPROCI_COMMAND_WRITES, 1, -2, 1},
	{"BZPOPMAX", mproci_command_bzpopmax, -3, MPROCI_COMMAND_WRITES, 1, -2, 1},
	{"ZRANDMEMBER", mproci_command_zrandmember, -2, 0, 1, 1, 1},
	{NULL, NULL, 0, 0, 0, 0, 0},
};
