/* SPDX-License-Identifier: MIT */
#include "channel/handshake.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <string.h>

static mproci_handshake client, listener;

static void begin(const char *client_key, const char *listener_key)
{
	uint8_t nonce[MPROCI_NONCE_SIZE];

	memset(nonce, 0xc1, sizeof nonce);
	mproci_handshake_begin(&client, MPROCI_SIDE_CLIENT, client_key, strlen(client_key), nonce);
	memset(nonce, 0x15, sizeof nonce);
	mproci_handshake_begin(&listener, MPROCI_SIDE_LISTENER, listener_key, strlen(listener_key), nonce);
}

/* Hand what one side says to the other, at most @most bytes at a time. */
static int pass(mproci_handshake *from, mproci_handshake *to, size_t most)
{
	size_t size = from->output_size;
	int rc = 0;

	from->output_size = 0;
	for (size_t at = 0; at < size;) {
		size_t part = size - at < most ? size - at : most;

		ck_assert_int_eq(rc, 0);
		ck_assert_uint_le(part, mproci_handshake_needs(to));
		rc = mproci_handshake_take(to, from->output + at, part);
		at += part;
	}
	return rc;
}

static void check_failed(int rc, int code, const char *text)
{
	ck_assert_int_eq(rc, code);
	support_check_text(text);
}

/* From the client, whose greeting was changed at @offset.  Returns what the listener makes of it. */
static int pass_with_mistake(size_t offset)
{
	begin("key", "key");
	client.output[offset] ^= 1;
	return pass(&client, &listener, 48);
}

START_TEST(without_keys_two_greetings_are_enough)
{
	begin("", "");
	ck_assert_int_eq(pass(&client, &listener, 48), 1);
	ck_assert_int_eq(pass(&listener, &client, 48), 1);
	ck_assert_uint_eq(mproci_handshake_needs(&client), 0);
	ck_assert_uint_eq(mproci_handshake_needs(&listener), 0);
	ck_assert_uint_eq(client.output_size, 0);
	ck_assert_uint_eq(listener.output_size, 0);
}
END_TEST

START_TEST(with_the_same_key_each_side_is_convinced)
{
	for (size_t most = 1; most <= 48; ++most) {
		begin("key", "key");
		ck_assert_int_eq(pass(&client, &listener, most), 0);
		ck_assert_int_eq(pass(&listener, &client, most), 0);
		ck_assert_int_eq(pass(&client, &listener, most), 1);
		ck_assert_int_eq(pass(&listener, &client, most), 1);
	}
}
END_TEST

START_TEST(with_different_keys_both_sides_say_so)
{
	begin("key", "kez");
	ck_assert_int_eq(pass(&client, &listener, 48), 0);
	ck_assert_int_eq(pass(&listener, &client, 48), 0);
	check_failed(pass(&client, &listener, 48), -EACCES, "who connects has another key");
	check_failed(pass(&listener, &client, 48), -EACCES, "the listener has another key");
}
END_TEST

START_TEST(with_a_key_on_one_side_both_sides_say_so)
{
	begin("key", "");
	check_failed(pass(&client, &listener, 48), -EACCES, "who connects has a key, this side has none");
	check_failed(pass(&listener, &client, 48), -EACCES, "the listener has no key, this side has one");
	ck_assert_uint_eq(client.output_size, 0);

	begin("", "key");
	check_failed(pass(&client, &listener, 48), -EACCES, "who connects has no key, this side has one");
	check_failed(pass(&listener, &client, 48), -EACCES, "the listener has a key, this side has none");
}
END_TEST

START_TEST(who_does_not_prove_learns_nothing_made_with_the_key)
{
	begin("key", "kez");
	pass(&client, &listener, 48);
	pass(&listener, &client, 48);
	pass(&client, &listener, 48);
	ck_assert_uint_eq(listener.output_size, MPROCI_VERDICT_SIZE);
	for (size_t i = 0; i < MPROCI_VERDICT_SIZE; ++i)
		ck_assert_uint_eq(listener.output[i], 0);
}
END_TEST

