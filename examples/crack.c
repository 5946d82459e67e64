/* SPDX-License-Identifier: MIT */
/*
 * crack - finds a short password by trying all there are, and stops as soon as it is found.
 */
#include "command.h"
#include "crack/passwords.h"

#include <openssl/evp.h>

enum {
	/* An item: about 20 ms of work, so that none is far from its end when another one has found it. */
	PASSWORDS_IN_BLOCK = 1 << 16,
	HASH_SIZE = 32,
};

static const uint64_t MOST_PASSWORDS = UINT64_C(1) << 62;

/* What all items share: which passwords there are, and the hash of the one that is looked for. */
typedef struct search {
	alphabet alphabet;
	uint64_t count;
	unsigned char hash[HASH_SIZE];
} search;

/* What was found in a block; an empty text: nothing. */
typedef struct hit {
	char text[MOST_LENGTH + 1];
} hit;

static const char USAGE[] =
	"usage: crack [OPTION]... HASH\n"
	"Finds the password that has a hash, by trying all there are.\n"
	"\n"
	"  HASH            SHA-256 of the password, 64 hexadecimal digits: printf fox | sha256sum\n"
	"  --of PASSWORD   instead: the hash of this one, to see how long it takes\n"
	"  --letters TEXT  of which passwords are made; abcdefghijklmnopqrstuvwxyz by default\n"
	"  --length N      of the longest that is tried, 1 to 16; 5 by default\n"
	"  --workers N     processes, 1 to 1024; by default one for each usable core\n"
	"  --serial        without workers; what is found is the same\n"
	"  --help          this text\n"
	"\n"
	"Exit status: 0; 1 when there is no such password, or something failed, as standard error tells;\n"
	"2 for wrong options.\n";

/* The search. */

static bool hash(
	EVP_MD_CTX *context, const EVP_MD *method, const char *text, size_t size, unsigned char *ret_hash)
{
	return EVP_DigestInit_ex2(context, method, NULL) && EVP_DigestUpdate(context, text, size)
	       && EVP_DigestFinal_ex(context, ret_hash, NULL);
}

/* Returns 0, and in @ret_hit the password if it is one of this block; or a negative errno. */
static int try_block(
	const search *self, uint64_t block, EVP_MD_CTX *context, const EVP_MD *method, hit *ret_hit)
{
	uint64_t first = block * PASSWORDS_IN_BLOCK, left = self->count - first;
	unsigned char its_hash[HASH_SIZE];
	password next;

	find_password(&self->alphabet, first, &next);
	for (left = left < PASSWORDS_IN_BLOCK ? left : PASSWORDS_IN_BLOCK; left > 0; --left) {
		if (!hash(context, method, next.text, next.length, its_hash))
			return -EIO;
		if (memcmp(its_hash, self->hash, HASH_SIZE) == 0) {
			memcpy(ret_hit->text, next.text, sizeof ret_hit->text);
			return 0;
		}
		advance_password(&self->alphabet, &next);
	}
	return 0;
}

/* Done by a worker: the items are nothing but their numbers. */
static int search_block(const void *item, void *result, mproc_task *task)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_MD *method = EVP_MD_fetch(NULL, "SHA256", NULL);
	int rc = -ENOMEM;

	(void)item;
	memset(result, 0, sizeof(hit));
	if (context && method)
		rc = try_block(mproc_task_context(task), mproc_task_index(task), context, method, result);
	EVP_MD_free(method);
	EVP_MD_CTX_free(context);
	return rc;
}

/* Take results until there is a hit, or no more.  Returns 0, or -1 after telling what failed. */
static int take_results(mproc_stream *stream, uint64_t *ret_blocks, hit *ret_hit)
{
	mproc_entry entry;
	int rc = 0;

	*ret_hit = (hit){""};
	for (*ret_blocks = 0; rc == 0 && !*ret_hit->text; *ret_blocks += rc == 0) {
		rc = mproc_stream_next(stream, MPROC_FOREVER, &entry);
		if (rc == 0)
			*ret_hit = *(const hit *)entry.result;
	}
	return rc == 0 || rc == -ENODATA ? 0 : fail();
}

