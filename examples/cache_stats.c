/* SPDX-License-Identifier: MIT */
/*
 * cache_stats - looks at a cache in a directory, whoever uses it meanwhile: what is in it, and what it was good for.
 */
#include "command.h"

#include <search.h>
#include <unistd.h>

/* The results of one version of a function. */
typedef struct group {
	/* A copy. */
	char *function;
	uint64_t version;
	uint64_t results, bytes;
	/* Seconds that they took to compute; since 1970. */
	double cost, oldest, used;
} group;

static const char USAGE[] =
	"usage: cache_stats [OPTION]... DIRECTORY\n"
	"Tells what is in a cache, and how often something was found there.\n"
	"\n"
	"  --clear  remove all results; who uses the cache goes on, and computes again\n"
	"  --help   this text\n"
	"\n"
	"Then a line for each version of each function:\n"
	"  results   how many are stored\n"
	"  bytes     that they have; on the disk each takes a multiple of 4096\n"
	"  seconds   that it took to compute them\n"
	"  oldest    when the first of them was stored\n"
	"  used      when one of them was last used, or stored\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* Groups are in a tree, in order of their names, then of their versions. */

static int compare(const void *one_group, const void *other_group)
{
	const group *one = one_group, *other = other_group;
	int order = strcmp(one->function, other->function);

	if (order != 0)
		return order;
	return (one->version > other->version) - (one->version < other->version);
}

static void free_group(void *self)
{
	free(((group *)self)->function);
	free(self);
}

/* Returns NULL when there is no memory. */
static group *make_group(const mproc_cache_entry *entry)
{
	group *self = calloc(1, sizeof *self);

	if (!self)
		return NULL;
	self->function = strdup(entry->function);
	self->version = entry->version;
	self->oldest = entry->stored;
	if (self->function)
		return self;
	free(self);
	return NULL;
}

/* Returns the group of an entry, which is made if there is none, or NULL when there is no memory. */
static group *find_group(void **groups, const mproc_cache_entry *entry)
{
	const group wanted = {.function = (char *)(uintptr_t)entry->function, .version = entry->version};
	group *const *found = tfind(&wanted, groups, compare);
	group *made;

	if (found)
		return *found;
	made = make_group(entry);
	if (!made || tsearch(made, groups, compare))
		return made;
	free_group(made);
	return NULL;
}

static int add_entry(const mproc_cache_entry *entry, void *groups)
{
	group *self = find_group(groups, entry);

	if (!self) {
		complain("no memory for so many functions");
		return 1;
	}
	++self->results;
	self->bytes += entry->size;
	self->cost += entry->cost;
	if (entry->stored < self->oldest)
		self->oldest = entry->stored;
	if (entry->used > self->used)
		self->used = entry->used;
	return 0;
}

static void format_time(double seconds, char text[32])
{
	time_t moment = (time_t)seconds;
	struct tm local;

	if (!localtime_r(&moment, &local) || strftime(text, 32, "%Y-%m-%d %H:%M", &local) == 0)
		snprintf(text, 32, "%.0f", seconds);
}

/* A name is whatever somebody has stored: nothing in it shall move the cursor. */
static void print_name(const char *name)
{
	for (; *name; ++name)
		putchar((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
	putchar('\n');
}

static void print_group(const void *node, VISIT visit, int depth)
{
	const group *self = *(group *const *)node;
	char oldest[32], used[32];

	(void)depth;
	if (visit != postorder && visit != leaf)
		return;
	format_time(self->oldest, oldest);
	format_time(self->used, used);
	printf("%9" PRIu64 " %13" PRIu64 " %11.3f  %-16s  %-16s  %7" PRIu64 "  ", self->results, self->bytes,
		self->cost, oldest, used, self->version);
	print_name(self->function);
}

static int print_functions(mproc_cache *cache)
{
	void *groups = NULL;
	int rc = mproc_cache_each(cache, add_entry, &groups);

	if (rc < 0)
		fail();
	if (rc == 0 && groups) {
		printf("\n%9s %13s %11s  %-16s  %-16s  %7s  function\n", "results", "bytes", "seconds",
			"oldest", "used", "version");
		twalk(groups, print_group);
	}
	tdestroy(groups, free_group);
	return rc;
}

static void print_usage(const mproc_cache_usage *self)
{
	uint64_t looks = self->hits + self->misses;

	printf("results  %" PRIu64 ", %" PRIu64 " bytes on the disk\n", self->entries, self->bytes);
	printf("found    %" PRIu64 " of %" PRIu64 " times, %.1f %%\n", self->hits, looks,
		looks > 0 ? 100.0 * (double)self->hits / (double)looks : 0.0);
	printf("saved    %.3f seconds\n", self->saved);
	printf("stored   %" PRIu64 ", failed %" PRIu64 "\n", self->puts, self->failed_puts);
	printf("removed  %" PRIu64 " for a bound, %" PRIu64 " damaged\n", self->evicted, self->damaged);
}

static int print_cache(mproc_cache *cache)
{
	mproc_cache_usage usage;

	if (mproc_cache_stats(cache, &usage) < 0)
		return fail();
	print_usage(&usage);
	return print_functions(cache);
}

/* mproc_cache_open would make one. */
static int check_directory(const char *directory)
{
	char tag[4096];

	snprintf(tag, sizeof tag, "%s/CACHEDIR.TAG", directory);
	return access(tag, F_OK) == 0 ? 0 : complain("%s: %s: this is no cache", tag, strerror(errno));
}

/* Without bounds of its own: to look at a cache removes nothing. */
static int show(const char *directory, bool clears)
{
	const mproc_cache_options options = {.max_bytes = UINT64_MAX};
	mproc_cache *cache;
	int failed;

	if (check_directory(directory) < 0)
		return -1;
	if (mproc_cache_open(directory, &options, &cache) < 0)
		return fail();
	if (clears)
		failed = mproc_cache_clear(cache) < 0 ? fail() : 0;
	else
		failed = print_cache(cache);
	mproc_cache_close(cache);
	return failed;
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"clear", OFF}};
	int next = read_settings(argc, argv, USAGE, settings, 1);

	if (!argv[next]) {
		complain("which directory?  cache_stats --help tells more");
		return USAGE_ERROR;
	}
	if (argv[next + 1])
		refuse_word(argv[next + 1], "one directory at a time");
	return exit_status(show(argv[next], is_on(&settings[0])));
}
