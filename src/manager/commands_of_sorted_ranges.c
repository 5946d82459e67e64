/* SPDX-License-Identifier: MIT */
/*
 * Commands of sorted sets for a range: of ranks, of scores, or of names where all scores are equal.  Each range becomes
 * a span of ranks first; what is then done with it is the same for all.
 */
#include "manager/commands_of_sorted.h"
#include "manager/lookup.h"

#include <math.h>
#include <stdlib.h>

enum {
	/* What fits every fraction that anybody writes. */
	SCORE_SIZE = 256,
};

typedef enum measure {
	BY_RANK,
	BY_SCORE,
	BY_NAME,
} measure;

/* A range from its lower end to its upper one. */
typedef struct range {
	measure by;
	int64_t start, stop;
	mproci_bound from, to;
} range;

typedef struct request {
	measure by;
	/* What BYSCORE, BYLEX and REV say otherwise. */
	bool is_measure_given, is_direction_given;
	bool is_backwards, has_scores, has_limit;
	int64_t offset, limit;
} request;

/* ---- reading ---- */

/* A score as strtod reads it, which is more than other numbers may be: also with spaces before it, or nothing at all. */
static bool read_score(mproci_view text, double *ret_score)
{
	char copy[SCORE_SIZE], *end;

	if (text.size >= sizeof copy)
		return false;
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	*ret_score = strtod(copy, &end);
	return end == copy + text.size && !isnan(*ret_score);
}

/* A score, or "(" and one that does not belong to the range itself. */
static bool read_score_end(mproci_view text, bool is_upper, mproci_bound *ret_bound)
{
	bool is_open = text.size > 0 && *text.bytes == '(';

	if (is_open)
		text = (mproci_view){text.bytes + 1, text.size - 1};
	*ret_bound = (mproci_bound){.has_score = true, .is_behind = is_upper != is_open};
	return read_score(text, &ret_bound->score);
}

/* "[" or "(" and a name; "-" is before all, and "+" behind all. */
static bool read_name_end(mproci_view text, bool is_upper, mproci_bound *ret_bound)
{
	char first = '\0';

	if (text.size > 0)
		first = *text.bytes;
	if (text.size == 1 && (first == '-' || first == '+')) {
		*ret_bound = (mproci_bound){.is_behind = first == '+'};
		return true;
	}
	*ret_bound = (mproci_bound){.has_name = true, .is_behind = is_upper != (first == '(')};
	if (first != '[' && first != '(')
		return false;
	ret_bound->name = (mproci_view){text.bytes + 1, text.size - 1};
	return true;
}

static bool read_ends(mproci_call *call, size_t lower, size_t upper, range *ret_range)
{
	mproci_view from = call->arguments[lower], to = call->arguments[upper];
	bool is_good;

	if (ret_range->by == BY_RANK)
		return mproci_argument_integer(call, lower, &ret_range->start)
		       && mproci_argument_integer(call, upper, &ret_range->stop);
	if (ret_range->by == BY_SCORE) {
		is_good = read_score_end(from, false, &ret_range->from)
			  && read_score_end(to, true, &ret_range->to);
		if (!is_good)
			mproci_reply_error(call->reply, "ERR min or max is not a float");
		return is_good;
	}
	is_good = read_name_end(from, false, &ret_range->from) && read_name_end(to, true, &ret_range->to);
	if (!is_good)
		mproci_reply_error(call->reply, "ERR min or max not valid string range item");
	return is_good;
}

