#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The primes of a range by 1, 2, ... workers, processes and threads, with Python's multiprocessing.

The seconds include starting the workers.  --workers does not count here; --most does.
"""
from find_primes import primes_of, with_pool, with_threads
from peer import add_number, expect, open_options, print_row, run, seconds_of, usable_processors
from primes import sieve
from ranges import add_count, range_of_count

METHODS = {"processes": with_pool, "threads": with_threads}


def main():
    options = open_options(__doc__, METHODS)
    add_count(options)
    add_number(options, "--most", 2 * usable_processors(), "workers", most=1024)
    given = options.parse_args()
    numbers = range_of_count(given)
    primes = sieve(numbers)
    seconds, found = seconds_of(primes_of, numbers)
    expect(found == primes, f"serial found {len(found)} primes, not {len(primes)}, or wrong ones")
    print_row("worker_counts", "serial", "-", seconds, "s")
    for name in given.methods:
        for workers in range(1, given.most + 1):
            seconds, found = seconds_of(METHODS[name], numbers, workers)
            expect(found == primes, f"{workers} {name} found {len(found)} primes, not {len(primes)}, or wrong ones")
            print_row("worker_counts", name, workers, seconds, "s")


if __name__ == "__main__":
    run(main)
