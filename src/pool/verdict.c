/* SPDX-License-Identifier: MIT */
#include "pool/verdict.h"

#include <stdio.h>
#include <string.h>

/* In the code of a signal. */
enum {
	SIGNAL = 0x7f,
	HAS_CORE = 0x80,
	IS_OUT_OF_MEMORY = 0x100,
};

mproci_verdict mproci_verdict_of_death(
	mproci_ending ending, bool is_out_of_memory, uint32_t worker, unsigned attempts)
{
	unsigned code = (unsigned)ending.signal & SIGNAL;

	if (ending.signal == 0)
		return mproci_verdict_of(
			MPROC_ENDING_EXIT, (unsigned)ending.exit_code & 0xff, worker, attempts);
	code |= (ending.has_core ? HAS_CORE : 0U) | (is_out_of_memory ? IS_OUT_OF_MEMORY : 0U);
	return mproci_verdict_of(MPROC_ENDING_SIGNAL, code, worker, attempts);
}

mproc_outcome mproci_verdict_outcome(mproci_verdict verdict)
{
	unsigned code = mproci_verdict_code(verdict);
	mproc_outcome outcome = {
		.ending = mproci_verdict_ending(verdict),
		.attempts = (uint16_t)mproci_verdict_attempts(verdict),
	};

	if (outcome.ending == MPROC_ENDING_NONE)
		return (mproc_outcome){0};
	if (outcome.attempts != 0)
		outcome.worker = (uint16_t)(mproci_verdict_worker(verdict) + 1);
	switch (outcome.ending) {
	case MPROC_ENDING_ERROR:
		outcome.code = -(int32_t)code;
		break;
	case MPROC_ENDING_SIGNAL:
		outcome.code = (int32_t)(code & SIGNAL);
		outcome.has_core = (code & HAS_CORE) != 0;
		outcome.is_out_of_memory = (code & IS_OUT_OF_MEMORY) != 0;
		break;
	default:
		outcome.code = (int32_t)code;
	}
	return outcome;
}

static void tell_ending(mproc_outcome outcome, const char *worker, char *ret_text, size_t size)
{
	switch (outcome.ending) {
	case MPROC_ENDING_ERROR:
		snprintf(ret_text, size, "it returned %d (%s)", outcome.code, strerror(-outcome.code));
		break;
	case MPROC_ENDING_SIGNAL:
		snprintf(ret_text, size, "its worker%s was killed by signal %d (%s%s%s)", worker,
			outcome.code, strsignal(outcome.code), outcome.has_core ? ", with a core file" : "",
			outcome.is_out_of_memory ? ", out of memory" : "");
		break;
	case MPROC_ENDING_EXIT:
		snprintf(ret_text, size, "it ended its worker%s with exit code %d", worker, outcome.code);
		break;
	case MPROC_ENDING_TIMEOUT:
		snprintf(ret_text, size,
			outcome.attempts == 0 ? "its deadline passed before it was begun"
					      : "it was killed for its timeout");
		break;
	case MPROC_ENDING_CANCELLED:
		snprintf(ret_text, size, "it was cancelled%s", outcome.attempts == 0 ? "" : " while it ran");
		break;
	default:
		snprintf(ret_text, size, "it has not ended");
	}
}

void mproci_outcome_tell(mproc_outcome outcome, const char *pool, char *ret_text, size_t size)
{
	char worker[40] = "", ending[120];

	if (outcome.worker != 0)
		snprintf(worker, sizeof worker, " \"%s-%u\"", pool, outcome.worker);
	tell_ending(outcome, worker, ending, sizeof ending);
	if (outcome.attempts > 1)
		snprintf(ret_text, size, "%s, at attempt %u", ending, outcome.attempts);
	else
		snprintf(ret_text, size, "%s", ending);
}
