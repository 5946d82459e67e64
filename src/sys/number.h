/* SPDX-License-Identifier: MIT */
/*
 * sys/number.h - numbers as text that means the same in every locale.
 */
#ifndef SYS_NUMBER_H
#define SYS_NUMBER_H

#include "base/private.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	/* What a number takes, with a 0 behind it. */
	MPROCI_NUMBER_SIZE = 32,
};

/* Write a number with as many digits as it takes to read it back; "inf", "-inf" and "nan" too. */
MPROCI_PRIVATE void mproci_number_print(double number, char ret_text[MPROCI_NUMBER_SIZE]);

/* Returns whether @text is a number and nothing else; "inf" and "-inf" are, "nan" is not. */
MPROCI_PRIVATE bool mproci_number_read(const char *text, size_t size, double *ret_number);

#endif
