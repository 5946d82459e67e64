#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many forked children draw different random numbers, with Python's multiprocessing.

module draws from the module random, which Python seeds anew in each forked child; copied from a generator that was
made before, and of which each child has a copy; own from one that each child seeds with its index.
"""
import random

from peer import FORK, add_number, expect, open_options, print_row, run

METHODS = ["module", "copied", "own"]

generator = random.Random(1)


def draw(name, index, answers):
    sources = {"module": random.random, "copied": generator.random, "own": random.Random(index).random}
    answers.put(sources[name]())


def count_different(name, children):
    answers = FORK.SimpleQueue()
    crew = [FORK.Process(target=draw, args=(name, index, answers)) for index in range(children)]
    for child in crew:
        child.start()
    drawn = [answers.get() for _ in crew]
    for child in crew:
        child.join()
    return len(set(drawn))


def main():
    options = open_options(__doc__, METHODS)
    add_number(options, "--children", 4, "how many", most=1024)
    given = options.parse_args()
    for name in given.methods:
        count = count_different(name, given.children)
        right = 1 if name == "copied" else given.children
        expect(count == right, f"{name}: {count} different numbers, not {right}")
        print_row("copied_random", name, given.children, count, "-")


if __name__ == "__main__":
    run(main)
