/* SPDX-License-Identifier: MIT */
/*
 * mproc/cache.h - results of functions, kept in a directory by their arguments, for all programs that open it.
 *
 *     static int count_for_cache(const void *arguments, size_t size, mproc_cache_result *result, void *unused);
 *     ...
 *     const mproc_cache_key key = {"count_primes", VERSION, &ranges[i], sizeof ranges[i]};
 *     mproc_cache_value value;
 *
 *     if (mproc_cache_call(cache, &key, count_for_cache, NULL, MPROC_FOREVER, &value) < 0)
 *             return fail();
 *     primes += *(const uint64_t *)value.bytes;
 *     mproc_cache_value_free(&value);
 *
 * The first call computes, whoever makes it; each other one, from any process of any program, also after a restart, reads what is stored.  Of
 * those that ask for the same at the same time one computes and the others wait; if it dies, another one takes over.
 *
 * Each result is a file, which appears whole or not at all.  Before a result is returned it is checked against its checksum: one that
 * was damaged is told to the log (mproc/log.h), counted, and computed again.  The checksum finds accidents; whoever may write to the directory can store
 * any result, so it should belong to those who trust each other.  A power cut may cost results that were just stored, nothing else.
 *
 * The directory keeps to its bounds: what was stored longest ago goes first by age, what was used longest ago by size.  A thread of
 * the process whose put went beyond a bound removes it; nobody who reads waits for that.
 *
 * Contract for everything in this file, unless a function says otherwise:
 *   Result   0 or more on success, a negative errno on failure; outputs are then untouched.
 *   Threads  a handle may be used by any thread; not while another one closes it.
 *   Fork     a child, made by fork() or by mproc, may use its parent's handle and has to close it for itself.
 *   Crash    whoever is killed at any instruction has stored his result or not; the others go on, and who waited for him computes.
 *            What he leaves beside the results is removed by who opens the cache next.
 *   Signals  not async-signal-safe.  A caught signal does not end a wait.
 */
#ifndef MPROC_CACHE_H
#define MPROC_CACHE_H

#include <mproc/api.h>
#include <mproc/deadline.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MPROC_BEGIN_DECLS

typedef struct mproc_cache mproc_cache;

typedef struct mproc_cache_options {
	/* Bytes on the disk that all results together may take, each rounded up to 4096; 0: 10 GiB; UINT64_MAX: no bound. */
	uint64_t max_bytes;
	/* Seconds after which a stored result counts no more, at most 1e9; 0: never. */
	double max_age;
	uint64_t reserved[6];
} mproc_cache_options;

/* What a result is found by: the same in all four is the same result.  All of it stays as it is until the call returns. */
typedef struct mproc_cache_key {
	/* The name of the function: 1 to 255 bytes. */
	const char *function;
	/* To be changed whenever the function computes something else than before. */
	uint64_t version;
	/* Its arguments.  Every byte counts, also padding; NULL and 0: none. */
	const void *arguments;
	size_t size;
} mproc_cache_key;

/* How a value came about. */
typedef enum mproc_cache_origin {
	MPROC_CACHE_FOUND = 0,
	/* The function was called, and its result is stored. */
	MPROC_CACHE_COMPUTED = 1,
	/* The function was called, and its result is not stored; mproc_error_text() says why. */
	MPROC_CACHE_NOT_STORED = 2,
} mproc_cache_origin;

/* A result.  Large ones are a map of the file, which stays as it is even if the result is removed or replaced meanwhile. */
typedef struct mproc_cache_value {
	/* At an address that is a multiple of 64; not NULL, also where @size is 0.  To be read only. */
	const void *bytes;
	size_t size;
	mproc_cache_origin origin;
	/* Seconds that the function took. */
	double cost;
	/* When it was stored: seconds since 1970. */
	double stored;
	/* The library's. */
	void *memory;
	size_t length;
} mproc_cache_value;

/* Where a function puts its result. */
typedef struct mproc_cache_result mproc_cache_result;

/*
 * Compute a result of @size bytes of @arguments.
 *
 * Returns 0 after mproc_cache_return (without it, the result has 0 bytes); or a negative number: there is no result, and nothing is stored.
 */
typedef int mproc_cache_function(
	const void *arguments, size_t size, mproc_cache_result *result, void *context);

