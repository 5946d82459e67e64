#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds out whether large numbers are prime as examples/verify_prime does, with Python's multiprocessing.

All workers try divisors of one number; but for naive and less-naive, who finds a factor stops the others by a flag.
The seconds are without starting the pool, as ours are.
"""
import math
from multiprocessing.pool import ThreadPool

import flags
from peer import FORK, add_number, add_redis, expect, open_options, print_row, run, seconds_of, whole_number
from primes import is_prime_for_sure
from ranges import cut

# Most composite numbers have a factor among the first of them: 3, 5, ... 199.
SMALL_DIVISORS = 99

FLAGS = {
    "event": flags.EventFlag,
    "value": flags.ValueFlag,
    "raw": flags.RawFlag,
    "mmap": flags.MappedFlag,
    "manager": flags.ManagerFlag,
    "threads": flags.ThreadFlag,
}
METHODS = ["serial", "naive", "less-naive", *FLAGS, "redis"]

NUMBERS = [112272535095295, 100109100129100369, 100109100129101027, 100109100129100151, 100109100129162907]

def search_with_flag(number, divisors, every):
    return flags.search_piece(number, divisors, every, flags.inherited)


def all_divisors(number):
    return range(3, math.isqrt(number) + 1, 2)


def try_first(number, small):
    """What the first @small divisors tell: whether there is more to find out, and a factor or None."""
    if number < 4 or number % 2 == 0:
        return False, 2 if number > 2 and number % 2 == 0 else None
    factor = flags.find_factor(number, all_divisors(number)[:small])
    return factor == flags.NO_FACTOR, factor or None


def search_serially(number):
    is_open, factor = try_first(number, 0)
    if is_open:
        factor = flags.find_factor(number, all_divisors(number)) or None
    return factor


def search_by_pieces(number, pool, workers, small, every):
    """A factor of @number, None for a prime.  Prime it is only if every piece says that it tried all."""
    is_open, factor = try_first(number, small)
    if not is_open:
        return factor
    pieces = cut(all_divisors(number)[small:], workers)
    if every is None:
        found = pool.starmap(flags.find_factor, [(number, piece) for piece in pieces], chunksize=1)
    else:
        found = pool.starmap(search_with_flag, [(number, piece, every) for piece in pieces], chunksize=1)
    factors = [factor for factor in found if factor > flags.STOPPED]
    expect(factors or flags.STOPPED not in found, f"{number}: somebody stopped, and nobody has a factor")
    return max(factors, default=None)


def print_numbers(name, numbers, search, before=lambda: None):
    for number in numbers:
        before()
        seconds, factor = seconds_of(search, number)
        is_factor = factor is None or 1 < factor < number and number % factor == 0
        expect(is_factor, f"{name}: {factor} is no factor of {number}")
        expect((factor is None and number > 1) == is_prime_for_sure(number), f"{name}: wrong about {number}")
        print_row("verify_prime", name, number, seconds, "s")


def print_without_flag(name, given, small):
    with FORK.Pool(given.workers) as pool:
        print_numbers(name, given.numbers, lambda number: search_by_pieces(number, pool, given.workers, small, None))


def print_with_flag(name, given):
    flag = flags.RedisFlag(given.redis) if name == "redis" else FLAGS[name]()
    open_pool = ThreadPool if name == "threads" else FORK.Pool
    with open_pool(given.workers, flags.inherit, (flag,)) as pool:
        print_numbers(
            name,
            given.numbers,
            lambda number: search_by_pieces(number, pool, given.workers, SMALL_DIVISORS, given.every),
            flag.clear,
        )
    flag.end()


def main():
    options = open_options(__doc__, METHODS, METHODS[:-1])
    add_number(options, "--every", 1000, "divisors between two looks at the flag")
    add_redis(options)
    number = whole_number(0, 2**64 - 1)
    options.add_argument("numbers", metavar="NUMBER", nargs="*", type=number, default=NUMBERS, help="five by default")
    given = options.parse_args()
    for name in given.methods:
        if name == "serial":
            print_numbers(name, given.numbers, search_serially)
        elif name == "naive":
            print_without_flag(name, given, 0)
        elif name == "less-naive":
            print_without_flag(name, given, SMALL_DIVISORS)
        else:
            print_with_flag(name, given)


if __name__ == "__main__":
    run(main)
