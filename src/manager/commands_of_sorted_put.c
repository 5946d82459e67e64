/* SPDX-License-Identifier: MIT */
/*
 * ZADD and ZINCRBY.  What is wrong with any argument is said before anything is changed.
 */
#include "manager/commands_of_sorted.h"

#include <errno.h>
#include <math.h>

typedef struct terms {
	/* Only what is not there; only what is; only to a higher score; only to a lower one. */
	bool only_new, only_old, only_up, only_down;
	/* Say how many have changed; add to the score. */
	bool count_changed, is_sum;
	/* Where the scores begin among the arguments, each with its member behind it. */
	size_t first;
} terms;

/* What has become of all members. */
typedef struct tally {
	int64_t added, changed;
	/* Of the last one: the score it has, if what was asked for is so. */
	bool is_done;
	double score;
} tally;

static bool read_word(mproci_view word, terms *on)
{
	static const char *const words[] = {"NX", "XX", "GT", "LT", "CH", "INCR"};
	bool *const flags[] = {
		&on->only_new, &on->only_old, &on->only_up, &on->only_down, &on->count_changed, &on->is_sum};

	for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
		if (!mproci_is_word(word, words[i]))
			continue;
		*flags[i] = true;
		return true;
	}
	return false;
}

/* What is wrong with the terms; NULL: nothing. */
static const char *find_contradiction(const terms *on, size_t members)
{
	if (on->only_new && on->only_old)
		return "XX and NX options at the same time are not compatible";
	if ((on->only_up && on->only_new) || (on->only_down && on->only_new)
		|| (on->only_up && on->only_down))
		return "GT, LT, and/or NX options at the same time are not compatible";
	if (on->is_sum && members > 1)
		return "INCR option supports a single increment-element pair";
	return NULL;
}

static bool read_terms(mproci_call *call, terms *on)
{
	const char *contradiction;
	size_t rest;

	on->first = 2;
	while (on->first < call->count && read_word(call->arguments[on->first], on))
		++on->first;
	rest = call->count - on->first;
	if (rest == 0 || rest % 2 != 0) {
		mproci_reply_syntax_error(call->reply);
		return false;
	}
	contradiction = find_contradiction(on, rest / 2);
	if (contradiction)
		mproci_reply_error(call->reply, "ERR %s", contradiction);
	return !contradiction;
}

static bool are_scores(mproci_call *call, size_t first)
{
	double score;

	for (size_t i = first; i < call->count; i += 2) {
		if (!mproci_argument_double(call, i, "value is not a valid float", &score))
			return false;
	}
	return true;
}

/* Returns 0, -ENOMEM, or -EDOM: the sum is no number. */
static int put_one(mproci_sorted *sorted, const terms *on, mproci_view member, double score, tally *all)
{
	double old;
	bool is_there = mproci_sorted_score(sorted, member, &old);

	all->is_done = false;
	if (is_there ? on->only_new : on->only_old)
		return 0;
	if (is_there && on->is_sum)
		score += old;
	if (isnan(score))
		return -EDOM;
	if (is_there && ((on->only_up && score <= old) || (on->only_down && score >= old)))
		return 0;
	if (mproci_sorted_put(sorted, member, score) != 0)
		return -ENOMEM;
	all->added += !is_there;
	all->changed += is_there && score != old;
	all->is_done = true;
	all->score = score;
	return 0;
}

static int put_all(mproci_call *call, mproci_sorted *sorted, const terms *on, tally *all)
{
	int code = 0;

	for (size_t i = on->first; i < call->count && code == 0; i += 2) {
		double score = 0;

		mproci_read_double(call->arguments[i], &score);
		code = put_one(sorted, on, call->arguments[i + 1], score, all);
	}
	return code;
}

static void complain(mproci_reply *reply, int code)
{
	if (code == -EPROTOTYPE)
		mproci_reply_wrong_type(reply);
	else if (code == -EDOM)
		mproci_reply_error(reply, "ERR resulting score is not a number (NaN)");
	else
		mproci_reply_no_memory(reply);
}

static void answer(mproci_reply *reply, const terms *on, const tally *all)
{
	if (!on->is_sum)
		mproci_reply_integer(reply, all->added + (on->count_changed ? all->changed : 0));
	else if (all->is_done)
		mproci_reply_double(reply, all->score);
	else
		mproci_reply_null(reply);
}

static mproci_outcome put(mproci_call *call, const terms *on)
{
	mproci_view name = call->arguments[1];
	mproci_binding *binding = NULL;
	tally all = {0};
	int code;

	if (!are_scores(call, on->first))
		return MPROCI_DONE;
	/* What is not there does not come to be when only what is there may change. */
	code = on->only_old ? mproci_sorted_find(call->keyspace, name, &binding)
			    : mproci_sorted_make(call->keyspace, name, &binding);
	if (code == 0 && binding) {
		mproci_sorted *sorted = binding->value;

		code = put_all(call, sorted, on, &all);
		if (all.added + all.changed > 0 || sorted->order.count == 0)
			mproci_sorted_settle(call->keyspace, name, binding);
	}
	if (code == 0)
		answer(call->reply, on, &all);
	else
		complain(call->reply, code);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_zadd(mproci_call *call)
{
	terms on = {0};

	return read_terms(call, &on) ? put(call, &on) : MPROCI_DONE;
}

mproci_outcome mproci_command_zincrby(mproci_call *call)
{
	terms on = {.is_sum = true, .first = 2};

	return put(call, &on);
}
