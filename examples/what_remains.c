/* SPDX-License-Identifier: MIT */
/*
 * what_remains - a process dies with one thing after the other in its hands, or just done: what do the others find?
 *
 * Each scene has a process of its own.  It takes what the scene is about, or does it, and dies: by SIGKILL, by a crash, or by
 * exit().  Its parent looks.
 */
#include "command.h"

#include <mproc.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	/* Seconds that are waited for what should come at once. */
	PATIENCE = 10,
};

static const char USAGE[] = "usage: what_remains [OPTION]...\n"
			    "A process dies with something in its hands; the others look what is left.\n"
			    "\n"
			    "  --end NAME  kill, crash or exit: how it dies; kill by default\n"
			    "  --help      this text\n";

/* All that the scenes need; shared, but for what has a handle. */
static struct world {
	mproc_mutex mutex;
	mproc_semaphore plain, owned;
	mproc_barrier barrier;
	mproc_once once;
	mproc_event event;
	int *value, *kept;
	mproc_queue *put, *got, *owed;
	mproc_dict *dict;
	mproc_list *list;
} * world;

static char lock_path[] = "/tmp/what_remains.XXXXXX";
static mproc_connection *receiver, *sender;

/* Die as the command line says; set before the first process is started. */
static void (*die)(void);

static void die_by_kill(void)
{
	raise(SIGKILL);
}

static void die_by_crash(void)
{
	const struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	raise(SIGSEGV);
}

static void die_by_exit(void)
{
	exit(EXIT_SUCCESS);
}

static bool is_surprised;

/* What is printed when something else is found than this program knows. */
static const char *surprise(int rc)
{
	static char text[64];

	is_surprised = true;
	snprintf(text, sizeof text, "a surprise: %d", rc);
	return text;
}

static int hold_mutex(void)
{
	return mproc_mutex_lock(&world->mutex, MPROC_FOREVER);
}

static const char *find_mutex(void)
{
	int rc = mproc_mutex_lock(&world->mutex, mproc_after(PATIENCE));

	return rc == MPROC_OWNER_DIED ? "the next to lock it has it, and is told" : surprise(rc);
}

static int hold_value(void)
{
	int rc = mproc_value_lock(world->value, MPROC_FOREVER);

	++*world->value; /* the first of two steps */
	return rc;
}

static const char *find_value(void)
{
	int rc = mproc_value_lock(world->value, mproc_after(PATIENCE));

	return rc == MPROC_OWNER_DIED && *world->value == 1
		       ? "the next to lock it is told, and finds the half change"
		       : surprise(rc);
}

static int hold_plain(void)
{
	return mproc_semaphore_acquire(&world->plain, MPROC_FOREVER);
}

static const char *find_plain(void)
{
	int rc = mproc_semaphore_acquire(&world->plain, mproc_after(0.2));

	return rc == -ETIMEDOUT ? "stays taken" : surprise(rc);
}

static int hold_owned(void)
{
	return mproc_semaphore_acquire(&world->owned, MPROC_FOREVER);
}

static const char *find_owned(void)
{
	int rc = mproc_semaphore_acquire(&world->owned, mproc_after(PATIENCE));

	return rc == 0 ? "the next to wait gets it" : surprise(rc);
}

/* Both meet once, so that the barrier knows the one who dies. */
static int hold_barrier(void)
{
	return mproc_barrier_wait(&world->barrier, MPROC_FOREVER, NULL);
}

static const char *find_barrier(void)
{
	int rc = mproc_barrier_wait(&world->barrier, mproc_after(PATIENCE), NULL);

	return rc == -ECANCELED ? "is broken: nobody waits for the dead" : surprise(rc);
}

static int die_within(void *unused)
{
	(void)unused;
	die();
	return 0;
}

static int do_nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int hold_once(void)
{
	return mproc_once_run(&world->once, die_within, NULL, MPROC_FOREVER);
}

