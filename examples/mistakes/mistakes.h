/* SPDX-License-Identifier: MIT */
/*
 * mistakes/mistakes.h - a mistake that is easily made, and what is right.
 */
#ifndef MISTAKES_MISTAKES_H
#define MISTAKES_MISTAKES_H

/* Make it, or do it right.  Returns 0 and the result, or -1 after telling what failed. */
typedef int mistake_function(double *ret_result);

typedef struct mistake {
	/* As in the list of what is wrong in the documents; a letter where one entry is several. */
	const char *number;
	/* What is asked, in a line. */
	const char *question;
	mistake_function *make, *avoid;
	/* What the mistake is, in a line. */
	const char *explanation;
	const char *unit;
} mistake;

/* Each ends with one whose .number is NULL. */
extern const mistake PRIME_MISTAKES[], LIST_MISTAKES[], FILE_MISTAKES[], PI_MISTAKES[], PROCESS_MISTAKES[];

#endif
