/* SPDX-License-Identifier: MIT */
#include "remote/refusal.h"

#include "base/error.h"
#include "remote/remote.h"

#include <errno.h>
#include <string.h>

typedef struct meaning {
	/* How the reply begins; what it has somewhere else, NULL: nothing more. */
	const char *beginning;
	const char *part;
	int code;
} meaning;

/* The first that fits counts. */
static const meaning meanings[] = {
	{"WRONGTYPE ", NULL, -EINVAL},
	{"NOAUTH ", NULL, -EACCES},
	{"WRONGPASS ", NULL, -EACCES},
	{"NOPERM ", NULL, -EACCES},
	{"READONLY ", NULL, -EROFS},
	{"OOM ", NULL, -ENOMEM},
	{"MISCONF ", NULL, -EIO},
	{"IOERR ", NULL, -EIO},
	{"LOADING ", NULL, -EAGAIN},
	{"BUSY ", NULL, -EAGAIN},
	{"TRYAGAIN ", NULL, -EAGAIN},
	{"MASTERDOWN ", NULL, -EAGAIN},
	{"CLUSTERDOWN ", NULL, -EAGAIN},
	{"NOREPLICAS ", NULL, -EAGAIN},
	{"ERR max number of clients reached", NULL, -EAGAIN},
	{"ERR invalid password", NULL, -EACCES},
	{"ERR AUTH ", "without any password", -EACCES},
	{"ERR Client sent AUTH, but no password is set", NULL, -EACCES},
	{"ERR WAIT cannot be used with replica", NULL, -EROFS},
	{"ERR index out of range", NULL, -ERANGE},
	{"ERR no such key", NULL, -ENOENT},
	{"ERR ", "belongs to the family", -EPERM},
	{"ERR not possible with what is shown", NULL, -EPERM},
	{"ERR '", "was destroyed before mproc_manager_hide", -EPERM},
	{"ERR '", "' takes ", -EINVAL},
	{"ERR ", "would overflow", -ERANGE},
	{"ERR ", "would produce NaN or Infinity", -ERANGE},
	{"ERR resulting score is not a number", NULL, -ERANGE},
	{"ERR ", "is not an integer", -EINVAL},
	{"ERR ", "is not a valid float", -EINVAL},
	{"ERR ", "is not a float", -EINVAL},
	{"ERR ", "invalid expire time", -EINVAL},
};

bool mproci_refusal_begins(const redisReply *reply, const char *text)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, text, strlen(text)) == 0;
}

/* A function of functions.lua that met it says it too, behind words of its own. */
static bool fits(const meaning *one, const redisReply *reply)
{
	if (!mproci_refusal_begins(reply, one->beginning))
		return false;
	return one->part == NULL || strstr(reply->str, one->part) != NULL;
}

int mproci_refusal_code(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; ++i) {
		if (fits(&meanings[i], reply))
			return meanings[i].code;
	}
	return -EPROTO;
}

int mproci_remote_refuse_error(const char *command, const redisReply *reply)
{
	const int code = mproci_refusal_code(reply);

	return code == 0 ? 0 : mproci_fail(code, "%.40s: %.180s", command, reply->str);
}
