/* SPDX-License-Identifier: MIT */
/*
 * For hiredis 0.14, which cannot encrypt.
 */
#include "base/error.h"
#include "remote/reading.h"
#include "remote/tls.h"

#include <errno.h>

int mproci_remote_tls_create(const char *host, mproci_remote_tls **ret_tls)
{
	(void)host;
	(void)ret_tls;
	return mproci_fail(-EPROTONOSUPPORT,
		"\"rediss://\" takes a libmproc-net that was built with hiredis_ssl, of hiredis 1.0 or "
		"later; "
		"this one was built with hiredis %d.%d",
		HIREDIS_MAJOR, HIREDIS_MINOR);
}

void mproci_remote_tls_free(mproci_remote_tls *tls)
{
	(void)tls;
}

/* Without one of the above there is nothing to begin with. */
int mproci_remote_tls_begin(
	const mproci_remote_tls *tls, redisContext *context, mproci_remote_tls_session **ret_session)
{
	(void)tls;
	(void)context;
	(void)ret_session;
	return -EPROTONOSUPPORT;
}

ssize_t mproci_remote_tls_send(mproci_remote_tls_session *session, const void *data, size_t size)
{
	(void)session;
	(void)data;
	(void)size;
	return -EPROTONOSUPPORT;
}

ssize_t mproci_remote_tls_receive(mproci_remote_tls_session *session, void *ret_data, size_t size)
{
	(void)session;
	(void)ret_data;
	(void)size;
	return -EPROTONOSUPPORT;
}

bool mproci_remote_tls_waits_for_data(const mproci_remote_tls_session *session)
{
	(void)session;
	return false;
}

static void *make_array(const redisReadTask *task, int count)
{
	(void)count;
	return mproci_reading_array(task);
}

const redisReplyObjectFunctions mproci_reply_functions = {
	.createString = mproci_reading_string,
	.createArray = make_array,
	.createInteger = mproci_reading_integer,
	.createNil = mproci_reading_nil,
	.freeObject = freeReplyObject,
};
