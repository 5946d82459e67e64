/* SPDX-License-Identifier: MIT */
/*
 * manager/item.h - bytes of the family as clients see them: numbers in decimal digits, or as they are.
 */
#ifndef MANAGER_ITEM_H
#define MANAGER_ITEM_H

#include "manager/reply.h"

#include <mproc/manager.h>

enum {
	/* What every number fits into, and its digits. */
	MPROCI_ITEM_NUMBER = 8,
	MPROCI_ITEM_TEXT = 32,
};

/* The bytes of a number; 0: any number of bytes.  Whether there is such a way of showing is mproci_item_is_known. */
size_t mproci_item_size(mproc_shown_as as);
bool mproci_item_is_known(mproc_shown_as as);
/* Whether one can be added to it: a whole number; a number with a fraction. */
bool mproci_item_is_integer(mproc_shown_as as);
bool mproci_item_is_fraction(mproc_shown_as as);

/* What a client sees: @room, or the bytes themselves where they are no number of that size. */
mproci_view mproci_item_show(mproc_shown_as as, mproci_view bytes, char room[MPROCI_ITEM_TEXT]);

/* The same as a bulk string. */
void mproci_item_reply(mproci_reply *reply, mproc_shown_as as, mproci_view bytes);

/* What the family is to see of what a client says: in @room, or the text itself.  Returns whether it is such a number. */
bool mproci_item_read(
	mproc_shown_as as, mproci_view text, char room[MPROCI_ITEM_NUMBER], mproci_view *ret_bytes);

/* Add to a number in place.  Returns whether the sum fits, otherwise nothing has happened. */
bool mproci_item_add(mproc_shown_as as, void *number, int64_t added);
bool mproci_item_add_fraction(mproc_shown_as as, void *number, double added);

#endif
