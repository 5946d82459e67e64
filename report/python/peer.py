# SPDX-License-Identifier: MIT
"""What the Python programs of the report share: options, rows, a clock, and children that end with them.

A row is EXPERIMENT, METHOD, X, VALUE and UNIT with tabs between, as the programs in examples/ print it with --rows.
Every METHOD begins with "python-".  What has found something wrong prints no row and exits with status 1.
"""
import argparse
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.managers import SyncManager

# The way that is fastest, and the default of this system until Python 3.14.
FORK = multiprocessing.get_context("fork")

MOST_WORKERS = 1024


def end_with_parent():
    """In a forked child: end when the parent does, however that ends."""
    PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)


PRCTL = ctypes.CDLL(None).prctl
PR_SET_PDEATHSIG = 1
os.register_at_fork(after_in_child=end_with_parent)


class Wrong(Exception):
    """A method came to a result that is not right, or could not come to one."""


def expect(is_right, what):
    """As assert, which an option of the interpreter would leave out."""
    if not is_right:
        raise Wrong(what)


# Options.


def whole_number(least, most):
    """What argparse reads a whole number with."""

    def read(word):
        if not (word.isascii() and word.isdecimal() and least <= int(word) <= most):
            raise argparse.ArgumentTypeError(f"{word}: must be a whole number from {least} to {most}")
        return int(word)

    return read


def list_of(read):
    """What argparse reads a list with commas with."""
    return lambda words: [read(word) for word in words.split(",")]


def one_of(names):
    """What argparse reads one of @names with."""

    def read(word):
        if word not in names:
            raise argparse.ArgumentTypeError(f"{word}: must be {', '.join(names)}")
        return word

    return read


def usable_processors():
    return len(os.sched_getaffinity(0))


def open_options(description, methods, by_default=None):
    """The options that all programs have: --workers, and --with for a choice of @methods."""
    by_default = list(by_default or methods)
    names = list_of(one_of(list(methods)))
    options = argparse.ArgumentParser(description=description, allow_abbrev=False)
    options.add_argument(
        "--workers",
        metavar="N",
        type=whole_number(1, MOST_WORKERS),
        default=usable_processors(),
        help="processes or threads, 1 to 1024; by default one for each usable processor",
    )
    options.add_argument(
        "--with",
        metavar="NAME,...",
        dest="methods",
        type=lambda words: by_default if words == "all" else names(words),
        default=by_default,
        help=f"of {', '.join(methods)}; all, the default, is {', '.join(by_default)}",
    )
    return options


def add_number(options, name, by_default, text, least=1, most=2**32 - 1):
    read = whole_number(least, most)
    options.add_argument(name, metavar="N", type=read, default=by_default, help=f"{text}; {by_default} by default")


def add_numbers(options, name, by_default, text, least=1, most=2**32 - 1):
    """A list with commas."""
    read = list_of(whole_number(least, most))
    shown = ",".join(map(str, by_default))
    options.add_argument(name, metavar="N,...", type=read, default=by_default, help=f"{text}; {shown} by default")


def add_redis(options):
    url = "redis://127.0.0.1:6379"
    options.add_argument("--redis", metavar="URL", default=url, help=f"where the Redis server is; {url} by default")


# Rows.


def print_row(experiment, method, x, value, unit):
    print(experiment, f"python-{method}", x, f"{value:.9g}", unit, sep="\t", flush=True)


def seconds_of(function, *arguments):
    """Calls @function.  Returns the seconds that it took, and its result."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def open_manager():
    """As FORK.Manager(), but its socket has no file, which somebody who is killed would leave."""
    manager = SyncManager(f"\0mproc-report-{os.getpid()}", ctx=FORK)
    manager.start()
    return manager


def run(main):
    """Calls @main, and turns what it raises into the exit status.

    An interrupt ends it at once: a pool whose workers are interrupted too waits for locks that they held.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        main()
    except (Wrong, OSError, ImportError) as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
