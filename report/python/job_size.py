#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many tiny jobs against few large ones: the primes of a range, with so many numbers to a job, by multiprocessing.

The seconds are those of the whole, with starting the workers, divided by the numbers.  A job of pool is a chunk of
numbers, and what was found of each comes back; one of queue is a range, and its count of primes comes back.
"""
from find_primes import through_queues
from peer import FORK, add_numbers, expect, open_options, print_row, run, seconds_of
from primes import is_prime, sieve
from ranges import add_count, batches, range_of_count


def count_primes(numbers):
    return sum(map(is_prime, numbers))


def count_in_pool(numbers, workers, size):
    with FORK.Pool(workers) as pool:
        return sum(pool.map(is_prime, numbers, size))


def work(jobs, counts):
    for numbers in iter(jobs.get, None):
        counts.put(count_primes(numbers))
    counts.put(None)


def count_by_queue(numbers, workers, size):
    return sum(through_queues(FORK.Process, FORK.Queue(), FORK.Queue(), batches(numbers, size), workers, work))


METHODS = {"pool": count_in_pool, "queue": count_by_queue}


def main():
    options = open_options(__doc__, METHODS)
    add_count(options)
    add_numbers(options, "--sizes", [1, 10, 100, 1000, 10000], "numbers to a job", most=2**28)
    given = options.parse_args()
    numbers = range_of_count(given)
    right = len(sieve(numbers))

    def print_size(name, size, count, *arguments):
        seconds, found = seconds_of(count, numbers, *arguments)
        expect(found == right, f"{name}: {found} primes, not {right}")
        print_row("job_size", name, size, seconds / len(numbers), "s/number")

    print_size("serial", "-", count_primes)
    for name in given.methods:
        for size in given.sizes:
            print_size(name, size, METHODS[name], given.workers, size)


if __name__ == "__main__":
    run(main)
