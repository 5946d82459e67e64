#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs to start a worker that does nothing, and to wait for its end, with Python's multiprocessing.

The mean of --count.  server is forkserver, which is running already.
"""
import multiprocessing
import statistics
import threading

METHODS = {
    "thread": threading.Thread,
    "fork": multiprocessing.get_context("fork").Process,
    "server": multiprocessing.get_context("forkserver").Process,
    "spawn": multiprocessing.get_context("spawn").Process,
}


def do_nothing():
    pass


def start_and_join(make):
    worker = make(target=do_nothing)
    worker.start()
    worker.join()


def main():
    options = peer.open_options(__doc__, METHODS)
    peer.add_number(options, "--count", 100, "how many are started, of server and spawn a tenth", most=10**6)
    given = options.parse_args()
    for name in given.methods:
        count = given.count if name in ("thread", "fork") else max(1, given.count // 10)
        start_and_join(METHODS[name])
        seconds = [peer.seconds_of(start_and_join, METHODS[name])[0] for _ in range(count)]
        peer.print_row("start_cost", name, "-", statistics.mean(seconds), "s")


# A spawned child imports what stands outside: no more than it needs.
if __name__ == "__main__":
    import peer

    peer.run(main)
