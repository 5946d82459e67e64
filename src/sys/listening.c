/* SPDX-License-Identifier: MIT */
/*
 * A socket file is made in one step, with the mode that its socket has before it is bound; but one that is
 * bound and does not listen yet looks like one that a dead process has left.  So who binds, and who looks
 * whether it may replace, holds the lock of a file beside it, for that moment, and removes it.
 */
#include "sys/listening.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/directory.h"
#include "sys/file_lock.h"
#include "sys/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LOCK_NAME_SIZE = MPROCI_SOCKET_PATH_LIMIT + sizeof ".lock",
};

/* How long another process may take to open the same address. */
static const int64_t PATIENCE = INT64_C(5000000000);

static int fail(int rc, const char *path, const char *happened)
{
	char what[192];

	snprintf(what, sizeof what, "listener \"unix:%s\"%s", path, happened);
	return mproci_fail_descriptor(rc, what);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

static int bind_to(int socket, const char *path)
{
	struct sockaddr_un address = address_of(path);

	return bind(socket, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

/* Whether nobody listens at the socket file any more: 1 or 0. */
static int is_dead(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int probe, rc;

	probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	rc = connect(probe, (const struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
	close(probe);
	return rc;
}

static int remove_dead(const char *path)
{
	struct stat status;
	int rc;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : fail(-errno, path, "");
	if (!S_ISSOCK(status.st_mode))
		return mproci_fail(
			-EADDRINUSE, "listener \"unix:%s\": there is a file that is no socket", path);
	rc = is_dead(path);
	if (rc == 0)
		return mproci_fail(-EADDRINUSE, "listener \"unix:%s\": somebody listens there already", path);
	if (rc < 0 || unlink(path) != 0)
		return fail(rc < 0 ? rc : -errno, path, ": what a dead listener has left cannot be removed");
	return 0;
}

static int listen_here(int socket, const char *path, int backlog)
{
	int rc;

	rc = bind_to(socket, path);
	if (rc == -EADDRINUSE) {
		rc = remove_dead(path);
		if (rc < 0)
			return rc;
		rc = bind_to(socket, path);
	}
	if (rc == 0 && listen(socket, backlog) != 0)
		rc = -errno;
	return rc == 0 ? 0 : fail(rc, path, "");
}

/* Returns the descriptor of the lock, which is held, or a negative errno. */
static int lock(const char *path, const char *lock_path)
{
	mproc_deadline deadline = mproci_clock_now() + PATIENCE;

	for (;;) {
		int descriptor = mproci_file_lock_open(MPROCI_WORKING_DIRECTORY, lock_path, true), rc;

		if (descriptor < 0)
			return fail(descriptor, path, ": its lock cannot be made");
		rc = mproci_file_lock_take(descriptor, false, deadline);
		/* Who held it before has removed it. */
		if (rc == 0)
			rc = mproci_file_lock_is_current(descriptor, MPROCI_WORKING_DIRECTORY, lock_path);
		if (rc > 0)
			return descriptor;
		close(descriptor);
		if (rc == -ETIMEDOUT)
			return mproci_fail(
				rc, "listener \"unix:%s\": somebody else has been opening it for 5 s", path);
		if (rc < 0)
			return fail(rc, path, ": its lock cannot be taken");
	}
}

static void unlock(int descriptor, const char *lock_path)
{
	unlink(lock_path);
	mproci_file_lock_release(descriptor);
	close(descriptor);
}

static mproci_file_id file_of(const char *path)
{
	struct stat status = {0};

	lstat(path, &status);
	return (mproci_file_id){.device = status.st_dev, .inode = status.st_ino};
}

static int make_socket(const char *path, int type)
{
	int descriptor;

	descriptor = mproci_descriptor_lift(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (descriptor < 0)
		return fail(descriptor, path, "");
	/* The file will have the mode of the socket. */
	if (fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) {
		int rc = fail(-errno, path, ": cannot be given its mode");

		close(descriptor);
		return rc;
	}
	return descriptor;
}

static int open_at_path(const char *path, int type, int backlog, mproci_file_id *ret_file)
{
	char lock_path[LOCK_NAME_SIZE];
	int descriptor, lock_descriptor, rc;

	descriptor = make_socket(path, type);
	if (descriptor < 0)
		return descriptor;
	snprintf(lock_path, sizeof lock_path, "%s.lock", path);
	lock_descriptor = lock(path, lock_path);
	rc = lock_descriptor < 0 ? lock_descriptor : listen_here(descriptor, path, backlog);
	if (rc == 0)
		*ret_file = file_of(path);
	if (lock_descriptor >= 0)
		unlock(lock_descriptor, lock_path);
	if (rc == 0)
		return descriptor;
	close(descriptor);
	return rc;
}

int mproci_listen_at_path(const char *path, int backlog, mproci_file_id *ret_file)
{
	return open_at_path(path, SOCK_SEQPACKET, backlog, ret_file);
}

int mproci_listen_at_path_for_streams(const char *path, int backlog, mproci_file_id *ret_file)
{
	return open_at_path(path, SOCK_STREAM, backlog, ret_file);
}

int mproci_socket_check_folder(const char *path)
{
	const char *end = strrchr(path, '/');
	char folder[MPROCI_SOCKET_PATH_LIMIT + 1] = ".";
	struct stat status;

	if (end != NULL)
		snprintf(folder, sizeof folder, "%.*s", end == path ? 1 : (int)(end - path), path);
	if (stat(folder, &status) != 0)
		return fail(-errno, path, ": its folder");
	if ((status.st_uid == geteuid() || status.st_uid == 0) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return mproci_fail(-EACCES,
		"listener \"unix:%s\": others can write to its folder, of user %u and mode %03o", path,
		(unsigned)status.st_uid, (unsigned)status.st_mode & 07777);
}

static int listen_at(const struct addrinfo *one, int backlog)
{
	const int on = 1;
	int descriptor, rc;

	descriptor =
		mproci_descriptor_lift(socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (descriptor < 0)
		return descriptor;
	/* Connections of an earlier listener linger; two that listen exclude each other all the same. */
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(descriptor, one->ai_addr, one->ai_addrlen) == 0 && listen(descriptor, backlog) == 0)
		return descriptor;
	rc = -errno;
	close(descriptor);
	return rc;
}

int mproci_listen_at_host(const char *host, uint16_t port, int backlog)
{
	struct addrinfo *list;
	int rc;

	rc = mproci_resolve(host, port, true, &list);
	if (rc < 0)
		return rc;
	for (const struct addrinfo *one = list; one != NULL; one = one->ai_next) {
		rc = listen_at(one, backlog);
		/* Not at the next address, when somebody listens at the first one. */
		if (rc >= 0 || rc == -EADDRINUSE)
			break;
	}
	freeaddrinfo(list);
	if (rc < 0) {
		char what[192];

		snprintf(what, sizeof what, "listener at \"%.100s\", port %u", host, port);
		return mproci_fail_descriptor(rc, what);
	}
	return rc;
}

int mproci_listening_name(int listening, char ret_text[MPROCI_HOST_AND_PORT_SIZE])
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;

	if (getsockname(listening, (struct sockaddr *)&address, &size) != 0) {
		int rc = -errno;

		return mproci_fail(rc, "a socket has no address: %s", strerror(-rc));
	}
	return mproci_resolve_name((const struct sockaddr *)&address, size, ret_text);
}

int mproci_socket_peer_name(int socket, char ret_text[MPROCI_HOST_AND_PORT_SIZE])
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;

	if (getpeername(socket, (struct sockaddr *)&address, &size) != 0) {
		int rc = -errno;

		return mproci_fail(rc, "the other end of a socket has no address: %s", strerror(-rc));
	}
	return mproci_resolve_name((const struct sockaddr *)&address, size, ret_text);
}

void mproci_listening_end(int listening)
{
	int waiting;

	shutdown(listening, SHUT_RDWR);
	/* Those of a Unix socket would wait as long as anybody has the socket. */
	while ((waiting = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		mproci_socket_hang_up(waiting);
}

void mproci_socket_file_remove(const char *path, mproci_file_id file)
{
	mproci_file_id now = file_of(path);

	if (now.device == file.device && now.inode == file.inode)
		unlink(path);
}

/* The connection that was to be taken has failed already; there may be others. */
static bool is_of_one_connection(int code)
{
	static const int codes[] = {EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENONET, EHOSTDOWN,
		EHOSTUNREACH, ENETUNREACH, EOPNOTSUPP, EPERM};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
		if (code == codes[i])
			return true;
	}
	return false;
}

int mproci_listening_accept(int listening)
{
	int descriptor;

	do
		descriptor = mproci_descriptor_lift(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
	while (descriptor < 0 && is_of_one_connection(-descriptor));
	if (descriptor == -EINVAL)
		return -EPIPE;
	if (descriptor >= 0 || descriptor == -EAGAIN)
		return descriptor;
	return mproci_fail_descriptor(descriptor, "cannot accept a connection");
}
