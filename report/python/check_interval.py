#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often to look at a flag: what it costs, and what it delays, with Python's multiprocessing.

check_interval: all workers divide a prime of 18 digits, and look at a flag that nobody sets, after every N divisors.
The seconds are those that a worker takes for a division, its looks included.  With small intervals it stops before the
last divisor, so that it takes no more than --looks looks.

stop_delay: all workers do, and then the flag is set: the seconds until the last worker has stopped.
"""
import time

import flags
from peer import FORK, add_number, add_numbers, add_redis, expect, open_options, print_row, run, seconds_of

PRIME = 100109100129100151
MOST_DIVISORS = 158200142

FLAGS = {"raw": flags.RawFlag, "mmap": flags.MappedFlag, "value": flags.ValueFlag, "manager": flags.ManagerFlag}


def divide(count, every):
    """What a worker does.  Returns its seconds, when it stopped, and what it found."""
    flag, all_are_here = flags.inherited
    all_are_here.wait()
    seconds, found = seconds_of(flags.search_piece, PRIME, range(3, 3 + 2 * count, 2), every, flag)
    return seconds, time.perf_counter(), found


def divide_by_all(pool, given, count, every):
    """One piece for each worker: they wait for each other."""
    return pool.starmap_async(divide, [(count, every)] * given.workers, chunksize=1)


def time_division(pool, all_are_here, given, name, every):
    count = min(given.divisors, given.looks * every)
    pieces = divide_by_all(pool, given, count, every)
    all_are_here.wait()
    total = 0
    for seconds, _, found in pieces.get():
        expect(found == flags.NO_FACTOR, f"{name}: {found} instead of no factor of {PRIME}")
        total += seconds
    print_row("check_interval", name, every, total / given.workers / count, "s/division")


def time_stop(pool, all_are_here, given, name, every, flag):
    total = 0
    for index in range(given.stops):
        flag.clear()
        pieces = divide_by_all(pool, given, MOST_DIVISORS, every)
        all_are_here.wait()
        # Into another part of the interval each time.
        time.sleep(0.01 + 0.007 * index)
        began = time.perf_counter()
        flag.set()
        ends = pieces.get()
        expect(all(found == flags.STOPPED for _, _, found in ends), f"{name}: a worker did not stop")
        total += max(ended for _, ended, _ in ends) - began
    flag.clear()
    print_row("stop_delay", name, every, total / given.stops, "s")


def print_intervals(name, given):
    flag = flags.RedisFlag(given.redis) if name == "redis" else FLAGS[name]()
    all_are_here = FORK.Barrier(given.workers + 1)
    with FORK.Pool(given.workers, flags.inherit, ((flag, all_are_here),)) as pool:
        for every in given.every:
            time_division(pool, all_are_here, given, name, every)
            time_stop(pool, all_are_here, given, name, every, flag)
    flag.end()


def main():
    options = open_options(__doc__, [*FLAGS, "redis"], list(FLAGS))
    add_numbers(options, "--every", [10**power for power in range(7)], "divisors between two looks")
    add_number(options, "--divisors", 2000000, "how many a worker tries at most", most=MOST_DIVISORS)
    add_number(options, "--looks", 10000, "how often it looks at most")
    add_number(options, "--stops", 5, "how often they are stopped, for the mean", most=1000)
    add_redis(options)
    given = options.parse_args()
    for name in given.methods:
        print_intervals(name, given)


if __name__ == "__main__":
    run(main)
