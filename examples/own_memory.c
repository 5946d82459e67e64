/* SPDX-License-Identifier: MIT */
/*
 * own_memory - what a process changes in its memory stays its own; what it changes in shared memory, all see.
 */
#include "command.h"

#include <mproc.h>

typedef struct list {
	int count;
	int items[5];
} list;

static const char USAGE[] = "usage: own_memory\n"
			    "A process changes a list of its own and a shared one; its parent looks.\n";

/* Each process has this list for itself. */
static list own = {2, {1, 2}};

static void append(list *self, int item)
{
	self->items[self->count++] = item;
}

static void print(const char *where, const list *self)
{
	printf("%s: [", where);
	for (int i = 0; i < self->count; ++i)
		printf("%s%d", i > 0 ? ", " : "", self->items[i]);
	puts("]");
}

/* Runs in the child.  The pointer into shared memory is valid there. */
static int append_to_both(void *shared)
{
	for (int item = 3; item <= 5; ++item) {
		append(&own, item);
		append(shared, item);
	}
	print("Own memory in the child", &own);
	print("Shared memory in the child", shared);
	return 0;
}

int main(int argc, char *argv[])
{
	mproc_process *child;
	list *shared;
	int failed;

	read_no_options(argc, argv, USAGE);
	shared = mproc_alloc(sizeof *shared);
	if (!shared)
		return exit_status(fail());
	*shared = own;
	if (mproc_process_start(NULL, append_to_both, shared, 0, &child) < 0)
		failed = fail();
	else
		failed = join_process(child);
	print("Own memory in main", &own);
	print("Shared memory in main", shared);
	mproc_free(shared);
	return exit_status(failed);
}
