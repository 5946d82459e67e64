#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One large number or many small ones, with Python's multiprocessing.

numbers gives each worker numbers of its own; divisors lets all workers divide one number, one number after the other,
and stop by a flag.  The seconds include starting the pool.
"""
import flags
from peer import FORK, add_number, expect, open_options, print_row, run, seconds_of
from primes import is_prime, is_prime_for_sure
from verify_prime import SMALL_DIVISORS, search_by_pieces

EVERY = 1000


def serially(numbers, workers):
    return list(map(is_prime, numbers))


def with_numbers(numbers, workers):
    with FORK.Pool(workers) as pool:
        return pool.map(is_prime, numbers)


def with_divisors(numbers, workers):
    flag = flags.RawFlag()

    def search(number):
        flag.clear()
        return search_by_pieces(number, pool, workers, SMALL_DIVISORS, EVERY)

    with FORK.Pool(workers, flags.inherit, (flag,)) as pool:
        return [number > 1 and search(number) is None for number in numbers]


METHODS = {"serial": serially, "numbers": with_numbers, "divisors": with_divisors}


def main():
    options = open_options(__doc__, METHODS)
    add_number(options, "--one", 10000000000037, "the large number", least=0, most=2**64 - 1)
    add_number(options, "--many", 2000, "how many small numbers, from 100000000 on", most=2**28)
    given = options.parse_args()
    many = range(100000000, 100000000 + given.many)
    for x, numbers in (("one", [given.one]), ("many", many)):
        right = list(map(is_prime_for_sure, numbers))
        for name in given.methods:
            seconds, found = seconds_of(METHODS[name], numbers, given.workers)
            expect(found == right, f"{name}: wrong about a number")
            print_row("one_or_many", name, x, seconds, "s")


if __name__ == "__main__":
    run(main)
