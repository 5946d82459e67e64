/* SPDX-License-Identifier: MIT */
#include "sys/exit.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of what has called the hook that runs. */
static const void *frame;

const void *mproci_exit_frame(void)
{
	return frame;
}

#ifdef __GLIBC__
static void call(int code, void *hook)
{
	frame = __builtin_frame_address(0);
	((void (*)(int))(uintptr_t)hook)(code);
}

int mproci_exit_hook(void (*hook)(int code))
{
	/* Of libc's three ways this is the one that tells the exit code. */
	return on_exit(call, (void *)(uintptr_t)hook) == 0 ? 0 : -ENOMEM;
}

static void note(int code)
{
	(void)code;
}
#else
/* musl has no on_exit.  What it calls at exit is told nothing: so the hooks are in a list, the last one first. */
typedef struct hooked {
	struct hooked *next;
	/* NULL: it was not to be had after all. */
	_Atomic(void (*)(int code)) hook;
} hooked;

static _Atomic(hooked *) last;
static int noted = MPROCI_EXIT_UNKNOWN;

static void note(int code)
{
	noted = code;
}

/* Nobody adds to the list any more. */
static void call_last(void)
{
	void (*hook)(int code) = NULL;

	while (hook == NULL && atomic_load(&last) != NULL) {
		hook = atomic_load(&atomic_load(&last)->hook);
		atomic_store(&last, atomic_load(&last)->next);
	}
	frame = __builtin_frame_address(0);
	if (hook != NULL)
		hook(noted);
}

int mproci_exit_hook(void (*hook)(int code))
{
	hooked *added = malloc(sizeof *added);

	if (added == NULL)
		return -ENOMEM;
	atomic_init(&added->hook, hook);
	added->next = atomic_load(&last);
	while (!atomic_compare_exchange_weak(&last, &added->next, added))
		;
	if (atexit(call_last) == 0)
		return 0;
	atomic_store(&added->hook, NULL);
	return -ENOMEM;
}
#endif

_Noreturn void mproci_exit(int code)
{
	note(code);
	exit(code);
}

void mproci_exit_flush(void)
{
	fflush(NULL);
}

_Noreturn void mproci_exit_at_once(int code)
{
	_exit(code);
}

_Noreturn void mproci_exit_now(int code)
{
	mproci_exit_flush();
	mproci_exit_at_once(code);
}
