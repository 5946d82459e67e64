/* SPDX-License-Identifier: MIT */
/*
 * base/interrupt.h - whether this process was asked to stop waiting (mproc/interrupt.h).
 */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <mproc/interrupt.h>
#include <stdbool.h>
#include <stdint.h>

/* What a call notes when it begins. */
uint64_t mproci_interrupt_begin(void);

/* Whether the call that noted @begun is to end now with -EINTR.  Those that begin later are not. */
bool mproci_interrupt_is_due(uint64_t begun);

/* The same for who leaves off then, and leaves the answer to the call. */
bool mproci_interrupt_is_asked(uint64_t begun);

#endif
