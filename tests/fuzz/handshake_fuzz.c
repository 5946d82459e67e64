/* SPDX-License-Identifier: MIT */
#include "channel/handshake.h"
#include "fuzz.h"

#include <errno.h>
#include <mproc/result.h>
#include <string.h>

/* How a target begins: which side, with a key or without. */
enum {
	IS_LISTENER = 1,
	HAS_KEY = 2,
	/* The other side answers as it should, and the input is what is changed on the way. */
	IS_ALTERED = 4,
};

static const uint8_t own_nonce[MPROCI_NONCE_SIZE] = {1, 2, 3}, other_nonce[MPROCI_NONCE_SIZE] = {4, 5, 6};

/* Nobody can have made up a proof: who has a key is not convinced by input. */
static void feed(uint8_t how, input from)
{
	bool has_key = (how & HAS_KEY) != 0;
	mproci_handshake one;
	const uint8_t *bytes;
	int rc = 0;

	mproci_handshake_begin(&one, (how & IS_LISTENER) != 0 ? MPROCI_SIDE_LISTENER : MPROCI_SIDE_CLIENT,
		"key", has_key ? 3 : 0, own_nonce);
	while (rc == 0) {
		size_t needs = mproci_handshake_needs(&one), size;

		require(needs > 0 && needs <= MPROCI_GREETING_SIZE);
		size = take_bytes(&from, 1 + take_byte(&from) % needs, &bytes);
		if (size == 0)
			return;
		rc = mproci_handshake_take(&one, bytes, size);
		require(one.output_size <= sizeof one.output);
		require(rc == 0 || rc == 1 || rc == -EACCES || rc == -EBADMSG);
	}
	require(rc < 0 ? strlen(mproc_error_text()) > 0 : !has_key && mproci_handshake_needs(&one) == 0);
}

/* Hand over what one side says, changed; was it?  Returns what the other one makes of it. */
static int pass(mproci_handshake *from, mproci_handshake *to, input *changes, bool *is_changed)
{
	uint8_t data[MPROCI_GREETING_SIZE];
	size_t size = from->output_size;

	from->output_size = 0;
	if (size == 0)
		return 0;
	for (size_t i = 0; i < size; ++i) {
		uint8_t change = take_byte(changes);

		data[i] = from->output[i] ^ change;
		*is_changed |= change != 0;
	}
	require(size == mproci_handshake_needs(to));
	return mproci_handshake_take(to, data, size);
}

/* Both have the key: what is changed on the way convinces nobody, what is not convinces both. */
static void alter(input changes)
{
	mproci_handshake client, listener;
	bool is_changed = false;
	int rc = 0;

	mproci_handshake_begin(&client, MPROCI_SIDE_CLIENT, "key", 3, own_nonce);
	mproci_handshake_begin(&listener, MPROCI_SIDE_LISTENER, "key", 3, other_nonce);
	for (int i = 0; i < 2 && rc == 0; ++i) {
		rc = pass(&client, &listener, &changes, &is_changed);
		require(rc != 1 || !is_changed);
		if (rc < 0)
			break;
		rc = pass(&listener, &client, &changes, &is_changed);
		require(rc != 1 || !is_changed);
	}
	require(is_changed ? rc < 0 : rc == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input from = {.data = data, .size = size};
	uint8_t how = take_byte(&from);

	if ((how & IS_ALTERED) != 0)
		alter(from);
	else
		feed(how, from);
	return 0;
}
