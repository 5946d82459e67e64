/* SPDX-License-Identifier: MIT */
/*
 * sys/thread_budget.h - the threads that numerical libraries start in a worker behind its task's back.
 *
 * OpenMP and the BLAS libraries take a thread for each core, in every worker.  They read the environment
 * when they are loaded, which is too early: so those that are loaded are told by their own functions, and
 * the environment tells those that come later.
 *
 *	libraries                    function                    left alone if the user has set
 *	OpenMP (GNU, LLVM, Intel)    omp_set_num_threads         OMP_NUM_THREADS
 *	OpenBLAS, also SciPy's       openblas_set_num_threads    that, OPENBLAS_NUM_THREADS, GOTO_NUM_THREADS
 *	MKL                          MKL_Set_Num_Threads         that, MKL_NUM_THREADS
 *	BLIS                         bli_thread_set_num_threads  that, BLIS_NUM_THREADS
 */
#ifndef SYS_THREAD_BUDGET_H
#define SYS_THREAD_BUDGET_H

#include "base/private.h"

/*
 * In a worker, after it was forked and before it has threads: let each of those libraries use @threads
 * threads, 1 or more, or fewer if that is what it uses already.  For what is loaded later, and programs
 * that are started, OMP_NUM_THREADS is set, which all of them follow, unless the user has set it.  A worker
 * of a worker gets its own.
 *
 * OpenMP's number is that of the calling thread; threads that a task starts by itself have the library's.
 * Cost: some microseconds for each of these libraries that is loaded.
 */
void mproci_thread_budget_set(unsigned threads);

/*
 * Before a fork, in the thread that forks: end the idle threads that GNU's OpenMP keeps for this thread; it
 * starts them again when it needs them.  A child forked while it keeps some would wait for them, for ever,
 * in its first parallel region with more than one thread.  They have ended a moment later.  Nothing happens
 * inside of a parallel region, or before version 9 of gcc.  LLVM's OpenMP keeps its threads, but its
 * children do not mind.
 */
MPROCI_PRIVATE void mproci_thread_budget_dismiss(void);

#endif
