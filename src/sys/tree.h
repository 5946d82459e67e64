/* SPDX-License-Identifier: MIT */
/*
 * sys/tree.h - how many processes descend from another.
 */
#ifndef SYS_TREE_H
#define SYS_TREE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Count, for each of @count processes, itself and all that descend from it, as far as their parents live or adopt
 * (sys/orphans.h); 0 for who is not there.  Who comes or goes meanwhile may be counted or not.
 *
 * @roots  none descends from another of them.
 *
 * Returns 0, -ENOMEM, or another negative errno: /proc cannot be read.  Cost: some 10 µs for each process of the machine.
 */
int mproci_tree_sizes(const pid_t *roots, size_t count, unsigned *ret_sizes);

#endif
