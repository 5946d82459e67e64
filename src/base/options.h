/* SPDX-License-Identifier: MIT */
/*
 * base/options.h - what all structs of options have in common.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/private.h"

#include <stddef.h>
#include <stdint.h>

/* Returns 0 when @count reserved words are 0; otherwise -EINVAL with an error text. */
MPROCI_PRIVATE int mproci_check_reserved(const uint64_t *reserved, size_t count);

#endif
