/* SPDX-License-Identifier: MIT */
/*
 * manager/scanning.h - the answers of SSCAN and ZSCAN.
 */
#ifndef MANAGER_SCANNING_H
#define MANAGER_SCANNING_H

#include "manager/arguments.h"
#include "manager/table.h"

/* Write what there is to say of one entry, in a fixed number of elements. */
typedef void mproci_scan_writer(
	mproci_reply *reply, const mproci_hash_table *table, const mproci_hash_entry *entry);

/* Answer with the entries of @table, NULL for none, that are asked for: @elements of each, which @write writes. */
void mproci_scan_answer(mproci_reply *reply, const mproci_scan_request *request, mproci_hash_table *table,
	mproci_scan_writer *write, size_t elements);

#endif
