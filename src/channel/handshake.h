/* SPDX-License-Identifier: MIT */
/*
 * channel/handshake.h - what two sides say to each other before the first message.
 *
 *     client                                      listener
 *     greeting: label, has a key?, nonce   -->
 *                                          <--    greeting: label, has a key?, nonce
 *     proof                                -->                                          with a key
 *                                          <--    verdict: accepted or not, and proof   with a key
 *
 * A proof is the HMAC-SHA256, with the key, of who it comes from (the client or the listener: nobody can
 * send back what he got) and of both nonces (it is of no use another time).  The client proves first, so
 * that who only connects learns nothing made with the key.  There is one way to do it, so that there is
 * none to be talked into.  All sizes are fixed.
 *
 * Nothing here makes a system call: what arrives is handed in, and what is to be sent is handed out.
 */
#ifndef CHANNEL_HANDSHAKE_H
#define CHANNEL_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_NONCE_SIZE = 32,
	MPROCI_GREETING_SIZE = 48,
	MPROCI_PROOF_SIZE = 32,
	MPROCI_VERDICT_SIZE = 1 + MPROCI_PROOF_SIZE,
};

typedef enum mproci_side {
	MPROCI_SIDE_CLIENT,
	MPROCI_SIDE_LISTENER,
} mproci_side;

typedef enum mproci_handshake_step {
	/* What is expected next from the other side. */
	MPROCI_EXPECTS_GREETING,
	MPROCI_EXPECTS_PROOF,
	MPROCI_EXPECTS_VERDICT,
	MPROCI_EXPECTS_NOTHING,
} mproci_handshake_step;

typedef struct mproci_handshake {
	mproci_side side;
	mproci_handshake_step step;
	/* Not copied; a size of 0: there is none. */
	const void *key;
	size_t key_size;
	/* By side. */
	uint8_t nonces[2][MPROCI_NONCE_SIZE];
	uint8_t input[MPROCI_GREETING_SIZE];
	size_t input_size;
	/* To be sent, and then forgotten by who has sent it. */
	uint8_t output[MPROCI_GREETING_SIZE];
	size_t output_size;
} mproci_handshake;

/* Begin.  @nonce: random bytes that were never used before. */
void mproci_handshake_begin(mproci_handshake *handshake, mproci_side side, const void *key, size_t key_size,
	const uint8_t nonce[MPROCI_NONCE_SIZE]);

/*
 * How many more bytes from the other side are needed to go on, never above MPROCI_GREETING_SIZE; 0: it is
 * done.
 */
size_t mproci_handshake_needs(const mproci_handshake *handshake);

/*
 * Take bytes that have come: at least one, and at most as many as are needed.  There may be output
 * afterwards, also after a failure.
 *
 * Returns 1: it is done, once the output is sent; 0: it goes on; with an error text -EACCES: the other side
 * has not the same key, or -EBADMSG: it does not speak this protocol; another negative errno.
 */
int mproci_handshake_take(mproci_handshake *handshake, const void *data, size_t size);

#endif
