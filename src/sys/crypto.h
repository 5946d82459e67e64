/* SPDX-License-Identifier: MIT */
/*
 * sys/crypto.h - OpenSSL's libcrypto, which is loaded when it is first used: to be linked with it would make every exec of
 * every program that uses mproc take nearly twice as long (decision 010).
 */
#ifndef SYS_CRYPTO_H
#define SYS_CRYPTO_H

#include <stddef.h>

/* libcrypto has locks of its own, which a fork must not find taken: whoever may take one holds this, and so does every fork. */
void mproci_crypto_hold(void);
void mproci_crypto_let_go(void);

/* Have every fork hold it from now on.  Returns 0, or -ENOMEM without an error text. */
int mproci_crypto_guard_forks(void);

/* A function of the library, and where its address is to be stored. */
typedef struct mproci_crypto_function {
	const char *name;
	void **address;
} mproci_crypto_function;

/*
 * Find @count functions in @library, which is loaded for that; while it is held.  @user says in the error text what needs them,
 * @purpose what they are for.  Returns 0, or -ENOSYS with an error text: then no address is stored.
 */
int mproci_crypto_find(const char *library, const char *user, const char *purpose,
	const mproci_crypto_function *functions, size_t count);

#endif
