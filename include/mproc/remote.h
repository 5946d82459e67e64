/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote.h - a connection to a manager or to a Redis server, over which all remote objects go.
 *
 *     mproc_remote *remote;
 *     int rc = mproc_remote_connect("unix:/run/me/manager.sock", NULL, mproc_after(5), &remote);
 *     ...
 *     rc = mproc_remote_counter_add(remote, "jobs:done", 1, mproc_after(1), &count);
 *     ...
 *     remote = mproc_remote_close(remote);
 *
 * Remote objects are names in a server: values, counters and flags (mproc/remote_value.h), dicts, lists, sets,
 * queues, locks and more in the headers beside that.  Any program on any machine that knows the server and the name
 * has the same object; so have programs in other languages, for the server is a Redis server, or a manager
 * (mproc/manager.h), which speaks its language.
 *
 * A URL says where the server is:
 *     unix:/path[?db=N]                              a socket file
 *     redis://[[user]:password@]host[:port][/db]     a name, a number, or an IPv6 number in brackets; port 6379
 *     rediss://...                                   the same encrypted, where the library was built with hiredis_ssl
 * %XX stands for a byte that would mean something else there.  No error text shows a user or a password.
 *
 * When a connection breaks, or a call finds that the server has hung up, it is opened again, after 1 ms, then after
 * pauses that grow to 1 s, until the deadline.  What surely was not sent then is sent, and what may have been sent is
 * sent again if doing it twice is the same as doing it once: reading, setting.  Other calls return -ECONNRESET.
 *
 * Contract for everything in this file and in the mproc/remote_*.h, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any; they take turns, and a call waits for its turn until its deadline.
 *   Fork     a forked child has its own copy of the handle: its connection is closed there without a word to the
 *            server, and another one opened at the first use.
 *   Crash    what a call had sent when its process was killed may or may not be carried out.  What the server has stays.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe; SIGPIPE is not raised.
 *   Memory   buffers stay the caller's.  A name is a text of 1 to 65536 bytes.
 *   Deadline every call ends by it, whatever the server does, but for looking up a host's name.  MPROC_NOW waits for
 *            nobody but the server, and for that a second, since an answer cannot take no time.  What waits in the
 *            server for something to take gives it a second more to answer: what it took would be lost otherwise.
 *   Errors   beside those named:
 *            -EINVAL      an argument that cannot be, or the name belongs to an object of another kind
 *            -ETIMEDOUT   no answer until the deadline; it may or may not be carried out
 *            -ECONNRESET  the connection broke; it may or may not have been carried out
 *            -ECONNREFUSED, -EHOSTUNREACH, … still no connection at the deadline: as the system says it
 *            -EPERM       the object is shown by a manager and belongs to its family: it cannot be deleted, cleared, made to
 *                         expire, or used in this way; or the family has destroyed it
 *            -EACCES      the server refuses the user, the password, or this command to this user
 *            -EROFS       the server is a replica, which can only be read
 *            -ENOMEM      the server's memory is full, or there is none here
 *            -EIO         the server cannot write to its disk, and takes no changes
 *            -EAGAIN      the server was starting or busy until the deadline
 *            -EMSGSIZE    the reply is larger than .largest_reply, or what is to be sent than 512 MiB
 *            -EPROTO      the server says something else: the error text has its words
 *            -EBADMSG     the server's answer makes no sense
 */
#ifndef MPROC_REMOTE_H
#define MPROC_REMOTE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_remote mproc_remote;

/* What is left of a change that was answered, when the server's machine loses its power. */
typedef enum mproc_remote_durability {
	/* Perhaps nothing: it is in memory, or nobody can tell. */
	MPROC_REMOTE_MEMORY = 0,
	/* All but the last seconds: a journal, written to the disk each second. */
	MPROC_REMOTE_SECONDS = 1,
	/* Everything: a journal that is on the disk before the answer. */
	MPROC_REMOTE_SYNC = 2,
} mproc_remote_durability;

typedef struct mproc_remote_options {
	/* Instead of those in the URL; NULL: those. */
	const char *user;
	const char *password;
	/* Under which the server lists its clients; NULL: none. */
	const char *client_name;
	/* Refuse a server that promises less, or that throws data away when its memory is full. */
	mproc_remote_durability durability;
	/*
	 * The most memory that one reply may take, at most 1 GiB, each element of it counting 64 bytes more; 0:
	 * 67108864 (64 MiB).
	 */
	size_t largest_reply;
	uint64_t reserved[4];
} mproc_remote_options;

