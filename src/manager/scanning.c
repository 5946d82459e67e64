/* SPDX-License-Identifier: MIT */
/*
 * How many entries there are is said before they are: so they are gone through twice, first to count.
 */
#include "manager/scanning.h"

#include "manager/glob.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	/* Every number of 64 bits fits. */
	CURSOR_SIZE = 24,
};

typedef struct choice {
	const mproci_scan_request *request;
	const mproci_hash_table *table;
	size_t count;
	/* NULL: only count. */
	mproci_reply *reply;
	mproci_scan_writer *write;
} choice;

static void choose(void *context, mproci_hash_entry *entry)
{
	choice *it = context;

	if (it->request->has_pattern
		&& !mproci_glob_matches(it->request->pattern, mproci_hash_entry_name(it->table, entry)))
		return;
	++it->count;
	if (it->reply)
		it->write(it->reply, it->table, entry);
}

void mproci_scan_answer(mproci_reply *reply, const mproci_scan_request *request, mproci_hash_table *table,
	mproci_scan_writer *write, size_t elements)
{
	choice it = {.request = request, .table = table, .write = write};
	char cursor[CURSOR_SIZE] = "0";

	if (table)
		snprintf(cursor, sizeof cursor, "%" PRIu64,
			mproci_hash_table_scan(table, request->cursor, request->count, choose, &it));
	mproci_reply_array(reply, 2);
	mproci_reply_text(reply, cursor);
	mproci_reply_array(reply, elements * it.count);
	it.reply = reply;
	if (table)
		mproci_hash_table_scan(table, request->cursor, request->count, choose, &it);
}
