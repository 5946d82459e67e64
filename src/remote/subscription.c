/* SPDX-License-Identifier: MIT */
#include "remote/object.h"
#include "remote/subscriber.h"

#include "base/error.h"

#include <errno.h>
#include <mproc/remote_subscription.h>
#include <mproc/result.h>
#include <stdlib.h>

struct mproc_remote_subscription {
	mproci_subscriber subscriber;
};

static int check(const mproc_remote_subscription *subscription)
{
	if (subscription == NULL)
		return mproci_fail(-EINVAL, "subscription is NULL");
	return mproci_subscriber_check(&subscription->subscriber);
}

int mproc_remote_subscribe(mproc_remote *remote, const char *channel, mproc_deadline deadline,
	mproc_remote_subscription **ret_subscription)
{
	mproc_remote_subscription *subscription;
	int rc;

	if (ret_subscription == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	subscription = calloc(1, sizeof *subscription);
	if (subscription == NULL)
		return mproci_fail(-ENOMEM, "this process has no memory for a subscription");
	rc = mproci_subscriber_init(&subscription->subscriber, remote, "", channel);
	if (rc == 0)
		rc = mproci_subscriber_open(&subscription->subscriber, deadline);
	if (rc < 0) {
		mproc_remote_subscription_close(subscription);
		return rc;
	}
	*ret_subscription = subscription;
	return 0;
}

static int fail_to_get(const mproci_subscriber *subscriber, int rc)
{
	char text[160];

	if (rc == -ETIMEDOUT)
		return mproci_fail(
			rc, "channel \"%.100s\": no message until the deadline", subscriber->channel);
	/* The line is gone, for whatever reason, and with it what was on the way. */
	snprintf(text, sizeof text, "%s", mproc_error_text());
	return mproci_fail(rc, "channel \"%.60s\": %s; messages may be lost", subscriber->channel, text);
}

int mproc_remote_subscription_get(mproc_remote_subscription *subscription, mproc_deadline deadline,
	void **ret_message, size_t *ret_size)
{
	redisReply *message;
	int rc;

	rc = check(subscription);
	if (rc < 0)
		return rc;
	if (ret_message == NULL)
		return mproci_fail(-EINVAL, "where to return it is NULL");
	if (subscription->subscriber.line == NULL) {
		rc = mproci_subscriber_open(&subscription->subscriber, deadline);
		if (rc < 0)
			return rc;
	}
	do
		rc = mproci_subscriber_receive(&subscription->subscriber, deadline, &message);
	while (rc == MPROCI_SUBSCRIBER_CONFIRMED);
	if (rc < 0)
		return fail_to_get(&subscription->subscriber, rc);
	rc = mproci_object_copy(message, ret_message, ret_size);
	freeReplyObject(message);
	return rc;
}

int mproc_remote_subscription_fd(const mproc_remote_subscription *subscription)
{
	int rc;

	rc = check(subscription);
	if (rc < 0)
		return rc;
	if (subscription->subscriber.line == NULL)
		return mproci_fail(-ECONNRESET, "channel \"%.150s\": the connection has broken",
			subscription->subscriber.channel);
	return mproci_line_descriptor(subscription->subscriber.line);
}

mproc_remote_subscription *mproc_remote_subscription_close(mproc_remote_subscription *subscription)
{
	if (subscription != NULL) {
		mproci_subscriber_end(&subscription->subscriber);
		free(subscription);
	}
	return NULL;
}
