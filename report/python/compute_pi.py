#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calculates pi by the series of Bailey, Borwein and Plouffe as examples/compute_pi does, with Python's decimal.

serial and pool take as many terms as the digits need, and guard digits; serial-naive and pool-naive as many terms as
digits, powers of 16 anew for each, and no guard digits, as the document does: their last digits are wrong.  The
seconds are without starting the pool, as ours are.
"""
import math
from decimal import Decimal, localcontext

from peer import FORK, expect, open_options, print_row, run, seconds_of, whole_number

GUARD_DIGITS = 10
# So many of the naive sum's last digits are not looked at.
WRONG_DIGITS = 6


def term(k):
    return Decimal(4) / (8 * k + 1) - Decimal(2) / (8 * k + 4) - Decimal(1) / (8 * k + 5) - Decimal(1) / (8 * k + 6)


def pi_of(digits):
    """The first @digits digits, 3 included, as text; from the last term to the first."""
    with localcontext() as context:
        context.prec = digits + GUARD_DIGITS
        total = Decimal(0)
        for k in reversed(range(math.ceil(digits * math.log(10, 16)))):
            total = total / 16 + term(k)
        return text_of(total)[:digits]


def naive_pi_of(digits):
    with localcontext() as context:
        context.prec = digits
        return text_of(sum(1 / Decimal(16) ** k * term(k) for k in range(digits)))


def text_of(number):
    return "".join(map(str, number.as_tuple().digits))


def arc_cotangent(number, one):
    """As a whole number of parts, of which @one makes 1."""
    power = total = one // number
    for divisor in range(3, 2 * one.bit_length(), 2):
        power //= -number * number
        if power == 0 or power == -1:
            break
        total += power // divisor
    return total


def digits_by_machin(digits):
    """The same digits by another formula, with whole numbers."""
    one = 10 ** (digits + GUARD_DIGITS)
    return str(4 * (4 * arc_cotangent(5, one) - arc_cotangent(239, one)))[:digits]


def serially(function):
    return lambda jobs, pool: list(map(function, jobs))


def in_pool(function):
    return lambda jobs, pool: pool.map(function, jobs, chunksize=1)


METHODS = {
    "serial": (serially(pi_of), 0),
    "pool": (in_pool(pi_of), 0),
    "serial-naive": (serially(naive_pi_of), WRONG_DIGITS),
    "pool-naive": (in_pool(naive_pi_of), WRONG_DIGITS),
}


def main():
    options = open_options(__doc__, METHODS)
    digits = whole_number(1, 100000)
    by_default = [1000, 1500, 2000]
    options.add_argument("digits", metavar="DIGITS", nargs="*", type=digits, default=by_default, help="how many")
    given = options.parse_args()
    right = [digits_by_machin(digits) for digits in given.digits]
    for name in given.methods:
        function, wrong = METHODS[name]
        with FORK.Pool(given.workers) as pool:
            seconds, found = seconds_of(function, given.digits, pool)
        for text, known in zip(found, right):
            end = len(known) - wrong
            expect(text[:end] == known[:end], f"{name}: not the first {end} digits of pi: {text}")
        print_row("compute_pi", name, ",".join(map(str, given.digits)), seconds, "s")


if __name__ == "__main__":
    run(main)
