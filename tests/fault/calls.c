/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* C libraries older than the kernel do not know it. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static const char no_way[] = "it has no way to fail";
static const char no_wait[] = "what does not wait is not interrupted";
static const char own_descriptor[] = "it fails only for a descriptor that is none";
static const char own_memory[] = "it fails only for an address that is none";

/*
 * The first entry that fits counts.  A code is here when the kernel, a limit or a sandbox gives it to a
 * correct program; not one that says that the program is wrong (EBADF, EFAULT), or that something is not as
 * it is (ECHILD, ESRCH).
 */
static const fault_call calls[] = {
	/* Processes. */
	{.name = "clone", .number = SYS_clone, .is_fork = true, .codes = {EAGAIN, ENOMEM, EPERM}},
	{.name = "clone3", .number = SYS_clone3, .is_fork = true, .codes = {EAGAIN, ENOMEM, ENOSYS}},
	{.name = "execve", .number = SYS_execve, .codes = {EACCES, ENOMEM, ENOENT, EPERM}},
	{.name = "wait4",
		.number = SYS_wait4,
		.argument = 3,
		.mask = WNOHANG,
		.value = WNOHANG,
		.why_not = no_wait},
	{.name = "waitid",
		.number = SYS_waitid,
		.argument = 4,
		.mask = WNOHANG,
		.value = WNOHANG,
		.why_not = no_wait},
	{.name = "wait4", .number = SYS_wait4, .codes = {EINTR}},
	{.name = "waitid", .number = SYS_waitid, .codes = {EINTR}},
	{.name = "pidfd_open", .number = SYS_pidfd_open, .codes = {EMFILE, ENFILE, ENOMEM, ENOSYS}},
	{.name = "pidfd_send_signal", .number = SYS_pidfd_send_signal, .codes = {EPERM, ENOSYS}},
	{.name = "kill", .number = SYS_kill, .why_not = "a process may always kill itself and its children"},
	{.name = "tgkill", .number = SYS_tgkill, .why_not = "a process may always kill itself"},
	{.name = "setpgid", .number = SYS_setpgid, .codes = {EPERM, EACCES}},
	{.name = "setpriority", .number = SYS_setpriority, .codes = {EACCES, EPERM}},
	{.name = "getpriority", .number = SYS_getpriority, .codes = {EPERM}},
	{.name = "sched_setaffinity", .number = SYS_sched_setaffinity, .codes = {EINVAL, EPERM}},
	{.name = "prlimit64", .number = SYS_prlimit64, .codes = {EPERM}},
	{.name = "prctl", .number = SYS_prctl, .codes = {EPERM, EINVAL}},
	{.name = "chdir", .number = SYS_chdir, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "fchdir", .number = SYS_fchdir, .codes = {EACCES, EIO}},
	{.name = "exit_group", .number = SYS_exit_group, .why_not = no_way},
	{.name = "exit", .number = SYS_exit, .why_not = no_way},
	{.name = "getpid", .number = SYS_getpid, .why_not = no_way},
	{.name = "getppid", .number = SYS_getppid, .why_not = no_way},
	{.name = "gettid", .number = SYS_gettid, .why_not = no_way},
	{.name = "getuid", .number = SYS_getuid, .why_not = no_way},
	{.name = "geteuid", .number = SYS_geteuid, .why_not = no_way},
	{.name = "getgid", .number = SYS_getgid, .why_not = no_way},
	{.name = "getegid", .number = SYS_getegid, .why_not = no_way},
	{.name = "umask", .number = SYS_umask, .why_not = no_way},
	{.name = "sched_yield", .number = SYS_sched_yield, .why_not = no_way},
	{.name = "uname", .number = SYS_uname, .why_not = own_memory},

	/* Threads and signals. */
	{.name = "futex wait",
		.number = SYS_futex,
		.argument = 2,
		.mask = FUTEX_CMD_MASK,
		.value = FUTEX_WAIT,
		.codes = {EINTR, EAGAIN}},
	{.name = "futex wait",
		.number = SYS_futex,
		.argument = 2,
		.mask = FUTEX_CMD_MASK,
		.value = FUTEX_WAIT_BITSET,
		.codes = {EINTR, EAGAIN}},
	{.name = "futex", .number = SYS_futex, .why_not = own_memory},
	{.name = "set_robust_list", .number = SYS_set_robust_list, .why_not = "the C library does not look"},
	{.name = "set_tid_address", .number = SYS_set_tid_address, .why_not = no_way},
	{.name = "rseq", .number = SYS_rseq, .why_not = "the C library goes on without it"},
	{.name = "rt_sigreturn", .number = SYS_rt_sigreturn, .why_not = no_way},
	{.name = "rt_sigprocmask", .number = SYS_rt_sigprocmask, .why_not = own_memory},
	{.name = "rt_sigaction", .number = SYS_rt_sigaction, .why_not = own_memory},
	{.name = "rt_sigpending", .number = SYS_rt_sigpending, .why_not = own_memory},
	{.name = "sigaltstack", .number = SYS_sigaltstack, .why_not = own_memory},
	{.name = "rt_sigtimedwait", .number = SYS_rt_sigtimedwait, .codes = {EINTR}},
	{.name = "restart_syscall", .number = SYS_restart_syscall, .why_not = "the kernel makes it"},

	/* Time. */
	{.name = "clock_gettime", .number = SYS_clock_gettime, .why_not = own_memory},
	{.name = "nanosleep", .number = SYS_nanosleep, .codes = {EINTR}},
	{.name = "clock_nanosleep",
		.number = SYS_clock_nanosleep,
		.why_not = "it returns its error, and EINTR ends usleep"},

/* Memory. */
#ifdef __SANITIZE_ADDRESS__
	{.name = "mmap",
		.number = SYS_mmap,
		.argument = 4,
		.mask = MAP_ANONYMOUS,
		.value = MAP_ANONYMOUS,
		.why_not = "the sanitizer would end the process"},
#endif
	{.name = "mmap", .number = SYS_mmap, .codes = {ENOMEM, EAGAIN}},
	{.name = "mremap", .number = SYS_mremap, .codes = {ENOMEM, EAGAIN}},
	{.name = "mprotect", .number = SYS_mprotect, .codes = {ENOMEM}},
	{.name = "madvise populate",
		.number = SYS_madvise,
		.argument = 3,
		.mask = ~0U,
		.value = MADV_POPULATE_WRITE,
		.codes = {ENOMEM, EAGAIN, EINTR, EINVAL}},
	{.name = "madvise", .number = SYS_madvise, .codes = {ENOMEM, EAGAIN, EINVAL}},
	{.name = "munlock", .number = SYS_munlock, .codes = {ENOMEM}},
	{.name = "memfd_create", .number = SYS_memfd_create, .codes = {EMFILE, ENFILE, ENOMEM}},
	{.name = "munmap", .number = SYS_munmap, .why_not = "what was mapped as a whole can be unmapped"},
	{.name = "brk",
		.number = SYS_brk,
		.why_not = "it has no error; that malloc fails is tried by itself"},
	{.name = "sysinfo", .number = SYS_sysinfo, .codes = {EPERM}},

	/* Descriptors. */
	{.name = "close", .number = SYS_close, .is_done = true, .codes = {EINTR, EIO}},
	{.name = "close_range", .number = SYS_close_range, .codes = {ENOSYS, EMFILE, ENOMEM}},
	{.name = "pipe2", .number = SYS_pipe2, .codes = {EMFILE, ENFILE}},
	{.name = "socketpair", .number = SYS_socketpair, .codes = {EMFILE, ENFILE, ENOMEM}},
	{.name = "eventfd2", .number = SYS_eventfd2, .codes = {EMFILE, ENFILE, ENOMEM}},
	{.name = "signalfd4", .number = SYS_signalfd4, .codes = {EMFILE, ENFILE, ENOMEM}},
	{.name = "epoll_create1", .number = SYS_epoll_create1, .codes = {EMFILE, ENFILE, ENOMEM}},
	{.name = "epoll_ctl", .number = SYS_epoll_ctl, .codes = {ENOMEM, ENOSPC}},
	{.name = "dup", .number = SYS_dup, .codes = {EMFILE}},
	{.name = "dup3", .number = SYS_dup3, .codes = {EMFILE, EBUSY}},
	{.name = "fcntl F_DUPFD",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_DUPFD,
		.codes = {EMFILE}},
	{.name = "fcntl F_DUPFD_CLOEXEC",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_DUPFD_CLOEXEC,
		.codes = {EMFILE}},
	{.name = "fcntl F_GETFD",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_GETFD,
		.why_not = no_way},
	{.name = "fcntl F_SETFD",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_SETFD,
		.why_not = no_way},
	{.name = "fcntl F_GETFL",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_GETFL,
		.why_not = no_way},
	{.name = "fcntl F_OFD_SETLK",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_OFD_SETLK,
		.codes = {EINTR, ENOLCK, EINVAL}},
	{.name = "fcntl F_OFD_SETLKW",
		.number = SYS_fcntl,
		.argument = 2,
		.mask = ~0U,
		.value = F_OFD_SETLKW,
		.codes = {EINTR, ENOLCK, EINVAL}},
	{.name = "fcntl", .number = SYS_fcntl, .codes = {EPERM, EINVAL}},
	{.name = "ioctl", .number = SYS_ioctl, .codes = {ENOTTY}},

	/* Files: reading from what would wait, and be interrupted, is not in use. */
	{.name = "openat O_CREAT",
		.number = SYS_openat,
		.argument = 3,
		.mask = O_CREAT,
		.value = O_CREAT,
		.codes = {EMFILE, ENFILE, EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "openat", .number = SYS_openat, .codes = {EMFILE, ENFILE, EACCES, ENOENT, ENOMEM, EIO}},
	{.name = "mkdirat", .number = SYS_mkdirat, .codes = {EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "renameat", .number = SYS_renameat, .codes = {EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "renameat2 RENAME_EXCHANGE",
		.number = SYS_renameat2,
		.argument = 5,
		.mask = RENAME_EXCHANGE,
		.value = RENAME_EXCHANGE,
		.codes = {EINVAL, ENOSYS, EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "renameat2", .number = SYS_renameat2, .codes = {EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "unlinkat", .number = SYS_unlinkat, .codes = {EACCES, ENOENT, EROFS, EIO}},
	{.name = "faccessat", .number = SYS_faccessat, .codes = {EACCES, ENOENT, EROFS, EIO}},
	{.name = "faccessat2", .number = SYS_faccessat2, .codes = {EACCES, ENOENT, EROFS, EIO, ENOSYS}},
	{.name = "utimensat", .number = SYS_utimensat, .codes = {EACCES, EPERM, EROFS, EIO}},
	{.name = "fallocate", .number = SYS_fallocate, .codes = {ENOSPC, EDQUOT, EIO, EOPNOTSUPP, EINTR}},
	{.name = "flock LOCK_UN",
		.number = SYS_flock,
		.argument = 2,
		.mask = LOCK_UN,
		.value = LOCK_UN,
		.why_not = own_descriptor},
	{.name = "flock", .number = SYS_flock, .codes = {EINTR, ENOLCK}},
	{.name = "writev", .number = SYS_writev, .codes = {EINTR, EIO, ENOSPC, EDQUOT, EFBIG}},
	{.name = "read", .number = SYS_read, .codes = {EIO}},
	{.name = "pread64", .number = SYS_pread64, .codes = {EIO, EINTR}},
	{.name = "readlink", .number = SYS_readlink, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "readlinkat", .number = SYS_readlinkat, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "getdents64", .number = SYS_getdents64, .codes = {ENOMEM, EIO}},
	{.name = "lseek", .number = SYS_lseek, .codes = {ESPIPE}},
	{.name = "fstat",
		.number = SYS_newfstatat,
		.argument = 4,
		.mask = AT_EMPTY_PATH,
		.value = AT_EMPTY_PATH,
		.why_not = own_descriptor},
	{.name = "newfstatat", .number = SYS_newfstatat, .codes = {EACCES, ENOENT, ENOMEM, EIO}},
	{.name = "statx", .number = SYS_statx, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "fstat", .number = SYS_fstat, .why_not = own_descriptor},
	{.name = "ftruncate", .number = SYS_ftruncate, .codes = {EFBIG, ENOMEM}},
	{.name = "fchmod", .number = SYS_fchmod, .codes = {EPERM, EROFS}},

	/* Between processes. */
	{.name = "write", .number = SYS_write, .codes = {EINTR, EIO, ENOSPC, EDQUOT}},
	{.name = "sendmsg", .number = SYS_sendmsg, .codes = {EINTR, ENOMEM, EMFILE, ETOOMANYREFS}},
	{.name = "recvmsg", .number = SYS_recvmsg, .codes = {EINTR}},
	{.name = "sendto", .number = SYS_sendto, .codes = {EINTR, ENOMEM}},
	{.name = "recvfrom", .number = SYS_recvfrom, .codes = {EINTR}},
	{.name = "setsockopt", .number = SYS_setsockopt, .codes = {ENOMEM}},
	{.name = "ppoll", .number = SYS_ppoll, .codes = {EINTR, ENOMEM, EINVAL}},
	{.name = "epoll_pwait", .number = SYS_epoll_pwait, .codes = {EINTR}},
	{.name = "getrandom", .number = SYS_getrandom, .codes = {EINTR, ENOSYS}},

/* Calls that newer machines no longer have. */
#ifdef __x86_64__
	{.name = "fork", .number = SYS_fork, .is_fork = true, .codes = {EAGAIN, ENOMEM}},
	{.name = "vfork", .number = SYS_vfork, .is_fork = true, .codes = {EAGAIN, ENOMEM}},
	{.name = "arch_prctl",
		.number = SYS_arch_prctl,
		.why_not = "without it the process has no threads, not even one"},
	{.name = "getpgrp", .number = SYS_getpgrp, .why_not = no_way},
	{.name = "time", .number = SYS_time, .why_not = own_memory},
	{.name = "mkdir", .number = SYS_mkdir, .codes = {EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "rename", .number = SYS_rename, .codes = {EACCES, ENOENT, ENOSPC, EDQUOT, EROFS, EIO}},
	{.name = "unlink", .number = SYS_unlink, .codes = {EACCES, ENOENT, EROFS, EIO}},
	{.name = "open", .number = SYS_open, .codes = {EMFILE, ENFILE, EACCES, ENOENT, ENOMEM}},
	{.name = "stat", .number = SYS_stat, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "lstat", .number = SYS_lstat, .codes = {EACCES, ENOENT, ENOMEM}},
	{.name = "access", .number = SYS_access, .codes = {EACCES, ENOENT}},
	{.name = "pipe", .number = SYS_pipe, .codes = {EMFILE, ENFILE}},
	{.name = "dup2", .number = SYS_dup2, .codes = {EMFILE, EBUSY}},
	{.name = "poll", .number = SYS_poll, .codes = {EINTR, ENOMEM, EINVAL}},
	{.name = "epoll_wait", .number = SYS_epoll_wait, .codes = {EINTR}},
#endif
};

static const fault_call any_other = {.name = "another call", .codes = {EIO, EPERM}};

static bool fits(const fault_call *call, long number, const uint64_t arguments[6])
{
	return call->number == number
	       && (call->argument == 0 || (arguments[call->argument - 1] & call->mask) == call->value);
}

const fault_call *fault_find_call(long number, const uint64_t arguments[6])
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i) {
		if (fits(&calls[i], number, arguments))
			return &calls[i];
	}
	return &any_other;
}

int fault_count_codes(const fault_call *call)
{
	int count = 0;

	if (call->why_not != NULL)
		return 0;
	while (count < FAULT_MOST_CODES && call->codes[count] != 0)
		++count;
	return count;
}

bool fault_is_lasting(const fault_call *call, int code)
{
	if (code == EAGAIN)
		return call->is_fork;
	/* What can be opened is there. */
	if (code == ENOENT && call->number == SYS_newfstatat)
		return false;
	return code != EINTR && code != EBUSY && code != EIO;
}

bool fault_is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}