static bool read_word(mproci_call *call, size_t *index, request *asked)
{
	mproci_view word = call->arguments[*index];

	if (mproci_is_word(word, "WITHSCORES")) {
		asked->has_scores = true;
	} else if (mproci_is_word(word, "LIMIT") && *index + 2 < call->count) {
		if (!mproci_argument_integer(call, *index + 1, &asked->offset)
			|| !mproci_argument_integer(call, *index + 2, &asked->limit))
			return false;
		*index += 2;
	} else if (!asked->is_direction_given && mproci_is_word(word, "REV")) {
		asked->is_backwards = asked->is_direction_given = true;
	} else if (!asked->is_measure_given && mproci_is_word(word, "BYLEX")) {
		asked->by = BY_NAME;
		asked->is_measure_given = true;
	} else if (!asked->is_measure_given && mproci_is_word(word, "BYSCORE")) {
		asked->by = BY_SCORE;
		asked->is_measure_given = true;
	} else {
		mproci_reply_syntax_error(call->reply);
		return false;
	}
	return true;
}

static bool read_request(mproci_call *call, request *asked)
{
	const char *contradiction = NULL;

	asked->limit = -1;
	for (size_t i = 4; i < call->count; ++i) {
		if (!read_word(call, &i, asked))
			return false;
	}
	if (asked->limit != -1 && asked->by == BY_RANK)
		contradiction = "LIMIT is only supported in combination with either BYSCORE or BYLEX";
	else if (asked->has_scores && asked->by == BY_NAME)
		contradiction = "WITHSCORES not supported in combination with BYLEX";
	if (contradiction)
		mproci_reply_error(call->reply, "ERR syntax error, %s", contradiction);
	return !contradiction;
}

/* ---- from a range to ranks ---- */

/* How many are before an end; with neither score nor name it is an end of everything. */
static size_t count_before(const mproci_ordered *order, const mproci_bound *bound)
{
	if (bound->has_score || bound->has_name)
		return mproci_ordered_count_before(order, bound);
	return bound->is_behind ? order->count : 0;
}

static mproci_span find_span(const mproci_sorted *sorted, const range *within)
{
	size_t from, to;

	if (within->by == BY_RANK)
		return mproci_span_of(within->start, within->stop, sorted->order.count);
	from = count_before(&sorted->order, &within->from);
	to = count_before(&sorted->order, &within->to);
	return (mproci_span){from, to > from ? to - from : 0};
}

/* Leave out @offset of the span, from the end on if @is_backwards, and keep @limit of the rest; all if negative. */
static mproci_span limit_span(mproci_span span, const request *asked)
{
	size_t offset = (size_t)asked->offset, count;

	if (asked->offset < 0 || offset >= span.count)
		return (mproci_span){0, 0};
	count = span.count - offset;
	if (asked->limit >= 0 && (size_t)asked->limit < count)
		count = (size_t)asked->limit;
	if (asked->is_backwards)
		return (mproci_span){span.first + span.count - offset - count, count};
	return (mproci_span){span.first + offset, count};
}

/* ---- showing a range ---- */

static void write_item(mproci_reply *reply, const mproci_ranked *item, bool has_scores)
{
	if (has_scores && reply->protocol == 3)
		mproci_reply_array(reply, 2);
	mproci_reply_bulk(reply, mproci_ranked_name(item));
	if (has_scores)
		mproci_reply_double(reply, item->score);
}

static void write_span(
	mproci_reply *reply, const mproci_sorted *sorted, mproci_span span, const request *asked)
{
	mproci_ordered_position position;
	bool is_flat = reply->protocol != 3;

	mproci_reply_array(reply, asked->has_scores && is_flat ? 2 * span.count : span.count);
	if (span.count == 0)
		return;
	position = mproci_ordered_seek(
		&sorted->order, asked->is_backwards ? span.first + span.count - 1 : span.first);
	for (size_t i = 0; i < span.count; ++i) {
		write_item(reply, mproci_ordered_at(&sorted->order, position), asked->has_scores);
		mproci_ordered_step(&sorted->order, &position, asked->is_backwards);
	}
}