/*
 * Connect.
 *
 * @url       where the server is, see above.
 * @options   NULL for the defaults.
 * @deadline  it tries again until then when the host has no address, nobody listens there, or the server is still
 *            starting.
 *
 * Returns  0, and the handle in @ret_remote.
 * Fails    -EINVAL           @url is none; an option is out of range; a reserved word is not 0
 *          -ENOENT           there is no such socket file, still, at the deadline
 *          -EPROTONOSUPPORT  "rediss://", and the library was built without hiredis_ssl
 *          -EOPNOTSUPP       the server promises less than .durability; the error text says by which of its settings
 * Cost     some system calls, and one round trip; another one with .durability.
 */
MPROC_API int mproc_remote_connect(const char *url, const mproc_remote_options *options,
	mproc_deadline deadline, mproc_remote **ret_remote);

/*
 * Close a handle and its connection.
 *
 * @remote  or NULL.  Nobody may use it any more, nor what was opened with it.
 *
 * Returns  NULL.  What a manager keeps for the connection alone, such as locks, is given back there.
 * Fork     closes the child's copy.
 * Cost     a system call.
 */
MPROC_API mproc_remote *mproc_remote_close(mproc_remote *remote);

typedef enum mproc_remote_kind {
	MPROC_REMOTE_REDIS,
	MPROC_REMOTE_MANAGER,
} mproc_remote_kind;

typedef enum mproc_remote_role {
	MPROC_REMOTE_PRIMARY,
	/* It follows a primary, and can only be read. */
	MPROC_REMOTE_REPLICA,
} mproc_remote_role;

typedef struct mproc_remote_info {
	mproc_remote_kind kind;
	mproc_remote_role role;
	/* Of Redis, or of the mproc that the manager is of. */
	char version[32];
	/* How many replicas are connected to it. */
	unsigned replicas;
	mproc_remote_durability durability;
	uint64_t reserved[4];
} mproc_remote_info;

/*
 * Tell what the server is, now.
 *
 * Returns  0, and the answer in @ret_info.
 * Cost     two round trips.
 */
MPROC_API int mproc_remote_get_info(
	mproc_remote *remote, mproc_deadline deadline, mproc_remote_info *ret_info);

/*
 * Wait until replicas have what this process has changed through this handle before.
 *
 * @count     how many replicas.
 * @deadline  when to give up.
 *
 * Returns  0, and how many have it in @ret_count, unless that is NULL: in memory, not on their disks.
 * Fails    -ETIMEDOUT   fewer have it at the deadline; the error text says how many
 *          -ECONNRESET  the connection broke since the last call of this: what was changed before may be lost; said once
 *          -EROFS       the server is a replica itself
 * Cost     one round trip a second.
 */
MPROC_API int mproc_remote_wait_replicas(
	mproc_remote *remote, unsigned count, mproc_deadline deadline, unsigned *ret_count);

typedef enum mproc_remote_reply_kind {
	/* There is nothing. */
	MPROC_REMOTE_NOTHING,
	MPROC_REMOTE_INTEGER,
	/* Bytes. */
	MPROC_REMOTE_BYTES,
	/* A word such as "OK". */
	MPROC_REMOTE_STATUS,
	/* What went wrong, in the server's words. */
	MPROC_REMOTE_ERROR,
	MPROC_REMOTE_ARRAY,
} mproc_remote_reply_kind;

typedef struct mproc_remote_reply {
	mproc_remote_reply_kind kind;
	/* Of MPROC_REMOTE_INTEGER. */
	int64_t integer;
	/* Of MPROC_REMOTE_BYTES, _STATUS and _ERROR: @size bytes, and a 0 behind them. */
	const char *text;
	size_t size;
	/* Of MPROC_REMOTE_ARRAY. */
	const struct mproc_remote_reply *elements;
	size_t count;
} mproc_remote_reply;

