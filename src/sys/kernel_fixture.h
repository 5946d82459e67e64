/* SPDX-License-Identifier: MIT */
/*
 * sys/kernel_fixture.h - what tests do to their process: limit it, have the kernel refuse it a call, give it a file system
 * of its own.
 */
#ifndef SYS_KERNEL_FIXTURE_H
#define SYS_KERNEL_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Set a limit of this process.  Returns what it was. */
static inline rlim_t limit(int resource, rlim_t most)
{
	struct rlimit now;
	rlim_t before;

	ck_assert_int_eq(getrlimit(resource, &now), 0);
	before = now.rlim_cur;
	now.rlim_cur = most;
	ck_assert_int_eq(setrlimit(resource, &now), 0);
	return before;
}

static inline void install_filter(struct sock_filter *program, unsigned short length)
{
	struct sock_fprog filter = {.len = length, .filter = program};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0), 0);
}

/* From here on the kernel refuses this process a system call with an errno.  There is no way back. */
static inline void refuse_call(unsigned number, unsigned code)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install_filter(program, sizeof program / sizeof *program);
}

/*
 * The same, but for calls that name no directory: the tree of a test is removed with them, on arm64, where unlinkat is the only
 * call for that.
 */
static inline void refuse_call_in_directory(unsigned number, unsigned code)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)AT_FDCWD, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install_filter(program, sizeof program / sizeof *program);
}

/*
 * Mount a file system at @path, which only this process sees until it calls umount.  Returns false when it may not: that takes
 * root, and a system that is no strict container.
 */
static inline bool mount_alone(const char *kind, const char *path, const char *options)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	return mount("mproc-test", path, kind, 0, options) == 0;
}

#endif