static mproci_outcome show_range(mproci_call *call, request asked)
{
	range within = {0};
	mproci_binding *binding;
	const mproci_sorted *sorted;
	mproci_span span;
	bool is_turned;

	if (!read_request(call, &asked))
		return MPROCI_DONE;
	within.by = asked.by;
	/* Backwards the upper end comes first, but ranks are counted from the end. */
	is_turned = asked.is_backwards && asked.by != BY_RANK;
	if (!read_ends(call, is_turned ? 3 : 2, is_turned ? 2 : 3, &within)
		|| !mproci_find_typed(call, 1, &mproci_type_sorted, &binding))
		return MPROCI_DONE;
	if (!binding) {
		mproci_reply_array(call->reply, 0);
		return MPROCI_DONE;
	}
	sorted = binding->value;
	span = find_span(sorted, &within);
	if (asked.by == BY_RANK && asked.is_backwards)
		span.first = sorted->order.count - span.first - span.count;
	else if (asked.by != BY_RANK)
		span = limit_span(span, &asked);
	write_span(call->reply, sorted, span, &asked);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_zrange(mproci_call *call)
{
	return show_range(call, (request){.by = BY_RANK});
}

mproci_outcome mproci_command_zrevrange(mproci_call *call)
{
	return show_range(call, (request){.by = BY_RANK,
					.is_measure_given = true,
					.is_direction_given = true,
					.is_backwards = true});
}

static mproci_outcome show_by(mproci_call *call, measure by, bool is_backwards)
{
	return show_range(call, (request){.by = by,
					.is_measure_given = true,
					.is_direction_given = true,
					.is_backwards = is_backwards});
}

mproci_outcome mproci_command_zrangebyscore(mproci_call *call)
{
	return show_by(call, BY_SCORE, false);
}

mproci_outcome mproci_command_zrevrangebyscore(mproci_call *call)
{
	return show_by(call, BY_SCORE, true);
}

mproci_outcome mproci_command_zrangebylex(mproci_call *call)
{
	return show_by(call, BY_NAME, false);
}

mproci_outcome mproci_command_zrevrangebylex(mproci_call *call)
{
	return show_by(call, BY_NAME, true);
}

/* ---- counting and removing ---- */

/* The span of a range in the arguments 2 and 3.  Returns false when there is none to ask: answered. */
static bool find_asked(mproci_call *call, measure by, mproci_binding **ret_binding, mproci_span *ret_span)
{
	range within = {.by = by};

	if (!read_ends(call, 2, 3, &within) || !mproci_find_typed(call, 1, &mproci_type_sorted, ret_binding))
		return false;
	*ret_span = *ret_binding ? find_span((*ret_binding)->value, &within) : (mproci_span){0, 0};
	return true;
}

static mproci_outcome count_range(mproci_call *call, measure by)
{
	mproci_binding *binding;
	mproci_span span;

	if (find_asked(call, by, &binding, &span))
		mproci_reply_integer(call->reply, (int64_t)span.count);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_zcount(mproci_call *call)
{
	return count_range(call, BY_SCORE);
}

mproci_outcome mproci_command_zlexcount(mproci_call *call)
{
	return count_range(call, BY_NAME);
}

static mproci_outcome remove_range(mproci_call *call, measure by)
{
	mproci_binding *binding;
	mproci_span span;

	if (!find_asked(call, by, &binding, &span))
		return MPROCI_DONE;
	if (span.count > 0) {
		mproci_sorted_cut(binding->value, span);
		mproci_sorted_settle(call->keyspace, call->arguments[1], binding);
	}
	mproci_reply_integer(call->reply, (int64_t)span.count);
	return MPROCI_DONE;
}

mproci_outcome mproci_command_zremrangebyrank(mproci_call *call)
{
	return remove_range(call, BY_RANK);
}

mproci_outcome mproci_command_zremrangebyscore(mproci_call *call)
{
	return remove_range(call, BY_SCORE);
}

mproci_outcome mproci_command_zremrangebylex(mproci_call *call)
{
	return remove_range(call, BY_NAME);
}
