/* SPDX-License-Identifier: MIT */
#include "remote/remote.h"
#include "base/error.h"
#include "base/object.h"
#include "base/options.h"
#include "remote/opening.h"
#include "sys/hmac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "mprocrem" */
static const uint64_t MARK = UINT64_C(0x6d6572636f72706d);

static const size_t DEFAULT_LARGEST_REPLY = 64 << 20;
static const size_t MOST_LARGEST_REPLY = 1 << 30;
static const size_t LONGEST_NAME = 65536;

int mproci_remote_check(const mproc_remote *remote, const char *name)
{
	size_t size;
	int rc;

	rc = mproci_check_object(remote, MARK, "remote");
	if (rc < 0)
		return rc;
	if (name == NULL)
		return mproci_fail(-EINVAL, "name is NULL");
	size = strnlen(name, LONGEST_NAME + 1);
	if (size == 0 || size > LONGEST_NAME)
		return mproci_fail(-EINVAL, "name: %s%zu bytes: 1 to %zu are possible",
			size == 0 ? "" : "more than ", size == 0 ? size : LONGEST_NAME, LONGEST_NAME);
	return 0;
}

static int check_options(const mproc_remote_options *options)
{
	int rc;

	rc = mproci_check_reserved(options->reserved, sizeof options->reserved / sizeof *options->reserved);
	if (rc < 0)
		return rc;
	if ((unsigned)options->durability > MPROC_REMOTE_SYNC)
		return mproci_fail(-EINVAL, "durability %d: 0 to %d are possible", (int)options->durability,
			(int)MPROC_REMOTE_SYNC);
	if (options->largest_reply > MOST_LARGEST_REPLY)
		return mproci_fail(-EINVAL, "largest_reply %zu: up to %zu are possible",
			options->largest_reply, MOST_LARGEST_REPLY);
	return 0;
}

/* An option in the place of what the URL has.  Returns 0 or -EINVAL with an error text, without what it was. */
static int override(const char *option, const char *name, char *place, size_t size)
{
	if (option == NULL)
		return 0;
	if (strlen(option) >= size)
		return mproci_fail(
			-EINVAL, "%s: %zu bytes: up to %zu are possible", name, strlen(option), size - 1);
	mproci_wipe(place, size);
	memcpy(place, option, strlen(option) + 1);
	return 0;
}

static int fill(mproc_remote *remote, const char *url, const mproc_remote_options *options)
{
	int rc;

	rc = mproci_url_read(url, &remote->url);
	if (rc == 0)
		rc = override(options->user, "user", remote->url.user, sizeof remote->url.user);
	if (rc == 0)
		rc = override(
			options->password, "password", remote->url.password, sizeof remote->url.password);
	if (rc == 0 && remote->url.is_encrypted)
		rc = mproci_remote_tls_create(remote->url.host, &remote->tls);
	if (rc < 0)
		return rc;
	if (options->client_name != NULL) {
		remote->client_name = strdup(options->client_name);
		if (remote->client_name == NULL)
			return mproci_fail(-ENOMEM, "no memory for the client's name");
	}
	remote->durability = options->durability;
	remote->largest_reply = options->largest_reply == 0 ? DEFAULT_LARGEST_REPLY : options->largest_reply;
	return 0;
}

static mproc_remote *destroy(mproc_remote *remote)
{
	mproci_line_close(remote->line);
	mproci_remote_tls_free(remote->tls);
	free(remote->client_name);
	mproci_wipe(remote, sizeof *remote);
	free(remote);
	return NULL;
}

int mproc_remote_connect(const char *url, const mproc_remote_options *options, mproc_deadline deadline,
	mproc_remote **ret_remote)
{
	static const mproc_remote_options defaults;
	mproc_remote *remote;
	int rc;

	if (options == NULL)
		options = &defaults;
	if (ret_remote == NULL)
		return mproci_fail(-EINVAL, "ret_remote is NULL");
	rc = check_options(options);
	if (rc < 0)
		return rc;
	remote = calloc(1, sizeof *remote);
	if (remote == NULL || mproci_lock_init(&remote->next_turn, MPROCI_LOCK_OF_PROGRAM) < 0
		|| mproci_lock_init(&remote->turn, MPROCI_LOCK_OF_PROGRAM) < 0) {
		free(remote);
		return mproci_fail(-ENOMEM, "no memory for a connection");
	}
	rc = fill(remote, url, options);
	if (rc == 0)
		rc = mproci_remote_open_another(remote, deadline, &remote->line);
	if (rc < 0) {
		destroy(remote);
		return rc;
	}
	remote->generation = mproci_line_generation();
	remote->mark = MARK;
	*ret_remote = remote;
	return 0;
}

mproc_remote *mproc_remote_close(mproc_remote *remote)
{
	if (remote == NULL)
		return NULL;
	/* Otherwise it would free what another thread of its parent was at. */
	mproci_remote_renew(remote);
	return destroy(remote);
}
