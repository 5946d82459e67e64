/* SPDX-License-Identifier: MIT */
/*
 * Parked sessions.  One that is called again and parks again for the same keys keeps its place among those that wait for them.
 */
#include "manager/serving.h"

#include <errno.h>
#include <stdlib.h>

static void on_timer(uv_timer_t *timer)
{
	mproci_session *session = timer->data;

	mproci_server_update_time(session->server);
	session->is_late = true;
	mproci_turn_retry(session);
}

static void tell(mproci_key_watcher *watcher)
{
	mproci_session *session = ((mproci_waiting *)watcher)->session;

	if (session->woken.previous == NULL)
		DL_APPEND2(session->server->woken, session, woken.previous, woken.next);
}

static void forget_names(mproci_session *session)
{
	for (size_t i = 0; i < session->waiting_count; ++i)
		mproci_keyspace_unwatch(&session->waiting[i].watcher);
	free(session->waiting);
	session->waiting = NULL;
	session->waiting_count = 0;
}

static bool waits_for(const mproci_session *session, const mproci_view *names, size_t count)
{
	if (session->waiting_count != count)
		return false;
	for (size_t i = 0; i < count; ++i) {
		if (!mproci_view_equal(session->waiting[i].name, names[i]))
			return false;
	}
	return true;
}

/* One piece of memory: the places, and behind them the names. */
static mproci_waiting *copy_names(const mproci_view *names, size_t count)
{
	size_t size = 0;
	mproci_waiting *waiting;
	char *to;

	for (size_t i = 0; i < count; ++i)
		size += names[i].size;
	waiting = calloc(1, count * sizeof *waiting + size);
	if (waiting == NULL)
		return NULL;
	to = (char *)(waiting + count);
	for (size_t i = 0; i < count; ++i) {
		waiting[i].name = (mproci_view){to, names[i].size};
		memcpy(to, names[i].bytes, names[i].size);
		to += names[i].size;
	}
	return waiting;
}

static int wait_for(mproci_session *session, const mproci_view *names, size_t count)
{
	session->waiting = copy_names(names, count);
	if (session->waiting == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; ++i) {
		mproci_waiting *one = &session->waiting[i];
		int rc;

		one->session = session;
		one->watcher.tell = tell;
		rc = mproci_keyspace_watch(session->server->keyspace, one->name, &one->watcher);
		if (rc < 0) {
			forget_names(session);
			return rc;
		}
		session->waiting_count = i + 1;
	}
	return 0;
}

static void join_retriers(mproci_session *session)
{
	if (session->retrying.previous != NULL)
		return;
	DL_APPEND2(session->server->retriers, session, retrying.previous, retrying.next);
	mproci_server_retry_later(session->server);
}

static void leave_retriers(mproci_session *session)
{
	if (session->retrying.previous == NULL)
		return;
	DL_DELETE2(session->server->retriers, session, retrying.previous, retrying.next);
	session->retrying.previous = NULL;
}

static void wait_until(mproci_session *session, int64_t until)
{
	int64_t now = mproci_keyspace_now(session->server->keyspace);

	/* A command that is called again reckons from then on; what counts is when it was called first. */
	if (!session->is_parked && until != 0)
		uv_timer_start(&session->timer, on_timer, until > now ? (uint64_t)(until - now) : 0, 0);
}

int mproci_session_park(mproci_session *session, const mproci_view *names, size_t count, int64_t until)
{
	if (count == 0)
		join_retriers(session);
	else
		leave_retriers(session);
	if (!session->is_parked || !waits_for(session, names, count)) {
		int rc;

		forget_names(session);
		rc = count == 0 ? 0 : wait_for(session, names, count);
		if (rc < 0) {
			mproci_parking_end(session);
			return rc;
		}
	}
	wait_until(session, until);
	session->is_parked = true;
	return 0;
}

bool mproci_session_is_late(const mproci_session *session)
{
	return session->is_late;
}

void mproci_parking_end(mproci_session *session)
{
	forget_names(session);
	leave_retriers(session);
	if (session->woken.previous != NULL) {
		DL_DELETE2(session->server->woken, session, woken.previous, woken.next);
		session->woken.previous = NULL;
	}
	if (session->is_parked)
		uv_timer_stop(&session->timer);
	session->is_parked = false;
	session->is_late = false;
}