START_TEST(listener_that_only_says_yes_is_not_believed)
{
	begin("key", "kez");
	pass(&client, &listener, 48);
	pass(&listener, &client, 48);
	pass(&client, &listener, 48);
	listener.output[0] = 1;
	check_failed(
		pass(&listener, &client, 48), -EACCES, "the listener does not prove that it has the key");
}
END_TEST

START_TEST(proof_that_is_sent_back_is_no_proof)
{
	uint8_t proof[MPROCI_PROOF_SIZE];

	begin("key", "kez");
	pass(&client, &listener, 48);
	/* The client's own nonce, too. */
	memcpy(listener.output + 16, client.nonces[MPROCI_SIDE_CLIENT], MPROCI_NONCE_SIZE);
	pass(&listener, &client, 48);
	memcpy(proof, client.output, sizeof proof);
	pass(&client, &listener, 48);
	listener.output[0] = 1;
	memcpy(listener.output + 1, proof, sizeof proof);
	check_failed(
		pass(&listener, &client, 48), -EACCES, "the listener does not prove that it has the key");
}
END_TEST

START_TEST(proof_of_another_time_is_no_proof)
{
	uint8_t proof[MPROCI_PROOF_SIZE];

	begin("key", "key");
	pass(&client, &listener, 48);
	pass(&listener, &client, 48);
	memcpy(proof, client.output, sizeof proof);

	begin("key", "key");
	listener.nonces[MPROCI_SIDE_LISTENER][31] ^= 1;
	pass(&client, &listener, 48);
	pass(&listener, &client, 48);
	memcpy(client.output, proof, sizeof proof);
	check_failed(pass(&client, &listener, 48), -EACCES, "who connects has another key");
}
END_TEST

START_TEST(greeting_with_a_mistake_is_refused)
{
	/* Label, whether there is a key, zeros; what follows is the nonce. */
	for (size_t offset = 0; offset < 16; ++offset) {
		int rc = pass_with_mistake(offset);

		if (offset == 8)
			check_failed(rc, -EACCES, "who connects has no key");
		else
			check_failed(rc, -EBADMSG, "the other side does not speak mproc/1");
	}
	begin("key", "key");
	client.output[8] = 2;
	check_failed(pass(&client, &listener, 48), -EBADMSG, "the other side does not speak mproc/1");
}
END_TEST

START_TEST(who_does_not_speak_the_protocol_gets_no_answer)
{
	pass_with_mistake(0);
	ck_assert_uint_eq(listener.output_size, 0);
}
END_TEST

START_TEST(every_bit_of_the_proofs_counts)
{
	for (size_t bit = 0; bit < 8 * MPROCI_PROOF_SIZE; ++bit) {
		begin("key", "key");
		pass(&client, &listener, 48);
		pass(&listener, &client, 48);
		client.output[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pass(&client, &listener, 48), -EACCES);

		begin("key", "key");
		pass(&client, &listener, 48);
		pass(&listener, &client, 48);
		pass(&client, &listener, 48);
		listener.output[1 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pass(&listener, &client, 48), -EACCES);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		without_keys_two_greetings_are_enough,
		with_the_same_key_each_side_is_convinced,
		with_different_keys_both_sides_say_so,
		with_a_key_on_one_side_both_sides_say_so,
		who_does_not_prove_learns_nothing_made_with_the_key,
		listener_that_only_says_yes_is_not_believed,
		proof_that_is_sent_back_is_no_proof,
		proof_of_another_time_is_no_proof,
		greeting_with_a_mistake_is_refused,
		who_does_not_speak_the_protocol_gets_no_answer,
		every_bit_of_the_proofs_counts,
		NULL,
	};

	return support_run("handshake", tests);
}
