#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates pi by throwing darts as examples/estimate_pi does, with Python's multiprocessing.

Each block of points has random numbers of its own, seeded by its index.  The seconds include starting the pool.
"""
import math
import random
from multiprocessing.pool import ThreadPool

from peer import FORK, add_number, expect, open_options, print_row, run, seconds_of
from ranges import cut


def count_hits(seed, points):
    draw = random.Random(seed).random
    hits = 0
    for _ in range(points):
        x = draw()
        y = draw()
        if x * x + y * y < 1:
            hits += 1
    return hits


def blocks_of(points, workers, seed):
    """One block for each worker: all take equally long."""
    return [(f"{seed} {index}", len(block)) for index, block in enumerate(cut(range(points), workers))]


def throw_serially(blocks, workers):
    return sum(count_hits(*block) for block in blocks)


def throw_with(open_pool):
    def throw(blocks, workers):
        with open_pool(workers) as pool:
            return sum(pool.starmap(count_hits, blocks, chunksize=1))

    return throw


METHODS = {"serial": throw_serially, "threads": throw_with(ThreadPool), "pool": throw_with(FORK.Pool)}


def main():
    options = open_options(__doc__, METHODS)
    add_number(options, "--points", 1000000, "how many", most=10**12)
    add_number(options, "--seed", 1, "of the random numbers", least=0, most=2**64 - 1)
    given = options.parse_args()
    blocks = blocks_of(given.points, given.workers, given.seed)
    standard_error = math.sqrt(math.pi * (4 - math.pi) / given.points)
    for name in given.methods:
        seconds, hits = seconds_of(METHODS[name], blocks, given.workers)
        off = abs(4 * hits / given.points - math.pi)
        expect(off < 5 * standard_error, f"{name}: the estimate is {off / standard_error:.1f} standard errors off")
        print_row("estimate_pi", name, given.points, seconds, "s")


if __name__ == "__main__":
    run(main)
