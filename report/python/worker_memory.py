#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What memory a worker that waits for work takes, with Python's multiprocessing.

The mean of --workers.  X is - for what a worker alone has, which of a thread is what the process has more; pss counts
pages that several processes share in parts, rss counts them in full.
"""
import multiprocessing
import os
import threading

CONTEXTS = {
    "fork": multiprocessing.get_context("fork"),
    "server": multiprocessing.get_context("forkserver"),
    "spawn": multiprocessing.get_context("spawn"),
}


def wait_for_end(orders):
    """Tells that it is there, and waits."""
    orders.send(None)
    orders.recv()


def memory_of(pid):
    """In bytes, as the kernel adds it up."""
    sums = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[-1] == "kB":
                sums[words[0]] = 1024 * int(words[1])
    return {
        "-": sums["Private_Clean:"] + sums["Private_Dirty:"],
        "pss": sums["Pss:"],
        "rss": sums["Rss:"],
    }


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def start(make, count):
    """Starts @count workers.  Returns them, and the ends that their orders go into."""
    crew, ends = [], []
    for _ in range(count):
        near, far = multiprocessing.Pipe()
        crew.append(make(target=wait_for_end, args=(far,)))
        ends.append((near, far))
        crew[-1].start()
    for near, _ in ends:
        near.recv()
    return crew, ends


def finish(crew, ends):
    for near, _ in ends:
        near.send(None)
    for worker in crew:
        worker.join()


def print_thread(count):
    finish(*start(threading.Thread, 1))
    before = memory_of(os.getpid())["-"]
    crew, ends = start(threading.Thread, count)
    more = memory_of(os.getpid())["-"] - before
    finish(crew, ends)
    peer.print_row("worker_memory", "thread", "-", more / count, "B")


def print_process(name, count):
    crew, ends = start(CONTEXTS[name].Process, count)
    memory = [memory_of(worker.pid) for worker in crew]
    finish(crew, ends)
    for kind in memory[0]:
        peer.print_row("worker_memory", name, kind, mean(each[kind] for each in memory), "B")


def main():
    given = peer.open_options(__doc__, ["thread", *CONTEXTS]).parse_args()
    for name in given.methods:
        if name == "thread":
            print_thread(given.workers)
        else:
            print_process(name, given.workers)


# A spawned child imports what stands outside: no more than it needs.
if __name__ == "__main__":
    import peer

    peer.run(main)