static const char *find_once(void)
{
	int rc = mproc_once_run(&world->once, do_nothing, NULL, mproc_after(PATIENCE));

	return rc == 0 ? "the next one runs it" : surprise(rc);
}

static int set_event(void)
{
	return mproc_event_set(&world->event);
}

static const char *find_event(void)
{
	return mproc_event_is_set(&world->event) == 1 ? "is set" : surprise(0);
}

static int put_message(void)
{
	return mproc_queue_put(world->put, "work", 5, MPROC_FOREVER);
}

static int get_message(void)
{
	char text[5];

	return mproc_queue_get(world->got, text, sizeof text, MPROC_FOREVER, NULL);
}

static int owe_message(void)
{
	char text[5];

	return mproc_queue_get(world->owed, text, sizeof text, MPROC_FOREVER, NULL);
}

static const char *find_put(void)
{
	char text[5];
	int rc = mproc_queue_get(world->put, text, sizeof text, mproc_after(PATIENCE), NULL);

	return rc == 0 && strcmp(text, "work") == 0 ? "is there" : surprise(rc);
}

static const char *find_got(void)
{
	return mproc_queue_count(world->got) == 0 ? "is gone with it" : surprise(0);
}

static const char *find_owed(void)
{
	char text[5];
	int rc = mproc_queue_get(world->owed, text, sizeof text, mproc_after(PATIENCE), NULL);

	return rc == 0 && mproc_queue_deliveries(world->owed, NULL) == 2 ? "is delivered again"
									 : surprise(rc);
}

static int keep_memory(void)
{
	world->kept = mproc_alloc(sizeof *world->kept);
	if (!world->kept)
		return -errno;
	*world->kept = 42;
	return 0;
}

static const char *find_memory(void)
{
	return *world->kept == 42 && mproc_free(world->kept) == 0 ? "is there until somebody frees it"
								  : surprise(0);
}

static int change_dict(void)
{
	return mproc_dict_add(world->dict, "hedgehog", 8, 1, NULL);
}

static const char *find_in_dict(void)
{
	int64_t count = 0;
	int rc = mproc_dict_get(world->dict, "hedgehog", 8, &count, sizeof count, NULL);

	return rc == 0 && count == 1 ? "is there" : surprise(rc);
}

static int pop_item(void)
{
	int item;

	return mproc_list_pop(world->list, 0, &item, sizeof item, NULL);
}

static const char *find_popped(void)
{
	return mproc_list_count(world->list) == 0 ? "is gone with it" : surprise(0);
}

static int hold_file_lock(void)
{
	mproc_file_lock *lock;
	int rc = mproc_file_lock_open(lock_path, NULL, &lock);

	return rc < 0 ? rc : mproc_file_lock_acquire(lock, MPROC_FOREVER);
}

static const char *find_file_lock(void)
{
	mproc_file_lock *lock;
	int rc = mproc_file_lock_open(lock_path, NULL, &lock);

	if (rc < 0)
		return surprise(rc);
	rc = mproc_file_lock_acquire(lock, mproc_after(PATIENCE));
	mproc_file_lock_close(lock);
	return rc == 0 ? "is free" : surprise(rc);
}

/* The end that its child has, too: so it is gone when both are. */
static int wait_for_ever(void *unused)
{
	(void)unused;
	while (pause() < 0)
		;
	return 0;
}

static int have_child(void)
{
	mproc_process *child;

	return mproc_process_start(&(mproc_process_options){.daemon = true}, wait_for_ever, NULL, 0, &child);
}

static const char *find_end(void)
{
	char text[8];
	int rc;

	sender = mproc_connection_close(sender);
	rc = mproc_connection_recv(receiver, text, sizeof text, mproc_after(PATIENCE), NULL);
	return rc == -EPIPE ? "the other end is told that it is gone; so is the child" : surprise(rc);
}

