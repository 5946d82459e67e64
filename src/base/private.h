/* SPDX-License-Identifier: MIT */
/*
 * base/private.h - what libmproc-net, a library of its own, takes from the inside of libmproc.
 */
#ifndef BASE_PRIVATE_H
#define BASE_PRIVATE_H

/* Exported, with the version MPROC_PRIVATE, which says that nobody else may rely on it. */
#define MPROCI_PRIVATE __attribute__((visibility("default")))

#endif
