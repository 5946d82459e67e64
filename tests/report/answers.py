# SPDX-License-Identifier: MIT
"""What the report's Python programs check their results with is right: answers.py FOLDER.  It says "fine" in the end.

And that they do check: with wrong work each raises peer.Wrong, and prints no row.
"""
import contextlib
import io
import sys

sys.path.insert(0, sys.argv[1])

import compute_pi
import copied_random
import estimate_pi
import find_primes
import job_size
import one_or_many
import peer
import primes
import ranges
import verify_prime
import worker_counts

COUNTS = {"A": 551, "B": 5411, "C": 54208, "D": 4832, "E": 4019}
QUARTERS_OF_C = [13638, 13486, 13508, 13576]

VERDICTS = {
    112272535095295: False,
    1109100129100369: False,
    100109100129100369: False,
    100109100129101027: False,
    100109100129100151: True,
    100109100129162907: True,
    18446744073709551557: True,
    18446744073709551615: False,
    3215031751: False,
    3825123056546413051: False,
}

PI = "31415926535897932384626433832795028841971693993751"


def check_counts():
    for name, count in COUNTS.items():
        assert len(primes.sieve(ranges.RANGES[name])) == count, name
    quarters = ranges.cut(ranges.RANGES["C"], 4)
    assert [len(primes.sieve(quarter)) for quarter in quarters] == QUARTERS_OF_C


def check_verdicts():
    for number, is_prime in VERDICTS.items():
        assert primes.is_prime_for_sure(number) == is_prime, number
    for first in (0, 1, 2, 3, 100000000):
        numbers = range(first, first + 2000)
        assert primes.sieve(numbers) == list(filter(primes.is_prime, numbers))
        assert primes.sieve(numbers) == list(filter(primes.is_prime_for_sure, numbers))
    assert primes.sieve(range(5, 5)) == []


def check_cutting():
    for length in (0, 1, 7, 100, 101):
        whole = range(3, 3 + 2 * length, 2)
        for pieces in (1, 2, 3, 7, 102):
            cut = ranges.cut(whole, pieces)
            assert len(cut) == pieces and sum(map(list, cut), []) == list(whole)
            assert max(map(len, cut)) - min(map(len, cut)) <= 1
            assert sum(map(list, ranges.batches(whole, pieces)), []) == list(whole)


def check_digits():
    assert compute_pi.digits_by_machin(len(PI)) == PI
    for digits in (1, 2, 3, 50, 999):
        assert compute_pi.pi_of(digits) == compute_pi.digits_by_machin(digits), digits


def expect_wrong(module, name, wrong, *words):
    """@module, of which @name is @wrong, must raise and print nothing."""
    right = getattr(module, name)
    printed = io.StringIO()
    setattr(module, name, wrong)
    sys.argv[1:] = words
    try:
        with contextlib.redirect_stdout(printed):
            module.main()
    except peer.Wrong:
        assert printed.getvalue() == "", printed.getvalue()
    else:
        raise AssertionError(f"{module.__name__} does not see what is wrong with {words}")
    finally:
        setattr(module, name, right)


def say_prime(number):
    return True


def check_mistakes_are_seen():
    for method in find_primes.METHODS:
        if method != "imap-unordered":
            expect_wrong(find_primes, "is_prime", say_prime, "--from", "10", "--to", "20", "--with", method)
    expect_wrong(find_primes, "prime_or_none", int, "--from", "10", "--to", "20", "--with", "imap-unordered")
    expect_wrong(job_size, "is_prime", say_prime, "--numbers", "10")
    expect_wrong(worker_counts, "primes_of", list, "--numbers", "10")
    expect_wrong(one_or_many, "is_prime", say_prime, "--one", "9", "--many", "3", "--with", "serial")
    expect_wrong(estimate_pi, "count_hits", lambda seed, points: points, "--points", "10000", "--with", "serial")
    expect_wrong(compute_pi, "digits_by_machin", lambda digits: digits * "3", "60", "--with", "serial")
    expect_wrong(copied_random, "draw", lambda name, index, answers: answers.put(index), "--with", "copied")
    for method in ("naive", "less-naive", *verify_prime.FLAGS):
        expect_wrong(verify_prime, "all_divisors", lambda number: range(3, 3), "100160063", "--with", method)


if __name__ == "__main__":
    check_counts()
    check_verdicts()
    check_cutting()
    check_digits()
    check_mistakes_are_seen()
    print("fine")
