/* SPDX-License-Identifier: MIT */
/*
 * sys/relax.h - telling the processor that this is a waiting loop.
 */
#ifndef SYS_RELAX_H
#define SYS_RELAX_H

static inline void mproci_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