/*
 * Open the cache in a directory; it is made, mode 0777 less umask, if it is not there.  An empty directory becomes a cache; one that is a cache has a
 * CACHEDIR.TAG in it, so that backup programs can leave it out.
 *
 * @options  NULL for the defaults.  Bounds are those of each handle: what goes beyond the smallest is removed.
 *
 * A directory, or a file system, that cannot be written to can be read: then nothing is stored, and nobody waits for others.
 *
 * Returns  0, and the handle in @ret_cache.
 * Fails    -EINVAL      @directory or @ret_cache is NULL; an option is out of range; a reserved word is not 0
 *          -ENOTEMPTY   the directory has something in it, and is no cache
 *          -EPROTONOSUPPORT  it was made by a newer mproc, in a format that this one does not know
 *          -ENOTDIR, -EACCES, -ENOENT (a parent), -ENAMETOOLONG, -ENOSPC, …  as open(2) and mkdir(2)
 *          -ENOSYS      libcrypto is not installed
 *          -EMFILE, -ENFILE  no descriptors left
 *          -ENOMEM      no memory
 * Cost     about 30 system calls, however much is stored.
 */
MPROC_API int mproc_cache_open(
	const char *directory, const mproc_cache_options *options, mproc_cache **ret_cache);

/*
 * Close a handle; values stay valid.
 *
 * @cache  or NULL.
 *
 * Returns  NULL.
 * Cost     some system calls.  What is being removed in the background is not waited for longer than one file takes.
 */
MPROC_API mproc_cache *mproc_cache_close(mproc_cache *cache);

/*
 * Return the stored result of a function, or compute and store it.
 *
 * @function   called in this thread, if the result is not there, with the key's arguments and @context, which is not part of the key.
 *             It may call this for other keys, fork, and end its thread, which lets the next one compute; it must not leave by longjmp or
 *             by an exception of C++: others would wait as long as this process lives.
 * @deadline   until when to wait for others who compute it; the function itself may take as long as it likes.
 *
 * Trouble with the cache costs time, not the result: one that cannot be read is computed again, one that cannot be stored (no room on
 * the disk, no permission) is returned nevertheless, and where there can be no lock nobody waits.
 *
 * Returns  0, and the result in @ret_value, which is to be freed by mproc_cache_value_free.  What @function returned, if that is negative.
 * Fails    -EINVAL     @cache, @key, @function or @ret_value is NULL; the key's function is NULL, empty or longer than 255 bytes; arguments are NULL with a size
 *          -ETIMEDOUT  somebody else was computing it at the deadline
 *          -EDEADLK    called, for the same key, by the function that is computing it in this thread.  Two threads or processes that
 *                      each wait for what the other computes, a child that the function forks for instance, are not found out: give them a deadline
 *          -ENOMEM     no memory for the result
 *          -E…         what @function returned
 *          -EMFILE, -ENFILE  called by a function that is being computed, and no descriptors are left: each level holds one
 * Cost     of a result that is there 1.5 to 4 µs up to some KiB, 2 to 5.5 µs with a bound on bytes, and what its checksum takes (about 0.1 ms a MiB).
 *          Otherwise about 50 µs beside the function.  Each level of functions that call this for each other takes about 1 KiB of stack.
 */
MPROC_API int mproc_cache_call(mproc_cache *cache, const mproc_cache_key *key, mproc_cache_function *function,
	void *context, mproc_deadline deadline, mproc_cache_value *ret_value);

/*
 * Give the result of the function that is being called: @bytes are copied.  The last one counts.
 *
 * Returns  0.
 * Fails    -EINVAL  @result is NULL, or @bytes with a @size
 *          -ENOMEM  no memory
 *          If the last one failed, the function has no result: mproc_cache_call fails in the same way when the function returns 0, and with
 *          what it returns when that is negative.
 * Cost     as malloc, and the copy.
 */
MPROC_API int mproc_cache_return(mproc_cache_result *result, const void *bytes, size_t size);

/*
 * The same without a copy: memory for a result of @size bytes, whose address is a multiple of 64, to be written by the function until it returns.  It holds anything.
 * What was given before is freed.
 *
 * Returns  the memory, or NULL: @result is NULL, or there is none.
 * Cost     as malloc.
 */
MPROC_API void *mproc_cache_result_room(mproc_cache_result *result, size_t size);

/*
 * Get a stored result.
 *
 * Returns  0, and the result in @ret_value, to be freed by mproc_cache_value_free.
 * Fails    -ENOENT   there is none, or it is older than max_age
 *          -EBADMSG  it was damaged; where that is possible it is removed now
 *          -EINVAL, -ENOMEM, -EACCES, -ENOTDIR, -EIO, …  as mproc_cache_call, and as open(2) and read(2)
 * Cost     as mproc_cache_call
 */
MPROC_API int mproc_cache_get(mproc_cache *cache, const mproc_cache_key *key, mproc_cache_value *ret_value);

