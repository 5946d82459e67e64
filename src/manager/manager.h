/* SPDX-License-Identifier: MIT */
/*
 * manager/manager.h - a manager as the family sees it: a block of the arena, which its process shares with all others.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include "base/error.h"
#include "manager/registry.h"
#include "sys/listening.h"
#include "sys/private_directory.h"

#include <mproc/manager.h>

#define MPROCI_MANAGER_MARK UINT64_C(0x726567616e616d6f)

/* What its process is to do: a block of the arena, with the texts behind it; each is NULL when there is none. */
typedef struct mproci_manager_plan {
	const char *path, *host, *password, *certificate, *key, *authorities;
	uint64_t max_memory;
	uint32_t max_clients;
	uint16_t port;
} mproci_manager_plan;

typedef enum mproci_manager_state {
	MPROCI_MANAGER_STARTING,
	MPROCI_MANAGER_LISTENING,
	MPROCI_MANAGER_FAILED,
} mproci_manager_state;

struct mproc_manager {
	uint64_t mark;
	mproci_registry registry;
	/* Until it listens. */
	mproci_manager_plan *plan;
	_Atomic uint32_t state;
	mproci_event_count settled;
	/* Why it failed. */
	int code;
	char text[MPROCI_ERROR_TEXT_SIZE];

	/* Keeps the directory, in both processes; -1: it has none. */
	int keeper;
	/* Who has started it; for him alone is the handle, and the place where his end looks for this. */
	pid_t owner;
	mproc_process *process;
	struct mproci_farewell *farewell;
	pid_t pid;

	/* Which file the socket is; its directory, when it is the manager's own. */
	mproci_file_id socket_file;
	char directory[MPROCI_SOCKET_PATH_LIMIT + 1];
	char url[MPROCI_SOCKET_PATH_LIMIT + 8];
	char tcp_url[MPROCI_HOST_AND_PORT_SIZE + 16];
};

/* What runs in its process; the argument is the manager. */
int mproci_manager_serve(void *argument);

/* Returns 0, or -EINVAL with an error text. */
int mproci_manager_check(const mproc_manager *manager);

#endif
