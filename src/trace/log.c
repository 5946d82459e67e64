/* SPDX-License-Identifier: MIT */
/*
 * A line is composed on the stack and handed to the kernel in one piece, which it does not mix with
 * others: so nobody waits for a lock that a killed process may hold.
 */
#include "trace/log.h"

#include "base/error.h"
#include "family/member.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum {
	/* What a pipe takes in one piece: PIPE_BUF. */
	LINE_SIZE = 4096,
};

/* The level in the high 32 bits, the descriptor in the low ones: one word, so that both are of one call. */
static _Atomic uint64_t setting;
/* What the descriptor is open to: its owner may close it, and then it is soon somebody else's. */
static _Atomic uint64_t device, inode;

static const char *const level_names[] = {"", "ERROR", "WARNING", "INFO", "DEBUG"};

static mproc_log_level level_of(uint64_t word)
{
	return (mproc_log_level)(word >> 32);
}

static int descriptor_of(uint64_t word)
{
	return (int)(uint32_t)word;
}

/* The standard streams are whatever they are at the time. */
static bool is_there(int descriptor)
{
	const mproci_file_id id = {.device = atomic_load(&device), .inode = atomic_load(&inode)};

	return descriptor <= 2 || mproci_descriptor_is(descriptor, id);
}

void mproci_log_setting(int *ret_descriptor, mproc_log_level *ret_level)
{
	uint64_t word = atomic_load(&setting);
	bool is_on = level_of(word) != MPROC_LOG_OFF && is_there(descriptor_of(word));

	*ret_level = is_on ? level_of(word) : MPROC_LOG_OFF;
	*ret_descriptor = is_on ? descriptor_of(word) : -1;
}

void mproci_log_set(int descriptor, mproc_log_level level)
{
	mproci_file_id id = mproci_descriptor_id(descriptor);

	atomic_store(&device, id.device);
	atomic_store(&inode, id.inode);
	atomic_store(&setting, (uint64_t)level << 32 | (uint32_t)descriptor);
}

int mproc_log_to(int descriptor, mproc_log_level level)
{
	int number = (int)level;

	if (number < MPROC_LOG_OFF || number > MPROC_LOG_DEBUG)
		return mproci_fail(-EINVAL, "log level %d: %d (off) to %d (debug) are possible", number,
			(int)MPROC_LOG_OFF, (int)MPROC_LOG_DEBUG);
	if (level != MPROC_LOG_OFF && !mproci_is_writable(descriptor))
		return mproci_fail(-EBADF, "log: descriptor %d is not open for writing", descriptor);
	mproci_log_set(descriptor, level);
	return 0;
}

/* A process that is no member of the family need not become one for this. */
static const char *own_name(void)
{
	mproci_id self = mproci_member_self();
	const char *name = self == 0 ? "" : mproci_member_slot(self)->name;

	return name[0] == '\0' ? "MainProcess" : name;
}

static void blank_controls(char *text, size_t size)
{
	for (size_t i = 0; i < size; ++i)
		if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
			text[i] = ' ';
}

/* Returns the size of the line, or a negative errno with an error text. */
__attribute__((format(printf, 3, 0))) static int compose(
	char line[LINE_SIZE], mproc_log_level level, const char *format, va_list arguments)
{
	int start, size;

	start = snprintf(line, LINE_SIZE, "[%s/%.*s %d] ", level_names[level], MPROCI_NAME_SIZE - 1,
		own_name(), (int)mproci_process_id());
	size = vsnprintf(line + start, (size_t)(LINE_SIZE - start), format, arguments);
	if (size < 0)
		return mproci_fail(-EINVAL, "log: the format \"%.100s\" cannot be printed", format);
	size = size < LINE_SIZE - start ? start + size : LINE_SIZE - 1;
	blank_controls(line, (size_t)size);
	line[size] = '\n';
	return size + 1;
}

int mproc_log(mproc_log_level level, const char *format, ...)
{
	uint64_t word = atomic_load(&setting);
	int number = (int)level, size;
	char line[LINE_SIZE];
	va_list arguments;

	if (number < MPROC_LOG_ERROR || number > MPROC_LOG_DEBUG)
		return mproci_fail(-EINVAL, "log level %d: %d (error) to %d (debug) are possible", number,
			(int)MPROC_LOG_ERROR, (int)MPROC_LOG_DEBUG);
	if (format == NULL)
		return mproci_fail(-EINVAL, "format is NULL");
	if (level > level_of(word))
		return 0;
	if (!is_there(descriptor_of(word)))
		return mproci_fail(-EBADF, "log: descriptor %d has been closed", descriptor_of(word));
	va_start(arguments, format);
	size = compose(line, level, format, arguments);
	va_end(arguments);
	return size < 0 ? size : mproci_write(descriptor_of(word), line, (size_t)size);
}
