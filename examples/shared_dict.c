/* SPDX-License-Identifier: MIT */
/*
 * shared_dict - the workers of a pool count the words of a text in one dict, which is printed as by sort and
 * uniq -c:
 *
 *	cat FILE... | tr -cs '[:alpha:]' '\n' | tr A-Z a-z | sort | uniq -c | sort -k 1,1nr -k 2
 */
#include "command.h"

#include <ctype.h>

enum {
	/* Letters and all else that a worker takes at a time. */
	PIECE = 4096,
};

/* What all pieces share. */
typedef struct job {
	const char *text;
	size_t size;
	mproc_dict *counts;
} job;

static const char USAGE[] =
	"usage: shared_dict [OPTION]... [FILE]...\n"
	"Counts the words of files, README.md by default: of letters from a to z, small and large ones "
	"alike.\n"
	"\n"
	"  --top N      print the N words that are there most often; 0, the default, prints all\n"
	"  --workers N  1 to 1024; by default one for each usable core\n"
	"  --help       this text\n";

static size_t word_length(const job *self, size_t at)
{
	size_t end = at;

	while (end < self->size && isalpha((unsigned char)self->text[end]))
		++end;
	return end - at;
}

/* Done by a worker: count the words that begin in a piece. */
static int count_piece(const void *item, void *result, mproc_task *task)
{
	const job *self = mproc_task_context(task);
	size_t at = mproc_task_index(task) * PIECE, end = at + PIECE < self->size ? at + PIECE : self->size;
	int rc = 0;

	(void)item, (void)result;
	if (at > 0 && isalpha((unsigned char)self->text[at - 1]))
		at += word_length(self, at); /* the end of a word of the piece before */
	while (at < end && rc == 0) {
		size_t length = word_length(self, at);

		if (length > 0)
			rc = mproc_dict_add(self->counts, self->text + at, length, 1, NULL);
		at += length + 1;
	}
	return rc;
}

static int print_counts(mproc_dict *counts, size_t top)
{
	mproc_snapshot *all;

	if (mproc_dict_snapshot(counts, &all) < 0)
		return fail();
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_number);
	for (size_t i = 0; i < all->count && (top == 0 || i < top); ++i)
		printf("%7" PRId64 " %s\n", *(const int64_t *)all->entries[i].value,
			(const char *)all->entries[i].key);
	mproc_snapshot_close(all);
	return 0;
}

/* The workers inherit the text, because it is there when the pool is opened. */
static int count_words(job *self, unsigned workers, size_t top)
{
	const mproc_map_options options = {.context = self, .context_size = sizeof *self};
	mproc_pool *pool;
	int rc = -1;

	if (mproc_dict_create(NULL, &self->counts) < 0)
		return fail();
	if (mproc_pool_open(&(mproc_pool_options){.workers = workers}, &pool) == 0) {
		rc = mproc_pool_map(
			pool, count_piece, NULL, 0, (self->size + PIECE - 1) / PIECE, NULL, 0, &options);
		mproc_pool_close(pool);
	}
	rc = rc == 0 ? print_counts(self->counts, top) : fail();
	mproc_dict_destroy(self->counts);
	return rc;
}

static void read_file(const char *path, FILE *text)
{
	FILE *file = fopen(path, "re");

	if (!file)
		refuse_word(path, strerror(errno));
	for (int byte; (byte = getc_unlocked(file)) != EOF;)
		putc_unlocked(tolower(byte), text);
	if (ferror(file))
		refuse_word(path, strerror(errno));
	putc_unlocked('\n', text);
	fclose(file);
}

int main(int argc, char *argv[])
{
	setting settings[] = {{"top", "0"}, {"workers", "0"}};
	int next = read_settings(argc, argv, USAGE, settings, 2);
	size_t top = whole_number(&settings[0], 0, SIZE_MAX);
	unsigned workers = (unsigned)whole_number(&settings[1], 0, 1024);
	job words = {0};
	char *bytes = NULL;
	FILE *text = open_memstream(&bytes, &words.size);
	int failed;

	if (!text)
		return exit_status(complain("%s", strerror(errno)));
	if (next == argc)
		read_file("README.md", text);
	while (next < argc)
		read_file(argv[next++], text);
	if (fclose(text) != 0)
		return exit_status(complain("%s", strerror(errno)));
	words.text = bytes;
	failed = count_words(&words, workers, top);
	free(bytes);
	return exit_status(failed);
}
