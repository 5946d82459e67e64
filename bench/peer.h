/* SPDX-License-Identifier: MIT */
/*
 * peer.h - a program that does the same work without mproc, beside the benchmark.
 *
 * It is started once, so that its threads are warm, and is told through a pipe what to run; it answers with the
 * nanoseconds that took.  Between its turns it is stopped (SIGSTOP): idle threads of a peer may spin, as those of
 * libgomp do for some milliseconds, and would take the processors from whoever is measured next.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

typedef struct bench_peer bench_peer;

/*
 * Start @program, which lies beside this one, with one argument.  It is killed when the thread that called this ends, so
 * it never outlives the benchmark.
 */
bench_peer *bench_peer_open(const char *program, unsigned argument);

/* The same with a program that is built only where what it needs is installed: NULL when it is not there. */
bench_peer *bench_peer_open_if_built(const char *program, unsigned argument);

/*
 * The same with a program in Python, as text, which prints a line when it is ready.  Returns NULL when it ends before: there is
 * no python3, or it lacks something.
 */
bench_peer *bench_peer_open_python(const char *text);

/* The same with Debian's Python, which finds the modules that come as packages; another one on the path may not. */
bench_peer *bench_peer_open_debian_python(const char *text);

/* Let it do one kind of work.  Returns the nanoseconds that it took; ends the benchmark when the peer fails. */
double bench_peer_run(bench_peer *peer, const char *kind);

/* End it.  Returns NULL. */
bench_peer *bench_peer_close(bench_peer *peer);

/* The peer's main loop: do what the benchmark asks for until it has ended. */
void bench_peer_serve(double (*run)(const char *kind));

#endif
