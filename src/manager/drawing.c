/* SPDX-License-Identifier: MIT */
#include "manager/drawing.h"

#include "manager/arguments.h"

#include <errno.h>

enum {
	/* With less than one of so many to be drawn it is quicker to try than to walk through all. */
	FEW = 8,
};

bool mproci_draw_read(mproci_call *call, size_t index, mproci_draw *ret_draw)
{
	int64_t number;

	if (!mproci_argument_signed(call, index, &number))
		return false;
	if (number < -(int64_t)MPROCI_DRAWING_MOST) {
		mproci_reply_error(call->reply, "ERR value is out of range");
		return false;
	}
	ret_draw->is_repeating = number < 0;
	ret_draw->count = number < 0 ? (size_t)-number : (size_t)number;
	return true;
}

size_t mproci_draw_count(const mproci_hash_table *table, const mproci_draw *draw)
{
	return draw->is_repeating || draw->count < table->count ? draw->count : table->count;
}

/* Each entry with the probability with which it belongs to those that are still wanted, of those that are left. */
static void walk(mproci_hash_table *table, size_t wanted,
	void (*take)(void *context, mproci_hash_entry *entry), void *context)
{
	mproci_hash_entry *entry = NULL;

	for (size_t left = table->count; wanted > 0; --left) {
		entry = mproci_hash_table_next(table, entry);
		if (mproci_hash_table_draw(table, left) >= wanted)
			continue;
		take(context, entry);
		--wanted;
	}
}

static int try_often(mproci_hash_table *table, size_t wanted,
	void (*take)(void *context, mproci_hash_entry *entry), void *context)
{
	mproci_hash_table *drawn = mproci_hash_table_create(0, NULL);

	while (drawn && drawn->count < wanted) {
		mproci_hash_entry *entry = mproci_hash_table_random(table);
		bool is_new;

		if (!mproci_hash_table_add(drawn, mproci_hash_entry_name(table, entry), &is_new)) {
			mproci_hash_table_destroy(drawn);
			return -ENOMEM;
		}
		if (is_new)
			take(context, entry);
	}
	mproci_hash_table_destroy(drawn);
	return drawn ? 0 : -ENOMEM;
}

int mproci_draw_each(mproci_hash_table *table, const mproci_draw *draw,
	void (*take)(void *context, mproci_hash_entry *entry), void *context)
{
	size_t count = mproci_draw_count(table, draw);

	if (draw->is_repeating) {
		for (size_t i = 0; i < count; ++i)
			take(context, mproci_hash_table_random(table));
	} else if (count < table->count / FEW) {
		return try_often(table, count, take, context);
	} else {
		walk(table, count, take, context);
	}
	return 0;
}
