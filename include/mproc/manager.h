/* SPDX-License-Identifier: MIT */
/*
 * mproc/manager.h - a server that shows objects of the family to other programs, in the protocol of Redis.
 *
 *     mproc_manager *manager;
 *     int rc = mproc_manager_start(NULL, &manager);
 *     rc = mproc_manager_show_dict(manager, "words", words, MPROC_SHOWN_INT64);
 *     printf("redis-cli -s %s hgetall words\n", mproc_manager_url(manager) + strlen("unix:"));
 *     ...
 *     manager = mproc_manager_stop(manager);
 *
 * The manager is a process of its own, and a member of the family: what it shows it reads and changes in the shared
 * memory, as any other member, and the others go on at the speed of memory.  A client is any program that speaks to
 * Redis: redis-cli, the libraries of other languages, mproc/remote.h.  It sees
 *
 *     a value, a number, a flag, an event   as a string     GET, SET, GETSET, STRLEN; numbers also INCR and its kin
 *     an array                              as a list       LINDEX, LSET, LRANGE, LLEN
 *     a dict                                as a hash       HGET, HSET, HDEL, HGETALL, HINCRBY, HSCAN and so on
 *     a list                                as a list       LPUSH, RPUSH, LPOP, BLPOP, LRANGE and so on
 *     a queue                               as a list       RPUSH puts, LPOP and BLPOP get, LLEN counts
 *
 * and beside them whatever clients make themselves, in the manager's own memory: strings, hashes, lists, sets, sorted
 * sets, locks, semaphores and queues.  What is shown is not theirs to take away: to delete, rename or clear it, or to have it
 * expire, is refused.
 *
 * Who may connect: over the Unix socket, whose file is its owner's alone, processes of the same user and of root; over
 * TCP whoever knows the password.  A client can do everything: it is trusted with what is shown, and with nothing else.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  any thread; what shows and hides, of any member of the family.
 *   Fork     the handle is a pointer into the arena, valid in every member.  It belongs to the process that
 *            started the manager: when that ends, the manager does.
 *   Crash    a manager killed anywhere leaves all that it showed usable for the family, as any member does; its
 *            clients lose the connection, and what was in its own memory is gone.  Messages that clients owed are
 *            delivered again.
 *   Signals  a caught signal does not end a wait.  Not async-signal-safe.
 *   Memory   names and options are copied.  What is shown, of any kind, must not be destroyed or freed before it was hidden:
 *            mproc_manager_hide first.  Clients are told that it was destroyed, where that can be seen; of a number and a flag
 *            it cannot, and they would change whatever has come there.
 *   Errors   beside those named, -EINVAL for what is NULL or no manager, and -EPIPE when the manager is gone.
 */
#ifndef MPROC_MANAGER_H
#define MPROC_MANAGER_H

#include <mproc/api.h>
#include <mproc/dict.h>
#include <mproc/event.h>
#include <mproc/list.h>
#include <mproc/process.h>
#include <mproc/queue.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_manager mproc_manager;

enum {
	/* The most bytes of a name under which something is shown. */
	MPROC_MANAGER_NAME_MAX = 255,
};

typedef struct mproc_manager_options {
	/*
	 * The socket's file, in a directory that only this user can write to.  NULL: in a new directory of mode 0700, under XDG_RUNTIME_DIR or
	 * /tmp, which is removed with it; or, when it was killed with its starter, by the next manager of this user.
	 */
	const char *path;
	/* Where it listens as well, "tcp://host:port"; port 0: the kernel chooses one.  NULL: nowhere.  Off this machine only with a password. */
	const char *address;
	/* What clients give to AUTH; or the file whose first line it is, which others cannot read.  NULL: none is asked for. */
	const char *password, *password_file;
	/* Files in PEM: with the first two TCP is TLS; with the third clients need a certificate of one of these authorities. */
	const char *certificate, *key, *authorities;
	/* So many clients at once; 0: 10000. */
	uint32_t max_clients;
	/* Bytes of memory of its process beyond which clients' own keys may not grow; 0: none.  What is shown does not count. */
	uint64_t max_memory;
	/* How its process comes to be. */
	mproc_start start;
	uint64_t reserved[4];
} mproc_manager_options;

