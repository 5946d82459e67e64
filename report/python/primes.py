# SPDX-License-Identifier: MIT
"""The work of most programs here, whether a number is prime, and the right answers, found in other ways."""
import math


def is_prime(number):
    """By trial division, as examples/prime.h does it."""
    if number < 4:
        return number >= 2
    if number % 2 == 0:
        return False
    for divisor in range(3, math.isqrt(number) + 1, 2):
        if number % divisor == 0:
            return False
    return True


def sieve(numbers):
    """The primes of a range, by Eratosthenes."""
    is_left = bytearray(b"\1") * len(numbers)
    root = math.isqrt(numbers.stop)
    small = bytearray(b"\1") * (root + 1)
    for factor in range(2, root + 1):
        if not small[factor]:
            continue
        small[factor * factor :: factor] = bytes(len(range(factor * factor, root + 1, factor)))
        first = max(factor * factor, -(-numbers.start // factor) * factor) - numbers.start
        is_left[first::factor] = bytes(len(range(first, len(numbers), factor)))
    return [number for number, left in zip(numbers, is_left) if left and number >= 2]


def is_prime_for_sure(number):
    """By Miller and Rabin's test with bases that leave no doubt below 2^64."""
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if number < 2 or any(number % base == 0 for base in bases):
        return number in bases
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(has_no_witness(number, base, odd, twos) for base in bases)


def has_no_witness(number, base, odd, twos):
    power = pow(base, odd, number)
    for _ in range(twos):
        if power in (1, number - 1):
            return True
        power = power * power % number
        if power == 1:
            return False
    return False