static int crack(mproc_pool *pool, const search *self)
{
	const mproc_imap_options options = {
		.unordered = true, /* who finds it need not wait for others */
		.context = self,
		.context_size = sizeof *self,
	};
	uint64_t blocks = (self->count + PASSWORDS_IN_BLOCK - 1) / PASSWORDS_IN_BLOCK, tried;
	double start = seconds_now();
	mproc_stream *stream;
	hit found;
	int failed;

	if (mproc_pool_imap(pool, search_block, NULL, 0, (size_t)blocks, sizeof(hit), &options, &stream) < 0)
		return fail();
	failed = take_results(stream, &tried, &found);
	mproc_stream_close(stream); /* what has not begun never will */
	if (failed)
		return failed;
	if (!*found.text)
		return complain("none of %" PRIu64 " passwords has this hash", self->count);
	printf("password  %s\n", found.text);
	printf("tried     %" PRIu64 " of %" PRIu64 " blocks of passwords\n", tried, blocks);
	printf("workers   %d\n", mproc_pool_workers(pool));
	printf("seconds   %.3f\n", seconds_now() - start);
	return 0;
}

/* The command line. */

enum {
	OF,
	LETTERS,
	LENGTH,
	WORKERS,
	SERIAL,
	SETTINGS
};

static void set_alphabet(alphabet *self, const setting *given)
{
	size_t count = strlen(given->value);

	if (count < 1 || count > MOST_LETTERS)
		refuse(given, "must have 1 to 255 letters");
	for (size_t i = 1; i < count; ++i) {
		if (memchr(given->value, given->value[i], i))
			refuse(given, "must have no letter twice");
	}
	memcpy(self->letters, given->value, count);
	self->count = (unsigned)count;
}

static void set_count(search *self, const setting *given)
{
	char why[96];

	self->count = count_passwords(&self->alphabet, (unsigned)whole_number(given, 1, MOST_LENGTH));
	snprintf(why, sizeof why, "makes too many passwords: %" PRIu64 " are possible", MOST_PASSWORDS);
	if (self->count > MOST_PASSWORDS)
		refuse(given, why);
}

static void set_hash(search *self, const char *digits)
{
	size_t count = strspn(digits, "0123456789abcdefABCDEF");

	if (count != 2 * (size_t)HASH_SIZE || digits[count] != '\0')
		refuse_word(digits, "must be 64 hexadecimal digits");
	for (size_t i = 0; i < HASH_SIZE; ++i) {
		const char byte[] = {digits[2 * i], digits[2 * i + 1], '\0'};

		self->hash[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
}

static void set_goal(search *self, const setting *of, const char *const words[])
{
	if (of->value && words[0])
		refuse(of, "cannot be combined with a hash");
	if (!of->value && !words[0])
		refuse_word("HASH", "a hash is needed, or --of");
	if (words[0] && words[1])
		refuse_word(words[1], "one hash is enough");
	if (of->value)
		EVP_Digest(of->value, strlen(of->value), self->hash, NULL, EVP_sha256(), NULL);
	else
		set_hash(self, words[0]);
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[OF] = {"of", NULL},
		[LETTERS] = {"letters", "abcdefghijklmnopqrstuvwxyz"},
		[LENGTH] = {"length", "5"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), failed;
	mproc_pool_options options = {0};
	search plan = {0};
	mproc_pool *pool;

	set_alphabet(&plan.alphabet, &settings[LETTERS]);
	set_count(&plan, &settings[LENGTH]);
	set_goal(&plan, &settings[OF], (const char *const *)argv + next);
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	if (mproc_pool_open(&options, &pool) < 0)
		return exit_status(fail());
	failed = crack(pool, &plan);
	mproc_pool_close(pool);
	return exit_status(failed);
}
