/* SPDX-License-Identifier: MIT */
#include "pool/terms.h"

#include "base/error.h"
#include "pool/verdict.h"

#include <errno.h>

enum {
	MOST_RETRIES = MPROCI_VERDICT_ATTEMPTS - 1,
};

/* Seconds; what is longer than that is for ever. */
static const double LONGEST = 1e9;

static int check_seconds(const char *what, double seconds, int64_t *ret_nanoseconds)
{
	if (!(seconds >= 0))
		return mproci_fail(-EINVAL, "%s %g: 0 and more seconds are possible", what, seconds);
	*ret_nanoseconds = seconds > LONGEST ? 0 : (int64_t)(seconds * 1e9);
	/* Less than a nanosecond is not "none". */
	if (seconds > 0 && seconds < 1e-9)
		*ret_nanoseconds = 1;
	return 0;
}

int mproci_terms_check(const mproci_wishes *wishes, bool can_kill, mproci_terms *ret_terms)
{
	mproci_terms terms = {
		.deadline = wishes->deadline,
		.retries = wishes->retries,
		.context = wishes->context,
		.context_size = wishes->context_size,
		.seed = wishes->seed,
	};
	int rc;

	rc = check_seconds("soft_timeout", wishes->soft_timeout, &terms.soft_timeout);
	if (rc == 0)
		rc = check_seconds("timeout", wishes->timeout, &terms.timeout);
	if (rc < 0)
		return rc;
	if (terms.timeout != 0 && !can_kill)
		return mproci_fail(-ENOTSUP,
			"timeout %g: only workers that are processes can be killed; soft_timeout is possible",
			wishes->timeout);
	if (wishes->retries > MOST_RETRIES)
		return mproci_fail(
			-EINVAL, "retries %u: 0 to %d are possible", wishes->retries, MOST_RETRIES);
	if (wishes->context == NULL && wishes->context_size != 0)
		return mproci_fail(-EINVAL, "context is NULL, its size %zu", wishes->context_size);
	*ret_terms = terms;
	return 0;
}
