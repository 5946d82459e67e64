/* SPDX-License-Identifier: MIT */
/*
 * collections_python.h - what a dict and a list of a manager cost in Python's multiprocessing.
 */
#ifndef BENCH_COLLECTIONS_PYTHON_H
#define BENCH_COLLECTIONS_PYTHON_H

/*
 * The program, for bench_peer_open_python.  A line is a kind of work, how often, and a number:
 *
 *     weigh       fill the dict with so many keys, those of collections_work.h; the answer is the bytes that the manager's process
 *                 has more than before
 *     set, get    of keys at random among these
 *     copy        of the whole dict
 *     append, item, pop, pop_first   of the list; pop is of the last
 *     set_bytes, get_bytes           of so many bytes as the number says, in another dict
 *     end         end the manager and wait for it
 */
extern const char collections_python[];

#endif
