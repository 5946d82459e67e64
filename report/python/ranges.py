# SPDX-License-Identifier: MIT
"""Ranges of numbers: those that options ask for, and cutting them so that nothing is left out or done twice."""
from peer import add_number, one_of, whole_number

MOST_NUMBERS = 2**28
RANGES = {
    "A": range(100000000, 100010000),
    "B": range(100000000, 100100000),
    "C": range(100000000, 101000000),
    "D": range(1000000000, 1000100000),
    "E": range(100000000000, 100000100000),
}


def add_range(options):
    """--range, or --from and --to."""
    end = whole_number(0, 2**64 - 1)
    options.add_argument("--range", metavar="A...E", type=one_of(list(RANGES)), help="one by its name; A by default")
    options.add_argument("--from", metavar="N", dest="first", type=end, help="the first number of another")
    options.add_argument("--to", metavar="N", dest="end", type=end, help="the number after its last")


def range_of(options, given):
    if given.first is None and given.end is None:
        return RANGES[given.range or "A"]
    if given.range or given.first is None or given.end is None:
        options.error("--from and --to go together, and without --range")
    if not 0 <= given.end - given.first <= MOST_NUMBERS:
        most = given.first + MOST_NUMBERS
        options.error(f"--to {given.end}: must be {given.first} to {most}, for --from {given.first}")
    return range(given.first, given.end)


def add_count(options):
    """--numbers: how many numbers of a range that begins as most of the documents' do."""
    add_number(options, "--numbers", 10000, "from 100000000 on", most=MOST_NUMBERS)


def range_of_count(given):
    return range(100000000, 100000000 + given.numbers)


def cut(whole, pieces):
    """A range in @pieces ranges, the first ones longer by one where it does not divide evenly."""
    share, remainder = divmod(len(whole), pieces)
    ends = [share * index + min(index, remainder) for index in range(pieces + 1)]
    return [whole[ends[index] : ends[index + 1]] for index in range(pieces)]


def batches(whole, size):
    """A range in pieces of @size, the last one with what is left."""
    return [whole[first : first + size] for first in range(0, len(whole), size)]
