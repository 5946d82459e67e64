/* SPDX-License-Identifier: MIT */
#include "sys/crypto.h"

#include "base/error.h"
#include "sys/child.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static int handlers_rc;

void mproci_crypto_hold(void)
{
	pthread_mutex_lock(&held);
}

void mproci_crypto_let_go(void)
{
	pthread_mutex_unlock(&held);
}

static void register_handlers(void)
{
	handlers_rc = mproci_process_at_fork(mproci_crypto_hold, mproci_crypto_let_go, mproci_crypto_let_go);
}

int mproci_crypto_guard_forks(void)
{
	pthread_once(&handlers_once, register_handlers);
	return handlers_rc;
}

int mproci_crypto_find(const char *library, const char *user, const char *purpose,
	const mproci_crypto_function *functions, size_t count)
{
	void *handle;

	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return mproci_fail(-ENOSYS, "%s takes %s, which is Debian's package libssl3: %.150s", user,
			library, dlerror());
	for (size_t i = 0; i < count; ++i) {
		if (dlsym(handle, functions[i].name) != NULL)
			continue;
		dlclose(handle);
		return mproci_fail(-ENOSYS, "%s takes %s, which %s does not have", user, purpose, library);
	}
	for (size_t i = 0; i < count; ++i)
		*functions[i].address = dlsym(handle, functions[i].name);
	return 0;
}
