/* SPDX-License-Identifier: MIT */
/*
 * manager/commands_of_sorted.h - what the files with commands of sorted sets share.
 */
#ifndef MANAGER_COMMANDS_OF_SORTED_H
#define MANAGER_COMMANDS_OF_SORTED_H

#include "manager/command.h"
#include "manager/sorted.h"

/* Changes of scores: commands_of_sorted_put.c. */
mproci_command_function mproci_command_zadd, mproci_command_zincrby;

/* Those of a range: commands_of_sorted_ranges.c. */
mproci_command_function mproci_command_zrange, mproci_command_zrevrange, mproci_command_zrangebyscore,
	mproci_command_zrevrangebyscore, mproci_command_zrangebylex, mproci_command_zrevrangebylex,
	mproci_command_zcount, mproci_command_zlexcount, mproci_command_zremrangebyrank,
	mproci_command_zremrangebyscore, mproci_command_zremrangebylex;

/* Those that take from an end, or at random: commands_of_sorted_taken.c. */
mproci_command_function mproci_command_zpopmin, mproci_command_zpopmax, mproci_command_bzpopmin,
	mproci_command_bzpopmax, mproci_command_zrandmember;

#endif
