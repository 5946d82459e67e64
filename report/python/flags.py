# SPDX-License-Identifier: MIT
"""The flags by which workers tell each other that a factor is found, and the search that looks at one now and then.

A flag is made by the parent and used by its forked children: each has is_set, set and clear, and end.
"""
import mmap
import os
from multiprocessing.sharedctypes import RawValue, Value

from peer import FORK, Wrong, open_manager


class EventFlag:
    def __init__(self):
        event = FORK.Event()
        self.is_set, self.set, self.clear = event.is_set, event.set, event.clear

    def end(self):
        pass


class ValueFlag:
    """Reading .value of a Value takes its lock."""

    def __init__(self):
        self.value = self.make()

    def make(self):
        return Value("b", 0, ctx=FORK)

    def is_set(self):
        return self.value.value

    def set(self):
        self.value.value = 1

    def clear(self):
        self.value.value = 0

    def end(self):
        pass


class RawFlag(ValueFlag):
    """Without a lock, which one byte that only ever goes one way does not need."""

    def make(self):
        return RawValue("b", 0)


class ManagerFlag(ValueFlag):
    """Each look is a message to the manager's process, and its answer."""

    def make(self):
        self.manager = open_manager()
        return self.manager.Value("b", 0)

    def end(self):
        self.manager.shutdown()


class MappedFlag:
    def __init__(self):
        self.bytes = mmap.mmap(-1, 1)

    def is_set(self):
        return self.bytes[0]

    def set(self):
        self.bytes[0] = 1

    def clear(self):
        self.bytes[0] = 0

    def end(self):
        self.bytes.close()


class ThreadFlag:
    """A variable, since threads share them."""

    def __init__(self):
        self.value = False

    def is_set(self):
        return self.value

    def set(self):
        self.value = True

    def clear(self):
        self.value = False

    def end(self):
        pass


class RedisFlag:
    """Each look is a message to the server, and its answer.  Each process has a connection of its own."""

    def __init__(self, url):
        # Debian's python3-redis, which the rest does without.
        import redis

        self.errors = redis.exceptions.RedisError
        self.client = redis.Redis.from_url(url)
        self.name = f"mproc:report:{os.getpid()}"
        try:
            self.clear()
        except self.errors as error:
            raise Wrong(f"{url}: {error}") from None

    def is_set(self):
        return self.client.get(self.name) == b"1"

    def set(self):
        self.client.set(self.name, "1")

    def clear(self):
        self.client.set(self.name, "0")

    def end(self):
        self.client.delete(self.name)


# What a worker has from its parent since it was started: neither a Value nor a mapping can be sent to it with a task.
inherited = None


def inherit(what):
    """What a pool's workers begin with."""
    global inherited
    inherited = what


# What a piece may find instead of a factor.
NO_FACTOR, STOPPED = 0, 1


def find_factor(number, divisors):
    for divisor in divisors:
        if number % divisor == 0:
            return divisor
    return NO_FACTOR


def search_piece(number, divisors, every, flag):
    """Tries @divisors, a range of odd numbers, with a look at @flag after each @every."""
    is_set = flag.is_set
    for first in range(divisors.start, divisors.stop, 2 * every):
        for divisor in range(first, min(first + 2 * every, divisors.stop), 2):
            if number % divisor == 0:
                flag.set()
                return divisor
        if is_set():
            return STOPPED
    return NO_FACTOR