/*
 * Free what a value holds; it is empty then.
 *
 * @value  or NULL; it may be empty already.
 *
 * Returns  nothing.
 * Cost     as free; a system call for a result of more than 64 KiB.
 */
MPROC_API void mproc_cache_value_free(mproc_cache_value *value);

/*
 * Store a result, also where there is one already.
 *
 * Who reads gets the old one or the new one.  Its cost is 0: to find it saves nothing that would be counted.
 *
 * Returns  0.
 * Fails    -EINVAL  as mproc_cache_call; @bytes is NULL with a @size
 *          -EFBIG   the result is larger than max_bytes, or than the file system or RLIMIT_FSIZE allow (without a signal)
 *          -ENOSPC, -EDQUOT  no room on the disk
 *          -EROFS, -EACCES   the directory cannot be written to
 *          -ENOENT, -ENOTDIR, -EISDIR  the directory was removed, or something else is in the way of a file in it
 *          -EIO, -EMFILE, -ENFILE, -ENOMEM, …  as open(2), write(2) and link(2)
 * Cost     about 30 µs, 50 where there was one, and what the file system takes for its bytes.
 */
MPROC_API int mproc_cache_put(mproc_cache *cache, const mproc_cache_key *key, const void *bytes, size_t size);

/*
 * Remove a stored result.
 *
 * Returns  0.
 * Fails    -ENOENT  there is none
 *          -EINVAL, -EROFS, -EACCES, …  as mproc_cache_put
 * Cost     some system calls.
 */
MPROC_API int mproc_cache_remove(mproc_cache *cache, const mproc_cache_key *key);

/*
 * Tell whether there is a stored result that is not older than max_age; it may be damaged.  It does not count as a use.
 *
 * Returns  1 or 0.
 * Fails    -EINVAL, -EACCES, -EIO, …  as mproc_cache_call, and as stat(2)
 * Cost     about 1 µs.
 */
MPROC_API int mproc_cache_contains(mproc_cache *cache, const mproc_cache_key *key);

/*
 * Remove all results, those of others too.  What is stored meanwhile may stay.
 *
 * Returns  0.
 * Fails    as mproc_cache_remove; the others are removed nevertheless
 * Cost     about 10 µs a result.
 */
MPROC_API int mproc_cache_clear(mproc_cache *cache);

/* What all who use the directory have counted since it was made.  Who is killed may leave one uncounted. */
typedef struct mproc_cache_usage {
	/* What is stored: results, and bytes on the disk, each rounded up to 4096. */
	uint64_t entries, bytes;
	/* The bounds of this handle; UINT64_MAX and 0: none. */
	uint64_t max_bytes;
	double max_age;
	/* Results that were found and that were not, also by mproc_cache_get; those that were stored; those that could not be. */
	uint64_t hits, misses, puts, failed_puts;
	/* Results that were removed because of a bound, and because they were damaged. */
	uint64_t evicted, damaged;
	/* Seconds that functions did not have to take, because their results were there. */
	double saved;
	uint64_t reserved[6];
} mproc_cache_usage;

/*
 * Tell what the cache has done.
 *
 * Returns  0.
 * Fails    -EINVAL  @cache or @ret_usage is NULL
 * Cost     none to speak of: nothing is counted anew.
 */
MPROC_API int mproc_cache_stats(mproc_cache *cache, mproc_cache_usage *ret_usage);

/* One stored result. */
typedef struct mproc_cache_entry {
	/* Valid during the call. */
	const char *function;
	uint64_t version;
	/* Bytes of its arguments, and of the result. */
	uint64_t arguments_size, size;
	/* Seconds it took; seconds since 1970 when it was stored, and last used (only where there is a bound on bytes; otherwise as stored). */
	double cost, stored, used;
	uint64_t reserved[4];
} mproc_cache_entry;

/* Returns 0 to go on; anything else ends mproc_cache_each. */
typedef int mproc_cache_visitor(const mproc_cache_entry *entry, void *argument);

/*
 * Show each stored result to @visitor, in no order.  What is stored or removed meanwhile may be shown or not; what is damaged is not.
 *
 * Returns  0, or what @visitor returned last.
 * Fails    -EINVAL  @cache or @visitor is NULL
 *          -EACCES, -EIO, -EMFILE, -ENOMEM, …  as open(2)
 * Cost     about 5 µs a result.
 */
MPROC_API int mproc_cache_each(mproc_cache *cache, mproc_cache_visitor *visitor, void *argument);

MPROC_END_DECLS

#endif
