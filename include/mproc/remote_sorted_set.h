/* SPDX-License-Identifier: MIT */
/*
 * mproc/remote_sorted_set.h - a set in a manager or a Redis server whose members have scores, and are in their order.
 *
 *     mproc_remote_sorted_set_add(remote, "speeds", "worker 3", 8, 1.5, mproc_after(5));
 *     ...
 *     mproc_snapshot *slowest;
 *     rc = mproc_remote_sorted_set_range_by_rank(remote, "speeds", 0, 10, mproc_after(5), &slowest);
 *     for (size_t i = 0; rc == 0 && i < slowest->count; ++i)
 *             printf("%s %g\n", (const char *)slowest->entries[i].key, *(const double *)slowest->entries[i].value);
 *
 * A sorted set is under a name: there is no handle, and nothing to create.  It is there as soon as something is in it, and gone when nothing
 * is.  Members are bytes, of any size, also none, and each is there once.  A score is a double, also an infinite one, but not
 * NaN.  Members of the same score are in the order of their bytes.  With what is due as the score, it is a line by priority or by time.
 *
 * Contract for everything in this file, unless a function says otherwise: that of mproc/remote_dict.h, with a sorted set for the dict.
 */
#ifndef MPROC_REMOTE_SORTED_SET_H
#define MPROC_REMOTE_SORTED_SET_H

#include <limits.h>
#include <mproc/api.h>
#include <mproc/deadline.h>
#include <mproc/remote.h>
#include <mproc/snapshot.h>
#include <stddef.h>
#include <sys/types.h>

MPROC_BEGIN_DECLS

/*
 * Give a member a score, in place of the one that it may have.
 *
 * @remote         the connection.
 * @name           of the sorted set, at most 64 KiB.
 * @member, @size  the member; NULL only when @size is 0.
 * @score          where it belongs.
 * @deadline       when to give up.
 *
 * Returns  0.
 * Fails    -EINVAL  @score is NaN
 *          -ENOMEM  the server has no memory for it
 */
MPROC_API int mproc_remote_sorted_set_add(mproc_remote *remote, const char *name, const void *member,
	size_t size, double score, mproc_deadline deadline);

/*
 * Add to the score of a member.
 *
 * @member, @size  the member; when it is not there its score is @number.
 * @number         may be negative.
 *
 * Returns  0, and the sum in @ret_score, unless that is NULL.
 * Fails    -EINVAL      @number is NaN
 *          -ERANGE      the sum would be NaN
 *          -ECONNRESET  the connection has broken before the answer came
 *          or as mproc_remote_sorted_set_add
 */
MPROC_API int mproc_remote_sorted_set_increment(mproc_remote *remote, const char *name, const void *member,
	size_t size, double number, mproc_deadline deadline, double *ret_score);

/*
 * Get the score of a member.
 *
 * @member, @size  the member.
 *
 * Returns  0, and the score in @ret_score.
 * Fails    -ENOENT  it is not in the sorted set
 */
MPROC_API int mproc_remote_sorted_set_score(mproc_remote *remote, const char *name, const void *member,
	size_t size, mproc_deadline deadline, double *ret_score);

/*
 * Take a member out.
 *
 * @member, @size  the member.
 *
 * Returns  0.
 * Fails    -ENOENT      it is not in the sorted set
 *          -ECONNRESET  the connection has broken before the answer came
 */
MPROC_API int mproc_remote_sorted_set_remove(
	mproc_remote *remote, const char *name, const void *member, size_t size, mproc_deadline deadline);

/*
 * Tell how many members are in front of one.
 *
 * @member, @size  the member.
 *
 * Returns  0 for the one with the lowest score, and so on.
 * Fails    -ENOENT  it is not in the sorted set
 */
MPROC_API ssize_t mproc_remote_sorted_set_rank(
	mproc_remote *remote, const char *name, const void *member, size_t size, mproc_deadline deadline);

/*
 * Tell how many members there are.
 *
 * Returns  the number at one moment.
 */
MPROC_API ssize_t mproc_remote_sorted_set_count(
	mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Take out everything, at one moment.
 *
 * Returns  0, also when there was nothing.
 */
MPROC_API int mproc_remote_sorted_set_clear(mproc_remote *remote, const char *name, mproc_deadline deadline);

/*
 * Copy the members from one rank up to another one, as they are at one moment.
 *
 * @first, @end  from the member of the rank @first to the one before @end; both may be more than the number of members, which then
 *               is what counts; negative ones count from the end.  0 and SSIZE_MAX: all.
 *
 * Returns  0, and the copy in @ret_snapshot, to be closed with mproc_snapshot_close, in the order of the scores: each member is the key of
 *          an entry, whose value is the score, a double.
 * Fails    -EMSGSIZE  it is more than the remote's largest reply (mproc/remote.h)
 *          -ENOMEM    this process has no memory for it
 * Cost     the server does nothing else meanwhile: about 0.3 us for each member.
 */
MPROC_API int mproc_remote_sorted_set_range_by_rank(mproc_remote *remote, const char *name, ssize_t first,
	ssize_t end, mproc_deadline deadline, mproc_snapshot **ret_snapshot);

/*
 * Copy the members with scores from one to another one, as they are at one moment.
 *
 * @lowest, @highest  both included; infinite ones for no bound.
 * @most              of them, those with the lowest scores; 0: all.
 *
 * Returns  as mproc_remote_sorted_set_range_by_rank.
 * Fails    -EINVAL  @lowest or @highest is NaN
 *          or as mproc_remote_sorted_set_range_by_rank
 * Cost     as mproc_remote_sorted_set_range_by_rank.
 */
MPROC_API int mproc_remote_sorted_set_range_by_score(mproc_remote *remote, const char *name, double lowest,
	double highest, size_t most, mproc_deadline deadline, mproc_snapshot **ret_snapshot);

/*
 * Take the member with the lowest score out; wait while there is none.
 *
 * Returns  0, and in @ret_member a copy to be freed with free, aligned as by malloc, with a byte of 0 behind it that does not
 *          count; its size in @ret_size and its score in @ret_score, unless these are NULL.
 * Fails    -ETIMEDOUT   there was none until the deadline
 *          -ECONNRESET  the connection has broken before the answer came: the member may be lost
 *          -ENOMEM      this process has no memory for it: it is lost
 * Crash    killed before it returns: the member is still there, or taken out and lost.
 * Cost     as mproc_remote_list_pop_first.
 */
MPROC_API int mproc_remote_sorted_set_pop_lowest(mproc_remote *remote, const char *name,
	mproc_deadline deadline, void **ret_member, size_t *ret_size, double *ret_score);

MPROC_END_DECLS

#endif
