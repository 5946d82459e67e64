/* SPDX-License-Identifier: MIT */
/*
 * manager/drawing.h - entries of a hash table at random.
 */
#ifndef MANAGER_DRAWING_H
#define MANAGER_DRAWING_H

#include "manager/command.h"
#include "manager/table.h"

enum {
	/* So many are drawn at most when the same may come again: as many as one likes, out of a single one. */
	MPROCI_DRAWING_MOST = 1 << 20,
};

/* What is drawn: @count entries, different ones, or each out of all. */
typedef struct mproci_draw {
	size_t count;
	bool is_repeating;
} mproci_draw;

/*
 * How many an argument asks for: negative, so many of which any may come again.  Returns false if it is no such number,
 * which has been answered.
 */
bool mproci_draw_read(mproci_call *call, size_t index, mproci_draw *ret_draw);

/*
 * Draw, and call @take for each.  As much work as there are entries at most, or as are asked for if that is less.
 * Returns 0, or -ENOMEM: some may have been drawn.
 */
int mproci_draw_each(mproci_hash_table *table, const mproci_draw *draw,
	void (*take)(void *context, mproci_hash_entry *entry), void *context);

/* How many that will be. */
size_t mproci_draw_count(const mproci_hash_table *table, const mproci_draw *draw);

#endif
