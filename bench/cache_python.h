/* SPDX-License-Identifier: MIT */
/*
 * cache_python.h - what the results of a function cost that joblib.Memory keeps.
 */
#ifndef BENCH_CACHE_PYTHON_H
#define BENCH_CACHE_PYTHON_H

/*
 * The program, for bench_peer_open_debian_python, in a directory "joblib" in that of CACHE_WORK_VARIABLE.  A line is a kind of work, how often, and a
 * number:
 *
 *     fill       compute and store the small results of 0 to number - 1
 *     hit        get those of random numbers among these
 *     put        compute and store those of numbers that are not there
 *     large      get a result of `bytes` of the size that the number says; the first time it is stored, and not counted
 *     map        the same with an array of numpy, mapped (mmap_mode='r')
 *     has_numpy  1 or 0
 */
extern const char cache_python[];

#endif