/* How clients see the bytes of a value, of an item, of a message. */
typedef enum mproc_shown_as {
	/* As they are. */
	MPROC_SHOWN_BYTES = 0,
	/* As numbers in decimal digits; a client's number that does not fit is refused.  In a dict or a list what has another size is shown as bytes. */
	MPROC_SHOWN_INT32 = 1,
	MPROC_SHOWN_UINT32 = 2,
	MPROC_SHOWN_INT64 = 3,
	MPROC_SHOWN_UINT64 = 4,
	MPROC_SHOWN_FLOAT = 5,
	MPROC_SHOWN_DOUBLE = 6,
	/* A bool, as 1 or 0. */
	MPROC_SHOWN_BOOL = 7,
} mproc_shown_as;

/*
 * Start a manager, and wait until it listens.
 *
 * @options  NULL for the defaults.
 *
 * Returns  0, and the handle in @ret_manager.
 * Fails    -EINVAL         .address is none, or off this machine without a password; there are both .password and .password_file, a
 *                          .certificate without a .key or the other way round, or TLS without .address; a file is none of the kind;
 *                          an option is out of range, a reserved word of @options is not 0, or @ret_manager is NULL
 *          -EMSGSIZE       the first line of .password_file has more than 1023 bytes
 *          -ENAMETOOLONG   .path is longer than a socket's can be: 107 bytes
 *          -EADDRINUSE     somebody listens there, or what has that name is no socket
 *          -EADDRNOTAVAIL  the host is none of this machine's addresses (-EHOSTUNREACH: it cannot be resolved)
 *          -EBUSY          somebody removes its new directory again and again
 *          -EACCES         others can write to the directory of .path, or read .password_file
 *          -EPIPE          the manager ended before it listened, without a word
 *          -ENOENT, -ENOTDIR, …  as the kernel says of a file or the port
 *          or as mproc_process_start
 * Crash    killed before it returns: no manager; the socket's file and its private directory may remain.
 * Cost     as mproc_process_start, and some dozen system calls.
 */
MPROC_API int mproc_manager_start(const mproc_manager_options *options, mproc_manager **ret_manager);

/*
 * Stop a manager: its clients lose the connection, what they owed is given back, its files are removed.  What it showed stays
 * as it is.  At exit() of the process that has started it this happens by itself; when that ends in another way, the manager is
 * killed, and the socket's file remains.
 *
 * @manager  or NULL.  When it was started by another process nothing is done.  Nobody else may be in a call with it,
 *           and nobody may use the pointer after this.
 *
 * Returns  NULL.  A manager that does not end within 5 s is killed.
 * Cost     some dozen system calls.
 */
MPROC_API mproc_manager *mproc_manager_stop(mproc_manager *manager);

/*
 * Tell where a manager listens, as mproc_remote_connect takes it: "unix:" and the path of its socket.
 *
 * Returns  a text that is valid until the manager is stopped; NULL when @manager is none.
 * Cost     none.
 */
MPROC_API const char *mproc_manager_url(const mproc_manager *manager);

/*
 * The same of its TCP port, "redis://host:port", or "rediss://host:port" with TLS; without the password.
 *
 * Returns  a text that is valid until the manager is stopped; NULL when it does not listen there, or @manager is none.
 * Cost     none.
 */
MPROC_API const char *mproc_manager_tcp_url(const mproc_manager *manager);

/*
 * Tell the process id of a manager.
 *
 * Returns  the pid, which no other process has until the manager was stopped.
 * Cost     none.
 */
MPROC_API pid_t mproc_manager_pid(const mproc_manager *manager);

/*
 * Tell whether a manager still runs.
 *
 * Returns  1 or 0.
 * Cost     some system calls.
 */
MPROC_API int mproc_manager_is_alive(mproc_manager *manager);

/*
 * Get a descriptor that tells the end of a manager: readable for poll and epoll from then on.
 *
 * Returns  the descriptor, close-on-exec.  It stays the library's; stopping the manager closes it.
 * Fails    -ECHILD  another process has started it
 *          or as mproc_process_fd, but for -EMFILE
 * Cost     none.
 */
MPROC_API int mproc_manager_fd(mproc_manager *manager);

