/* SPDX-License-Identifier: MIT */
#include "channel/handshake.h"

#include "base/error.h"
#include "sys/hmac.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What begins every greeting; another version of this protocol would have another one. */
static const char label[8] = "mproc/1";

/* What a proof is computed of. */
typedef struct statement {
	char label[8];
	char side[8];
	uint8_t nonces[2][MPROCI_NONCE_SIZE];
} statement;

typedef struct greeting {
	char label[8];
	uint8_t has_key;
	uint8_t zero[7];
	uint8_t nonce[MPROCI_NONCE_SIZE];
} greeting;

typedef struct verdict {
	uint8_t is_accepted;
	uint8_t proof[MPROCI_PROOF_SIZE];
} verdict;

_Static_assert(sizeof(greeting) == MPROCI_GREETING_SIZE, "a greeting has no padding");
_Static_assert(sizeof(verdict) == MPROCI_VERDICT_SIZE, "a verdict has no padding");
_Static_assert((int)MPROCI_PROOF_SIZE == (int)MPROCI_HMAC_SIZE, "a proof is an HMAC");

static void put_output(mproci_handshake *handshake, const void *data, size_t size)
{
	memcpy(handshake->output, data, size);
	handshake->output_size = size;
}

static void put_greeting(mproci_handshake *handshake)
{
	greeting own = {.has_key = handshake->key_size > 0};

	memcpy(own.label, label, sizeof own.label);
	memcpy(own.nonce, handshake->nonces[handshake->side], sizeof own.nonce);
	put_output(handshake, &own, sizeof own);
}

static int prove(const mproci_handshake *handshake, mproci_side side, uint8_t ret_proof[MPROCI_PROOF_SIZE])
{
	static const char sides[2][8] = {[MPROCI_SIDE_CLIENT] = "client", [MPROCI_SIDE_LISTENER] = "listen"};
	statement what;

	memcpy(what.label, label, sizeof what.label);
	memcpy(what.side, sides[side], sizeof what.side);
	memcpy(what.nonces, handshake->nonces, sizeof what.nonces);
	return mproci_hmac_sha256(handshake->key, handshake->key_size, &what, sizeof what, ret_proof);
}

void mproci_handshake_begin(mproci_handshake *handshake, mproci_side side, const void *key, size_t key_size,
	const uint8_t nonce[MPROCI_NONCE_SIZE])
{
	*handshake = (mproci_handshake){.side = side, .key = key, .key_size = key_size};
	memcpy(handshake->nonces[side], nonce, MPROCI_NONCE_SIZE);
	if (side == MPROCI_SIDE_CLIENT)
		put_greeting(handshake);
}

static size_t size_of_step(mproci_handshake_step step)
{
	static const size_t sizes[] = {
		[MPROCI_EXPECTS_GREETING] = MPROCI_GREETING_SIZE,
		[MPROCI_EXPECTS_PROOF] = MPROCI_PROOF_SIZE,
		[MPROCI_EXPECTS_VERDICT] = MPROCI_VERDICT_SIZE,
		[MPROCI_EXPECTS_NOTHING] = 0,
	};

	return sizes[step];
}

size_t mproci_handshake_needs(const mproci_handshake *handshake)
{
	return size_of_step(handshake->step) - handshake->input_size;
}

static int fail_for_key(const mproci_handshake *handshake)
{
	const char *other = handshake->side == MPROCI_SIDE_CLIENT ? "the listener" : "who connects";

	if (handshake->key_size > 0)
		return mproci_fail(-EACCES, "%s has no key, this side has one", other);
	return mproci_fail(-EACCES, "%s has a key, this side has none", other);
}

static int put_proof(mproci_handshake *handshake)
{
	uint8_t proof[MPROCI_PROOF_SIZE];
	int rc;

	rc = prove(handshake, MPROCI_SIDE_CLIENT, proof);
	if (rc < 0)
		return rc;
	put_output(handshake, proof, sizeof proof);
	handshake->step = MPROCI_EXPECTS_VERDICT;
	return 0;
}

static int take_greeting(mproci_handshake *handshake)
{
	static const uint8_t zero[7];
	greeting other;

	memcpy(&other, handshake->input, sizeof other);
	if (memcmp(other.label, label, sizeof label) != 0 || other.has_key > 1
		|| memcmp(other.zero, zero, sizeof zero) != 0)
		return mproci_fail(-EBADMSG, "the other side does not speak %s", label);
	memcpy(handshake->nonces[1 - handshake->side], other.nonce, sizeof other.nonce);
	/* Also when the keys do not fit: it tells the client why. */
	if (handshake->side == MPROCI_SIDE_LISTENER)
		put_greeting(handshake);
	if (other.has_key != (handshake->key_size > 0))
		return fail_for_key(handshake);
	if (handshake->key_size == 0) {
		handshake->step = MPROCI_EXPECTS_NOTHING;
		return 1;
	}
	if (handshake->side == MPROCI_SIDE_CLIENT)
		return put_proof(handshake);
	handshake->step = MPROCI_EXPECTS_PROOF;
	return 0;
}

static int take_proof(mproci_handshake *handshake)
{
	uint8_t expected[MPROCI_PROOF_SIZE];
	verdict own = {0};
	int rc;

	rc = prove(handshake, MPROCI_SIDE_CLIENT, expected);
	if (rc < 0)
		return rc;
	own.is_accepted = mproci_hmac_is_equal(handshake->input, expected);
	if (own.is_accepted)
		rc = prove(handshake, MPROCI_SIDE_LISTENER, own.proof);
	if (rc < 0)
		return rc;
	put_output(handshake, &own, sizeof own);
	handshake->step = MPROCI_EXPECTS_NOTHING;
	return own.is_accepted ? 1 : mproci_fail(-EACCES, "who connects has another key");
}

static int take_verdict(mproci_handshake *handshake)
{
	uint8_t expected[MPROCI_PROOF_SIZE];
	verdict other;
	int rc;

	memcpy(&other, handshake->input, sizeof other);
	handshake->step = MPROCI_EXPECTS_NOTHING;
	if (other.is_accepted != 1)
		return mproci_fail(-EACCES, "the listener has another key");
	rc = prove(handshake, MPROCI_SIDE_LISTENER, expected);
	if (rc < 0)
		return rc;
	if (!mproci_hmac_is_equal(other.proof, expected))
		return mproci_fail(-EACCES, "the listener does not prove that it has the key");
	return 1;
}

static int go_on(mproci_handshake *handshake)
{
	switch (handshake->step) {
	case MPROCI_EXPECTS_GREETING:
		return take_greeting(handshake);
	case MPROCI_EXPECTS_PROOF:
		return take_proof(handshake);
	case MPROCI_EXPECTS_VERDICT:
		return take_verdict(handshake);
	default:
		return 1;
	}
}

int mproci_handshake_take(mproci_handshake *handshake, const void *data, size_t size)
{
	size_t needs = mproci_handshake_needs(handshake);

	assert(size > 0 && size <= needs);
	memcpy(handshake->input + handshake->input_size, data, size);
	handshake->input_size += size;
	if (size < needs)
		return 0;
	handshake->input_size = 0;
	return go_on(handshake);
}
