#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a message costs, by its size, with Python's multiprocessing.

A process puts messages and another gets them: the seconds are those of one message, from before the first put until
after the last get.  pipe sends bytes as they are, pipe-object any object, as the queues do.
"""
import time

from peer import FORK, Wrong, add_number, add_numbers, open_manager, open_options, print_row, run


class QueueChannel:
    def __init__(self, queue):
        self.put, self.get = queue.put, queue.get


class PipeChannel:
    def __init__(self):
        reader, writer = FORK.Pipe(duplex=False)
        self.put, self.get = writer.send_bytes, reader.recv_bytes


class ObjectPipeChannel:
    def __init__(self):
        reader, writer = FORK.Pipe(duplex=False)
        self.put, self.get = writer.send, reader.recv


def queue_channel():
    return QueueChannel(FORK.Queue())


def simple_queue_channel():
    return QueueChannel(FORK.SimpleQueue())


CHANNELS = {
    "queue": queue_channel,
    "simple-queue": simple_queue_channel,
    "pipe": PipeChannel,
    "pipe-object": ObjectPipeChannel,
}


def produce(channel, orders):
    """For each order, (size, count), puts so many messages and tells when it began."""
    for size, count in iter(orders.recv, None):
        message = bytes(size)
        began = time.perf_counter()
        for _ in range(count):
            channel.put(message)
        orders.send(began)


def time_messages(channel, orders, size, count):
    """The clock is one for all processes."""
    orders.send((size, count))
    for _ in range(count):
        message = channel.get()
        if len(message) != size:
            raise Wrong(f"a message of {len(message)} bytes, not {size}")
    ended = time.perf_counter()
    return (ended - orders.recv()) / count


def print_costs(name, channel, given, most):
    orders, others = FORK.Pipe()
    producer = FORK.Process(target=produce, args=(channel, others), daemon=True)
    producer.start()
    for size in given.sizes:
        count = max(10, min(most, given.bytes // max(size, 1)))
        time_messages(channel, orders, size, min(10, count))
        print_row("message_cost", name, size, time_messages(channel, orders, size, count), "s/message")
    orders.send(None)
    producer.join()


def main():
    options = open_options(__doc__, [*CHANNELS, "manager-queue"])
    sizes = [8, 64, 512, 4096, 32768, 262144, 1048576]
    add_numbers(options, "--sizes", sizes, "bytes of a message", least=0, most=2**28)
    add_number(options, "--messages", 20000, "how many of each size at most, for manager-queue a tenth")
    add_number(options, "--bytes", 2**26, "how much of each size at most, but 10 messages", most=2**40)
    given = options.parse_args()
    for name in given.methods:
        if name == "manager-queue":
            with open_manager() as manager:
                print_costs(name, QueueChannel(manager.Queue()), given, max(10, given.messages // 10))
        else:
            print_costs(name, CHANNELS[name](), given, given.messages)


if __name__ == "__main__":
    run(main)