/*
 * Have the server carry out any command that it knows.
 *
 * @count      how many arguments, with the command's name, 1 to 1048576.
 * @arguments  the arguments; nothing in them is interpreted here.
 * @sizes      their sizes in bytes; NULL: they are texts that end with a 0.
 *
 * Returns  0, and the reply in @ret_reply, to be freed with mproc_remote_reply_free; NULL: not wanted.
 * Fails    -EINVAL     also for commands that would change the connection for everybody who uses it: SUBSCRIBE, MONITOR,
 *                      SELECT, AUTH, HELLO, QUIT and the like; and MULTI without EXEC behind it
 *          -ETIMEDOUT  also closes the connection, since nobody knows how long the server goes on: what a manager had
 *                      given to it, such as locks, is given back there
 *          the server's error replies are failures as well, with its words as the error text
 * Cost     one round trip.  It is sent again only where the server says that it is starting or busy, and has not carried it
 *          out.  A command that waits in the server keeps other threads waiting.
 */
MPROC_API int mproc_remote_command(mproc_remote *remote, size_t count, const char *const *arguments,
	const size_t *sizes, mproc_deadline deadline, mproc_remote_reply **ret_reply);

/* One of several commands: as the arguments of mproc_remote_command. */
typedef struct mproc_remote_command_line {
	size_t count;
	const char *const *arguments;
	const size_t *sizes;
} mproc_remote_command_line;

/*
 * Have the server carry out many commands, without waiting for the reply to one before the next is sent.
 *
 *     mproc_remote_reply *replies;
 *     int rc = mproc_remote_commands(remote, commands, count, mproc_after(5), &replies);
 *     for (size_t i = 0; rc >= 0 && i < count; ++i)
 *             printf("%lld\n", (long long)replies[i].integer);
 *     if (rc >= 0)
 *             mproc_remote_reply_free(replies);
 *
 * @commands, @count  the commands; other clients' may come between them, unless they begin with MULTI and end with EXEC.
 *
 * Returns  0; MPROC_ITEMS_FAILED: some replies are of the kind MPROC_REMOTE_ERROR.  Where @ret_replies is not NULL it
 *          gets the replies in their order: an array, replies[0] to replies[@count - 1], and none that is of the kind
 *          MPROC_REMOTE_ARRAY with these as its elements.  One call of mproc_remote_reply_free(replies) frees them all.
 * Fails    as mproc_remote_command; some may have been carried out then
 * Cost     one round trip, and the server's work.
 */
MPROC_API int mproc_remote_commands(mproc_remote *remote, const mproc_remote_command_line *commands,
	size_t count, mproc_deadline deadline, mproc_remote_reply **ret_replies);

/*
 * Free what one of the above has returned.
 *
 * @reply  or NULL.
 *
 * Returns  NULL.
 * Cost     that of free.
 */
MPROC_API mproc_remote_reply *mproc_remote_reply_free(mproc_remote_reply *reply);

/*
 * Tell something to all who have subscribed to a channel at this moment; nobody else ever gets it.
 *
 * @channel        its name.
 * @message, @size the bytes.
 *
 * Returns  0, and how many got it in @ret_count, unless that is NULL.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_publish(mproc_remote *remote, const char *channel, const void *message,
	size_t size, mproc_deadline deadline, unsigned *ret_count);

/*
 * Delete an object of any kind, but none that a manager shows (-EPERM).
 *
 * Returns  0.
 * Fails    -ENOENT  there is none of that name; also when the connection broke and it was deleted by the first attempt
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_delete(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Tell whether there is an object of that name.
 *
 * Returns  1, or 0.
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_exists(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Have an object deleted after some time.
 *
 * @seconds  from now, to the millisecond, more than 0; INFINITY: never, which takes back what was said before.
 *
 * Returns  0.
 * Fails    -ENOENT  there is none of that name
 *          -EINVAL  @seconds is 0 or less, or more than 9e9
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_expire(
	mproc_remote *remote, const char *name, double seconds, mproc_deadline deadline);

/*
 * Tell after how many seconds an object will be deleted.
 *
 * Returns  0, and the seconds in @ret_seconds; INFINITY: it will not.
 * Fails    -ENOENT  there is none of that name
 * Cost     one round trip.
 */
MPROC_API int mproc_remote_expires_in(
	mproc_remote *remote, const char *name, mproc_deadline deadline, double *ret_seconds);

MPROC_END_DECLS

#endif
