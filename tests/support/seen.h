/* SPDX-License-Identifier: MIT */
/*
 * seen.h - notes which error each public function has given a test.
 *
 * Tests call the library through the functions that tools/watch-errors makes; these end up here.  A note is one byte in
 * a file that is mapped before main, so it takes no system call, and is there also when the process is killed next.
 * Without the file, which tools/check-errors makes, nothing is noted.
 */
#ifndef SEEN_H
#define SEEN_H

/* Function number @function of tools/watch-errors has failed with @code, a positive errno. */
void seen_error(int function, long code);

/* To be called before a function that tells its error in errno: what errno was, which is 0 now. */
int seen_begin(void);

/* That function has returned NULL or 0, when @is_nothing is not 0; @before is what seen_begin told, for errno when nothing has failed. */
void seen_errno(int function, int is_nothing, int before);

static inline void seen_number(int function, long result)
{
	if (result < 0)
		seen_error(function, -result);
}

static inline int seen_passed(int function, int result)
{
	seen_number(function, result);
	return result;
}

#endif