static const struct scene {
	const char *thing;
	int (*take)(void);
	const char *(*look)(void);
} scenes[] = {
	{"a mutex that it holds", hold_mutex, find_mutex},
	{"a value that it has locked", hold_value, find_value},
	{"a permit", hold_plain, find_plain},
	{"a permit that is owned", hold_owned, find_owned},
	{"a barrier that it takes part in", hold_barrier, find_barrier},
	{"a once that it is at", hold_once, find_once},
	{"an event that it has set", set_event, find_event},
	{"a message that it has put", put_message, find_put},
	{"a message that it has got", get_message, find_got},
	{"... and not acknowledged", owe_message, find_owed},
	{"shared memory", keep_memory, find_memory},
	{"a change of a dict", change_dict, find_in_dict},
	{"an item popped from a list", pop_item, find_popped},
	{"a file lock", hold_file_lock, find_file_lock},
	{"a pipe's end, and a child", have_child, find_end},
};

enum {
	SCENES = sizeof scenes / sizeof *scenes,
};

static int play(void *number)
{
	int rc = scenes[*(const int *)number].take();

	if (rc < 0)
		return fail();
	die();
	return 0;
}

/* Returns 0, or -1 after telling what failed. */
static int run_scene(int number)
{
	mproc_process *process;
	int rc = mproc_process_start(NULL, play, &number, sizeof number, &process);

	if (rc == 0 && scenes[number].take == hold_barrier)
		rc = hold_barrier();
	if (rc == 0)
		rc = mproc_process_join(process, MPROC_FOREVER);
	if (rc < 0)
		return fail();
	mproc_process_close(process);
	say("%-32s  %s", scenes[number].thing, scenes[number].look());
	return 0;
}

static int make_world(void)
{
	const mproc_semaphore_options owned = {.owned = true};
	const mproc_queue_options acknowledged = {.acknowledged = true};
	const int item = 7;
	int rc;

	world = mproc_calloc(1, sizeof *world);
	if (!world)
		return -errno;
	mproc_mutex_init(&world->mutex, NULL);
	mproc_semaphore_init(&world->plain, 1, NULL);
	mproc_barrier_init(&world->barrier, 2, NULL);
	mproc_once_init(&world->once);
	mproc_event_init(&world->event);
	world->value = mproc_value_create(sizeof *world->value, NULL);
	if (!world->value)
		return -errno;
	if ((rc = mproc_semaphore_init(&world->owned, 1, &owned)) < 0
		|| (rc = mproc_queue_create(NULL, &world->put)) < 0
		|| (rc = mproc_queue_create(NULL, &world->got)) < 0
		|| (rc = mproc_queue_create(&acknowledged, &world->owed)) < 0
		|| (rc = mproc_dict_create(NULL, &world->dict)) < 0
		|| (rc = mproc_list_create(NULL, &world->list)) < 0
		|| (rc = mproc_pipe(&(mproc_pipe_options){.one_way = true}, &receiver, &sender)) < 0
		|| (rc = mproc_queue_put(world->got, "work", 5, MPROC_FOREVER)) < 0
		|| (rc = mproc_queue_put(world->owed, "work", 5, MPROC_FOREVER)) < 0
		|| (rc = mproc_list_append(world->list, &item, sizeof item)) < 0)
		return rc;
	return 0;
}

int main(int argc, char *argv[])
{
	setting end = {"end", "kill"};
	int file, failed = 0;

	read_command_line(argc, argv, USAGE, &end, 1);
	if (strcmp(end.value, "kill") == 0)
		die = die_by_kill;
	else if (strcmp(end.value, "crash") == 0)
		die = die_by_crash;
	else if (strcmp(end.value, "exit") == 0)
		die = die_by_exit;
	else
		refuse(&end, "must be kill, crash or exit");
	if (make_world() < 0)
		return exit_status(fail());
	file = mkstemp(lock_path);
	if (file < 0)
		return exit_status(complain("%s: %s", lock_path, strerror(errno)));
	close(file);
	for (int number = 0; number < SCENES && !failed; ++number)
		failed = run_scene(number);
	unlink(lock_path);
	return exit_status(failed || is_surprised);
}
