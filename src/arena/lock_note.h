/* SPDX-License-Identifier: MIT */
/*
 * arena/lock_note.h - which blocks had locks in them.
 */
#ifndef ARENA_LOCK_NOTE_H
#define ARENA_LOCK_NOTE_H

/*
 * Note that there is a lock at @lock, which is not freed without a look at who is releasing it: README.md, "Freed locks".  Where it
 * lies in no block of the arena, nothing happens.
 */
void mproci_arena_note_lock(const void *lock);

#endif
