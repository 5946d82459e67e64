/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include "store/cache.h"
#include "store/stored.h"
#include "tracer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mproc/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	OLD_EDITION = 1,
	NEW_EDITION = 2,
	LATER_EDITION = 3,
	WORDS = 13,
	LARGE_WORDS = 40000,
	PATH_SIZE = 256,
	/* Three results; a fourth is to be swept away, in the background or, where that is pressing, at once. */
	FEW_BYTES = 3 * 4096,
	NEARLY_FOUR = 4 * 4096 - 100,
};

mproc_cache *store_cache;
void (*store_meanwhile)(void);

static char parent[PATH_SIZE / 2], directory[PATH_SIZE];
/* Of the operation in hand. */
static bool is_large;
static uint64_t max_bytes;

/* Directories. */

void store_make_parent(void)
{
	const char *temporary = getenv("TMPDIR");

	snprintf(parent, sizeof parent, "%.100s/mproc-test-XXXXXX", temporary == NULL ? "/tmp" : temporary);
	if (mkdtemp(parent) == NULL)
		abort();
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

void store_remove_parent(void)
{
	if (nftw(parent, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

const char *store_directory(void)
{
	return directory;
}

/* Keys and results: each word tells whose it is, of which edition, and where it belongs. */

mproc_cache_key store_key(const uint32_t *number)
{
	return (mproc_cache_key){
		.function = "work", .version = 1, .arguments = number, .size = sizeof *number};
}

/* Each edition has its own. */
size_t store_size(unsigned edition)
{
	return ((is_large ? LARGE_WORDS : WORDS) + edition) * sizeof(uint64_t);
}

static uint64_t make_word(uint32_t number, unsigned edition, size_t index)
{
	return (uint64_t)number << 48 | (uint64_t)edition << 32 | index;
}

const void *store_bytes(uint32_t number, unsigned edition)
{
	static uint64_t words[LARGE_WORDS + LATER_EDITION];

	for (size_t i = 0; i < store_size(edition) / sizeof *words; ++i)
		words[i] = make_word(number, edition, i);
	return words;
}

static bool is_edition(uint32_t number, unsigned edition, const mproc_cache_value *value)
{
	return value->size == store_size(edition)
	       && memcmp(value->bytes, store_bytes(number, edition), value->size) == 0;
}

unsigned store_edition(uint32_t number, const mproc_cache_value *value)
{
	for (unsigned edition = OLD_EDITION; edition <= LATER_EDITION; ++edition) {
		if (is_edition(number, edition, value))
			return edition;
	}
	return 0;
}

int store_compute(const void *arguments, size_t size, mproc_cache_result *result, void *unused)
{
	uint32_t number;

	(void)unused;
	if (size != sizeof number)
		fault_complain("the function got %zu bytes of arguments", size);
	memcpy(&number, arguments, sizeof number);
	if (store_meanwhile != NULL)
		store_meanwhile();
	return mproc_cache_return(result, store_bytes(number, NEW_EDITION), store_size(NEW_EDITION));
}

static int put(mproc_cache *cache, uint32_t number, unsigned edition)
{
	mproc_cache_key key = store_key(&number);

	return mproc_cache_put(cache, &key, store_bytes(number, edition), store_size(edition));
}

/* What there is beforehand. */

static void must(int rc, const char *when, const char *what)
{
	if (rc != 0)
		fault_complain("%s: %s: %d, %s", when, what, rc, mproc_error_text());
}

mproc_cache *store_open(const char *when)
{
	mproc_cache_options options = {.max_bytes = max_bytes};
	mproc_cache *cache = NULL;

	must(mproc_cache_open(directory, &options, &cache), when, "open");
	return cache;
}

static void path_of(uint32_t number, char path[PATH_SIZE * 2])
{
	char name[MPROCI_RESULT_NAME_SIZE];
	mproc_cache_key key = store_key(&number);
	mproci_digest digest;

	must(mproci_digest_of(&key, &digest), "before", "digest");
	mproci_digest_path(&digest, name);
	snprintf(path, PATH_SIZE * 2, "%s/%s", directory, name);
}

static void flip_bit(uint32_t number)
{
	char path[PATH_SIZE * 2];
	unsigned char byte = 0;
	int file;

	path_of(number, path);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0 || pread(file, &byte, 1, 200) != 1)
		fault_complain("before: %s: %m", path);
	byte ^= 4;
	if (pwrite(file, &byte, 1, 200) != 1)
		fault_complain("before: %s: %m", path);
	close(file);
}

static void leave_file(const char *name)
{
	char path[PATH_SIZE * 2];
	int file;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (file < 0 || write(file, name, strlen(name)) < 0)
		fault_complain("before: %s: %m", path);
	close(file);
}

static void leave_ruins(void)
{
	leave_file("aside/0123456789abcdef0123456789abcdef");
	leave_file("aside/1123456789abcdef0123456789abcdef");
	leave_file("CACHEDIR.TAG.2123456789abcdef0123456789abcdef");
}

/* All that is made on first use is made: whoever is looked at afterwards begins with as much. */
static void use_all(mproc_cache *cache)
{
	const uint32_t number = STORE_SPARE_KEY;
	mproc_cache_key key = store_key(&number);
	mproc_cache_value value;

	must(mproc_cache_call(cache, &key, store_compute, NULL, MPROC_FOREVER, &value), "before", "call");
	mproc_cache_value_free(&value);
	must(mproc_cache_remove(cache, &key), "before", "remove");
}

static void fill(mproc_cache *cache, const store_operation *what)
{
	for (uint32_t number = STORE_FIRST_KEY + 1; number <= STORE_LAST_KEY; ++number)
		must(put(cache, number, OLD_EDITION), "before", "put");
	if (what->before == STORE_OLD || what->is_damaged)
		must(put(cache, STORE_FIRST_KEY, OLD_EDITION), "before", "put");
}

static unsigned count_threads(void)
{
	DIR *all = opendir("/proc/self/task");
	const struct dirent *each;
	unsigned count = 0;

	while (all != NULL && (each = readdir(all)) != NULL)
		count += each->d_name[0] != '.';
	if (all != NULL)
		closedir(all);
	return count;
}

void store_await_thread(void)
{
	while (count_threads() > 1)
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static int open_and_close(void)
{
	mproc_cache_options options = {.max_bytes = max_bytes};
	mproc_cache *cache = NULL;
	int rc;

	rc = mproc_cache_open(directory, &options, &cache);
	if (rc < 0 && cache != NULL)
		fault_complain("open failed (%d), but set the handle", rc);
	mproc_cache_close(cache);
	return rc;
}

/* As if it had never been there. */
static void make_new(void)
{
	must(open_and_close(), "before", "open");
	if (nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		fault_complain("before: %s: %m", directory);
}

static void make_old(const store_operation *what)
{
	store_cache = store_open("before");
	use_all(store_cache);
	fill(store_cache, what);
	if (what->is_damaged)
		flip_bit(STORE_FIRST_KEY);
	if (what->has_ruins)
		leave_ruins();
	if (what->is_closed || what->max_bytes != 0)
		store_cache = mproc_cache_close(store_cache);
	max_bytes = what->max_bytes;
	if (what->max_bytes != 0)
		store_cache = store_open("before");
	store_await_thread();
}

void store_prepare(const store_operation *what)
{
	snprintf(directory, sizeof directory, "%s/%d", parent, (int)getpid());
	is_large = what->is_large;
	max_bytes = 0;
	store_meanwhile = NULL;
	if (!what->is_new)
		make_old(what);
	else if (!what->is_first)
		make_new();
}

/* What is done. */

static const uint32_t first = STORE_FIRST_KEY;

int store_close(void)
{
	store_cache = mproc_cache_close(store_cache);
	return 0;
}

static int put_new(void)
{
	return put(store_cache, STORE_FIRST_KEY, NEW_EDITION);
}

/* Free it, and see that it is one that may be. */
static int take(int rc, mproc_cache_value *value, unsigned least, unsigned most)
{
	unsigned edition;

	if (rc != 0)
		return rc;
	edition = store_edition(STORE_FIRST_KEY, value);
	if (value->origin == MPROC_CACHE_NOT_STORED && strstr(mproc_error_text(), "cache") == NULL)
		fault_complain("it was not stored, but no error text says why: %s", mproc_error_text());
	if (edition < least || edition > most)
		fault_complain("the value is edition %u, of %zu bytes", edition, value->size);
	mproc_cache_value_free(value);
	return 0;
}

static int get(void)
{
	mproc_cache_key key = store_key(&first);
	mproc_cache_value value;

	return take(mproc_cache_get(store_cache, &key, &value), &value, OLD_EDITION, OLD_EDITION);
}

static int call(void)
{
	mproc_cache_key key = store_key(&first);
	mproc_cache_value value;
	int rc = mproc_cache_call(store_cache, &key, store_compute, NULL, MPROC_FOREVER, &value);

	/* Who cannot read what is there computes it. */
	return take(rc, &value, OLD_EDITION, NEW_EDITION);
}

static int call_in_time(void)
{
	mproc_cache_key key = store_key(&first);
	mproc_cache_value value;
	int rc = mproc_cache_call(store_cache, &key, store_compute, NULL, mproc_after(3600), &value);

	return take(rc, &value, OLD_EDITION, NEW_EDITION);
}

static int remove_it(void)
{
	mproc_cache_key key = store_key(&first);

	return mproc_cache_remove(store_cache, &key);
}

static int ask_whether(void)
{
	mproc_cache_key key = store_key(&first);
	int rc = mproc_cache_contains(store_cache, &key);

	return rc > 0 ? 0 : rc;
}

static int clear(void)
{
	return mproc_cache_clear(store_cache);
}

static int sweep(void)
{
	return mproci_sweep(store_cache, mproc_after(3600));
}

static int visit(const mproc_cache_entry *entry, void *argument)
{
	unsigned *count = argument;

	if (strcmp(entry->function, "work") != 0 || entry->arguments_size != sizeof first)
		fault_complain("each: function %s with %llu bytes", entry->function,
			(unsigned long long)entry->arguments_size);
	++*count;
	return 0;
}

static int show_each(void)
{
	unsigned count = 0;

	return mproc_cache_each(store_cache, visit, &count);
}

const store_operation store_operations[] = {
	{.kind = "first",
		.name = "open, first",
		.operate = open_and_close,
		.is_first = true,
		.is_new = true,
		.takes_others = true,
		.before = STORE_NONE,
		.after = STORE_NONE},
	{.kind = "open",
		.name = "open, new",
		.operate = open_and_close,
		.is_new = true,
		.takes_others = true,
		.before = STORE_NONE,
		.after = STORE_NONE},
	{.kind = "open",
		.name = "open",
		.operate = open_and_close,
		.is_closed = true,
		.before = STORE_OLD,
		.after = STORE_OLD},
	{.kind = "open",
		.name = "open, ruins",
		.operate = open_and_close,
		.is_closed = true,
		.has_ruins = true,
		.before = STORE_OLD,
		.after = STORE_OLD},
	{.kind = "open", .name = "close", .operate = store_close, .before = STORE_OLD, .after = STORE_OLD},
	{.kind = "put", .name = "put", .operate = put_new, .before = STORE_NONE, .after = STORE_NEW},
	{.kind = "put",
		.name = "put, replacing",
		.operate = put_new,
		.before = STORE_OLD,
		.after = STORE_NEW},
	{.kind = "put",
		.name = "put, large",
		.operate = put_new,
		.is_large = true,
		.before = STORE_OLD,
		.after = STORE_NEW},
	{.kind = "get", .name = "get", .operate = get, .before = STORE_OLD, .after = STORE_OLD},
	{.kind = "get",
		.name = "get, bounded",
		.operate = get,
		.max_bytes = 1 << 20,
		.before = STORE_OLD,
		.after = STORE_OLD},
	{.kind = "get",
		.name = "get, large",
		.operate = get,
		.is_large = true,
		.before = STORE_OLD,
		.after = STORE_OLD},
	{.kind = "call", .name = "call, hit", .operate = call, .before = STORE_OLD, .after = STORE_OLD},
	{.kind = "call", .name = "call", .operate = call, .before = STORE_NONE, .after = STORE_NEW},
	{.kind = "call",
		.name = "call in time",
		.operate = call_in_time,
		.before = STORE_NONE,
		.after = STORE_NEW},
	{.kind = "call",
		.name = "call, damaged",
		.operate = call,
		.is_damaged = true,
		.may_be_damaged = true,
		.before = STORE_NONE,
		.after = STORE_NEW},
	{.kind = "remove", .name = "remove", .operate = remove_it, .before = STORE_OLD, .after = STORE_NONE},
	{.kind = "get", .name = "contains", .operate = ask_whether, .before = STORE_OLD, .after = STORE_OLD},
	{.kind = "get", .name = "each", .operate = show_each, .before = STORE_OLD, .after = STORE_OLD},
	{.kind = "remove",
		.name = "clear",
		.operate = clear,
		.takes_others = true,
		.before = STORE_OLD,
		.after = STORE_NONE},
	{.kind = "remove",
		.name = "sweep",
		.operate = sweep,
		.max_bytes = FEW_BYTES,
		.takes_others = true,
		.before = STORE_OLD,
		.after = STORE_OLD | STORE_NONE},
	{.kind = "put",
		.name = "put, evicting",
		.operate = put_new,
		.max_bytes = FEW_BYTES,
		.takes_others = true,
		.before = STORE_NONE,
		.after = STORE_NEW},
	{.kind = "put",
		.name = "put, evicting later",
		.operate = put_new,
		.max_bytes = NEARLY_FOUR,
		.has_thread = true,
		.takes_others = true,
		.before = STORE_NONE,
		.after = STORE_NEW},
	{.name = NULL},
};
/* What is wrong on purpose. */

static int write_file(const char *path, const void *bytes, size_t size)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool is_written = file >= 0 && write(file, bytes, size) == (ssize_t)size;

	if (file >= 0)
		close(file);
	return is_written ? 0 : -EIO;
}

/* A whole result, as the library would write it. */
static size_t make_file(char *file)
{
	mproc_cache_key key = store_key(&first);
	size_t offset = mproci_stored_offset(strlen(key.function));
	mproci_digest digest;

	must(mproci_digest_of(&key, &digest), "before", "digest");
	memcpy(file + offset, store_bytes(first, NEW_EDITION), store_size(NEW_EDITION));
	mproci_stored_write(
		file, &key, &digest, file + offset, store_size(NEW_EDITION), mproci_cache_now(), 0);
	return offset + store_size(NEW_EDITION);
}

static int put_in_place(void)
{
	char path[PATH_SIZE * 2], file[1024];
	size_t size = make_file(file);

	path_of(STORE_FIRST_KEY, path);
	return write_file(path, file, size);
}

static int put_beside(void)
{
	char path[PATH_SIZE * 2], aside[PATH_SIZE * 2 + 8], file[1024];
	size_t size = make_file(file);

	path_of(STORE_FIRST_KEY, path);
	snprintf(aside, sizeof aside, "%s.new", path);
	if (write_file(aside, file, size) != 0)
		return -EIO;
	return rename(aside, path) == 0 ? 0 : -errno;
}

/* Gone in between. */
static int put_after_removal(void)
{
	int rc = remove_it();

	return rc == 0 ? put_new() : rc;
}

const store_operation store_mistakes[] = {
	{.name = "put in place",
		.operate = put_in_place,
		.before = STORE_OLD,
		.after = STORE_NEW,
		.caught_as = "the witness: get of key 1"},
	{.name = "put beside",
		.operate = put_beside,
		.before = STORE_OLD,
		.after = STORE_NEW,
		.caught_as = "the next one: there is results/"},
	{.name = "put after removal",
		.operate = put_after_removal,
		.before = STORE_OLD,
		.after = STORE_NEW,
		.caught_as = "the witness: the first key leads to 1"},
	{.name = NULL},
};

/* What there must be afterwards. */

static unsigned find(mproc_cache *cache, uint32_t number, bool may_be_damaged, const char *when)
{
	mproc_cache_key key = store_key(&number);
	mproc_cache_value value;
	unsigned edition;
	int rc;

	rc = mproc_cache_get(cache, &key, &value);
	if (rc == -ENOENT || (rc == -EBADMSG && may_be_damaged))
		return STORE_NONE;
	if (rc != 0)
		fault_complain("%s: get of key %u: %d, %s", when, number, rc, mproc_error_text());
	edition = store_edition(number, &value);
	mproc_cache_value_free(&value);
	if (edition == 0)
		fault_complain("%s: get of key %u: a wrong result", when, number);
	return 1U << edition;
}

void store_expect(mproc_cache *cache, const store_operation *what, unsigned allowed, const char *when)
{
	unsigned found = find(cache, STORE_FIRST_KEY, what->may_be_damaged, when);

	if ((found & allowed) == 0)
		fault_complain("%s: the first key leads to %u instead of %u", when, found, allowed);
	for (uint32_t number = STORE_FIRST_KEY + 1; number <= STORE_LAST_KEY; ++number) {
		found = find(cache, number, false, when);
		if (found != STORE_OLD && !(what->takes_others && found == STORE_NONE))
			fault_complain("%s: key %u leads to %u", when, number, found);
	}
}

void store_expect_to_work(mproc_cache *cache, const char *when)
{
	const uint32_t spare = STORE_SPARE_KEY;
	mproc_cache_key key = store_key(&spare);
	mproc_cache_value value;

	store_meanwhile = NULL;
	must(put(cache, STORE_FIRST_KEY, LATER_EDITION), when, "put");
	if (find(cache, STORE_FIRST_KEY, false, when) != STORE_LATER)
		fault_complain("%s: what was just put is not there", when);
	must(mproc_cache_call(cache, &key, store_compute, NULL, mproc_after(3600), &value), when, "call");
	if (value.origin != MPROC_CACHE_COMPUTED)
		fault_complain("%s: call: origin %d, %s", when, (int)value.origin, mproc_error_text());
	mproc_cache_value_free(&value);
	must(mproc_cache_remove(cache, &key), when, "remove");
}

bool store_has_flight(void)
{
	struct flock any = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_SIZE * 2];
	int file;

	snprintf(path, sizeof path, "%s/flights", directory);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		return false;
	if (fcntl(file, F_OFD_GETLK, &any) != 0)
		any.l_type = F_UNLCK;
	close(file);
	return any.l_type != F_UNLCK;
}

/* What is in a directory. */
typedef struct inventory {
	const char *when;
	uint64_t results, bytes;
} inventory;

static bool is_digits(const char *name, size_t count)
{
	return strlen(name) == count && strspn(name, "0123456789abcdef") == count;
}

static bool is_known(const char *path)
{
	static const char *const known[] = {"CACHEDIR.TAG", "tally", "results", "aside", "flights", "sweep"};

	for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
		if (strcmp(path, known[i]) == 0)
			return true;
	}
	return false;
}

/* Where it is right, it is of use: a result, or a directory that has some. */
static bool belongs(const char *path)
{
	static const char folder[] = "results/";
	char digits[PATH_SIZE];

	if (strchr(path, '/') == NULL)
		return is_known(path);
	if (strncmp(path, folder, strlen(folder)) != 0)
		return false;
	path += strlen(folder);
	if (is_digits(path, 2))
		return true;
	if (strlen(path) < 3 || path[2] != '/')
		return false;
	snprintf(digits, sizeof digits, "%.2s%s", path, path + 3);
	return is_digits(digits, 2 * MPROCI_DIGEST_NAMED);
}

static inventory *taking;

static int note_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	const char *name = path + strlen(directory) + 1;

	if (where->level == 0)
		return 0;
	if (!belongs(name))
		fault_complain(
			"%s: there is %s, of %lld bytes", taking->when, name, (long long)status->st_size);
	if (type == FTW_F && strncmp(name, "results/", strlen("results/")) == 0) {
		++taking->results;
		taking->bytes += mproci_cache_bytes((uint64_t)status->st_size);
	}
	return 0;
}

static uint64_t difference(uint64_t one, uint64_t other)
{
	return one > other ? one - other : other - one;
}

static inventory take_inventory(const char *when)
{
	inventory is = {.when = when};

	taking = &is;
	if (nftw(directory, note_entry, 8, FTW_PHYS) != 0)
		fault_complain("%s: %s: %m", when, directory);
	return is;
}

void store_expect_tidy(const char *when)
{
	take_inventory(when);
}

void store_expect_counted(mproc_cache *cache, const char *when)
{
	inventory is = take_inventory(when);
	mproc_cache_usage usage;

	must(mproc_cache_stats(cache, &usage), when, "stats");
	/* Who is killed, or refused a call, may leave one uncounted. */
	if (difference(usage.entries, is.results) > 1
		|| difference(usage.bytes, is.bytes) > mproci_cache_bytes(store_size(LATER_EDITION) + 256))
		fault_complain("%s: %llu results of %llu bytes, counted are %llu of %llu", when,
			(unsigned long long)is.results, (unsigned long long)is.bytes,
			(unsigned long long)usage.entries, (unsigned long long)usage.bytes);
}
