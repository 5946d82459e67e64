#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds the primes of a range as examples/find_primes does, with Python's multiprocessing.

The seconds include what a method needs to begin and to end, as ours do.
"""
import itertools
import queue
import threading
from multiprocessing.pool import ThreadPool

from peer import FORK, expect, open_manager, open_options, print_row, run, seconds_of
from primes import is_prime, sieve
from ranges import add_range, batches, cut, range_of

# The numbers of an item of imap, and of a message of queue-batch and of manager-queue: its cost is small beside theirs.
CHUNK = 64
MANAGER_CHUNK = 1000


def primes_of(numbers):
    return [number for number in numbers if is_prime(number)]


def prime_or_none(number):
    return number if is_prime(number) else None


def with_pool(numbers, workers):
    with FORK.Pool(workers) as pool:
        return list(itertools.compress(numbers, pool.map(is_prime, numbers)))


def with_threads(numbers, workers):
    with ThreadPool(workers) as pool:
        return list(itertools.compress(numbers, pool.map(is_prime, numbers)))


def with_ranges(numbers, workers, pool_of=FORK.Pool):
    with pool_of(workers) as pool:
        return sum(pool.map(primes_of, cut(numbers, workers), chunksize=1), [])


def with_thread_ranges(numbers, workers):
    return with_ranges(numbers, workers, ThreadPool)


def with_imap(numbers, workers, chunk=CHUNK):
    with FORK.Pool(workers) as pool:
        return list(itertools.compress(numbers, pool.imap(is_prime, numbers, chunk)))


def with_imap_by_ones(numbers, workers):
    return with_imap(numbers, workers, 1)


def with_imap_unordered(numbers, workers):
    with FORK.Pool(workers) as pool:
        return sorted(filter(None, pool.imap_unordered(prime_or_none, numbers, CHUNK)))


# Two queues: None behind the last job says that there are no more, and a worker that gets it answers with None.


def work(jobs, primes):
    for numbers in iter(jobs.get, None):
        found = primes_of(numbers)
        if found:
            primes.put(found)
    primes.put(None)


def work_by_ones(jobs, primes):
    for number in iter(jobs.get, None):
        if is_prime(number):
            primes.put(number)
    primes.put(None)


def through_queues(start, jobs, primes, feed, workers, function):
    """What comes out of @primes when a few run @function, which @start makes them do, with what is in @feed."""
    crew = [start(target=function, args=(jobs, primes)) for _ in range(workers)]
    for worker in crew:
        worker.start()
    for job in feed:
        jobs.put(job)
    for _ in crew:
        jobs.put(None)
    found = []
    for _ in crew:
        found.extend(iter(primes.get, None))
    for worker in crew:
        worker.join()
    return found


def with_queue(numbers, workers):
    return sorted(through_queues(FORK.Process, FORK.Queue(), FORK.Queue(), numbers, workers, work_by_ones))


def with_queue_in_batches(numbers, workers):
    feed = batches(numbers, CHUNK)
    return sorted(sum(through_queues(FORK.Process, FORK.Queue(), FORK.Queue(), feed, workers, work), []))


def with_thread_queue(numbers, workers):
    return sorted(
        through_queues(threading.Thread, queue.SimpleQueue(), queue.SimpleQueue(), numbers, workers, work_by_ones))


def with_manager_queue(numbers, workers):
    """As ours: a message is a range of numbers."""
    feed = batches(numbers, MANAGER_CHUNK)
    with open_manager() as manager:
        return sorted(sum(through_queues(FORK.Process, manager.Queue(), manager.Queue(), feed, workers, work), []))


def with_manager_queue_by_ones(numbers, workers):
    """As the documents: a message for each number."""
    with open_manager() as manager:
        return sorted(through_queues(FORK.Process, manager.Queue(), manager.Queue(), numbers, workers, work_by_ones))


METHODS = {
    "serial": lambda numbers, workers: primes_of(numbers),
    "threads": with_threads,
    "ranges": with_ranges,
    "thread-ranges": with_thread_ranges,
    "pool": with_pool,
    "imap": with_imap,
    "imap-one": with_imap_by_ones,
    "imap-unordered": with_imap_unordered,
    "queue": with_queue,
    "queue-batch": with_queue_in_batches,
    "thread-queue": with_thread_queue,
    "manager-queue": with_manager_queue,
    "manager-queue-one": with_manager_queue_by_ones,
}


def main():
    options = open_options(__doc__, METHODS)
    add_range(options)
    given = options.parse_args()
    numbers = range_of(options, given)
    primes = sieve(numbers)
    for name in given.methods:
        seconds, found = seconds_of(METHODS[name], numbers, given.workers)
        expect(found == primes, f"{name} found {len(found)} primes, of {len(primes)} that there are, or wrong ones")
        print_row("find_primes", name, len(numbers), seconds, "s")


if __name__ == "__main__":
    run(main)
