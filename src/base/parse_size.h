/* SPDX-License-Identifier: MIT */
/*
 * base/parse_size.h - a number of bytes as people write it.
 */
#ifndef BASE_PARSE_SIZE_H
#define BASE_PARSE_SIZE_H

#include <stddef.h>

/*
 * Read @text: decimal digits, and behind them K, M, G, T (for 1024, 1024 times that, and so on) or nothing.
 * Returns 0 and the size; -EINVAL: @text is no such number; -ERANGE: it does not fit into a size_t.
 */
int mproci_parse_size(const char *text, size_t *ret_size);

#endif
