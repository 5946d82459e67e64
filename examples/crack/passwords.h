/* SPDX-License-Identifier: MIT */
/*
 * crack/passwords.h - all passwords that can be made of some letters, numbered from 0: first those of one
 * letter, then those of two …
 */
#ifndef CRACK_PASSWORDS_H
#define CRACK_PASSWORDS_H

#include <stdint.h>

enum {
	MOST_LENGTH = 16,
	MOST_LETTERS = 255,
};

typedef struct alphabet {
	char letters[MOST_LETTERS + 1];
	unsigned count;
} alphabet;

/* A password, and its letters as positions in the alphabet. */
typedef struct password {
	unsigned length;
	unsigned char positions[MOST_LENGTH];
	char text[MOST_LENGTH + 1];
} password;

/* How many passwords have up to @length letters; UINT64_MAX if it is too many to be numbered. */
uint64_t count_passwords(const alphabet *self, unsigned length);

void find_password(const alphabet *self, uint64_t number, password *ret_password);

/* Make it the one with the next number. */
void advance_password(const alphabet *self, password *last);

#endif