/*
 * Show a value (mproc/value.h).  Clients' commands take its lock; while somebody else holds that, they wait, at most 5 s, and are told -TRYAGAIN then.
 *
 * @name   1 to MPROC_MANAGER_NAME_MAX bytes.
 * @value  from mproc_value_create.
 * @size   its bytes.  A client sets all of them, or none.
 * @as     how clients see it.
 *
 * Returns  0: from here on every client sees it.
 * Fails    -EEXIST     something is shown under that name, or a client has made something
 *          -EINVAL     @name is empty or too long, @value is no value, @as is not possible, or needs another @size
 *          -ENOMEM     the arena is full, or the manager has no memory
 *          -ETIMEDOUT  the manager, stopped perhaps, does not answer for 5 s; it is not shown
 * Crash    killed before it returns: it is shown, or not, or will be when somebody shows or hides something else.
 * Cost     a message to the manager's process and back, about 50 us; it looks at all that is shown.
 */
MPROC_API int mproc_manager_show_value(
	mproc_manager *manager, const char *name, void *value, size_t size, mproc_shown_as as);

/*
 * Show an array (mproc/value.h), as a list that does not grow.
 *
 * @array     from mproc_array_create.
 * @size      bytes of each item.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_value.
 */
MPROC_API int mproc_manager_show_array(
	mproc_manager *manager, const char *name, void *array, size_t size, mproc_shown_as as);

/*
 * Show a number that is changed by atomic operations alone: an _Atomic int64_t.
 *
 * @number  in memory of the arena (mproc/arena.h), aligned to 8 bytes.
 *
 * Returns, Crash, Cost  as mproc_manager_show_value.
 * Fails    -EINVAL  @number is not in the arena, or not aligned
 *          or as mproc_manager_show_value
 */
MPROC_API int mproc_manager_show_number(mproc_manager *manager, const char *name, void *number);

/*
 * Show a flag, an _Atomic bool, as 1 or 0.
 *
 * @flag  in memory of the arena.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_number.
 */
MPROC_API int mproc_manager_show_flag(mproc_manager *manager, const char *name, void *flag);

/*
 * Show an event, as 1 when it is set, otherwise 0.  SET to 1 sets it, SET to 0 clears it.
 *
 * @event  in memory of the arena.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_number.
 */
MPROC_API int mproc_manager_show_event(mproc_manager *manager, const char *name, mproc_event *event);

/*
 * Show a dict.  Its keys are the fields of a hash, as they are.
 *
 * @as  how clients see its values.  What mproc_dict_add counts is MPROC_SHOWN_INT64.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_value.
 */
MPROC_API int mproc_manager_show_dict(
	mproc_manager *manager, const char *name, mproc_dict *dict, mproc_shown_as as);

/*
 * Show a list.
 *
 * @as  how clients see its items.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_value.
 */
MPROC_API int mproc_manager_show_list(
	mproc_manager *manager, const char *name, mproc_list *list, mproc_shown_as as);

/*
 * Show a queue, as a list: clients put by RPUSH and get by LPOP or BLPOP.  A client that gets a message of an acknowledged queue
 * owes it until it asks for the next one, or until LREM; when it goes before that, the message is delivered again.  mproc's own client
 * puts by mproc_remote_list_append and gets by mproc_remote_list_pop_first; a mproc_remote_queue is another thing, which the
 * manager keeps itself, also under the same name.
 *
 * @as  how clients see its messages.
 *
 * Returns, Fails, Crash, Cost  as mproc_manager_show_value.
 */
MPROC_API int mproc_manager_show_queue(
	mproc_manager *manager, const char *name, mproc_queue *queue, mproc_shown_as as);

/*
 * Show something no longer.
 *
 * Returns  0: the manager does not touch it any more.
 * Fails    -ENOENT     nothing is shown under that name
 *          -EPIPE      the manager is gone, and touches nothing
 *          -ETIMEDOUT  the manager, stopped perhaps, does not answer for 5 s, and may touch it until it does; to be called again
 * Crash    killed before it returns: it is hidden, or not, or will be when somebody shows or hides something else.
 * Cost     as mproc_manager_show_value.
 */
MPROC_API int mproc_manager_hide(mproc_manager *manager, const char *name);

MPROC_END_DECLS

#endif
