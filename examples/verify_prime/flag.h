/* SPDX-License-Identifier: MIT */
/*
 * verify_prime/flag.h - a flag that is set when a factor is found, so that all workers may stop.  Each kind is in a
 * file of its own.
 */
#ifndef VERIFY_PRIME_FLAG_H
#define VERIFY_PRIME_FLAG_H

#include <stdbool.h>

typedef struct flag_kind {
	/* Make a flag where workers will see it, before the pool is opened.  Returns NULL after telling what failed. */
	void *(*create)(void);
	/* Accepts NULL. */
	void (*destroy)(void *flag);

	/* These return 0 or a negative errno. */
	int (*clear)(void *flag);
	int (*set)(void *flag);
	/* Returns 1 when it is set, 0 when it is not, or a negative errno. */
	int (*is_set)(void *flag);
} flag_kind;

extern const flag_kind EVENT_FLAG, VALUE_FLAG, RAW_FLAG, MAPPED_FLAG, MANAGER_FLAG, REDIS_FLAG;

/* Of the last two; to be set before they are made. */
typedef struct remote_flag_settings {
	const char *redis;
	/* Ask the server at each look. */
	bool is_polled;
} remote_flag_settings;
extern remote_flag_settings remote_flags;

/* Whether this was built with them. */
extern const bool has_remote_flags;

#endif
