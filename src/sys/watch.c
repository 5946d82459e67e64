/* SPDX-License-Identifier: MIT */
#include "sys/watch.h"

#include "sys/descriptor.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

enum {
	/* That are told at once. */
	MOST_EVENTS = 128
};

const mproci_watch mproci_watch_closed = {.descriptor = -1, .timer = -1};

int mproci_watch_open(mproci_watch *ret_watch)
{
	mproci_watch watch = mproci_watch_closed;
	int rc;

	watch.descriptor = mproci_descriptor_lift(epoll_create1(EPOLL_CLOEXEC));
	watch.timer = mproci_descriptor_lift(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	rc = watch.descriptor < 0 ? watch.descriptor : watch.timer;
	if (rc >= 0)
		rc = mproci_watch_add(&watch, watch.timer, MPROCI_WATCH_ALARM);
	if (rc >= 0)
		*ret_watch = watch;
	else
		mproci_watch_close(&watch);
	return rc >= 0 ? 0 : mproci_fail_descriptor(rc, "cannot watch descriptors");
}

void mproci_watch_close(mproci_watch *watch)
{
	mproci_close(watch->timer);
	mproci_close(watch->descriptor);
	*watch = mproci_watch_closed;
}

int mproci_watch_add(const mproci_watch *watch, int descriptor, uint32_t name)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = name};

	return epoll_ctl(watch->descriptor, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

void mproci_watch_remove(const mproci_watch *watch, int descriptor)
{
	struct epoll_event unused = {0};

	epoll_ctl(watch->descriptor, EPOLL_CTL_DEL, descriptor, &unused);
}

void mproci_watch_set_alarm(const mproci_watch *watch, int64_t time)
{
	struct itimerspec at = {.it_value = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}};

	timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

int mproci_watch_look(const mproci_watch *watch, uint32_t *ret_names, int count)
{
	struct epoll_event events[MOST_EVENTS];
	int ready;

	ready = epoll_wait(watch->descriptor, events, count < MOST_EVENTS ? count : MOST_EVENTS, 0);
	for (int i = 0; i < ready; ++i)
		ret_names[i] = events[i].data.u32;
	return ready < 0 ? 0 : ready;
}
