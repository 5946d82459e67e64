/* SPDX-License-Identifier: MIT */
/*
 * cache_lmdb - a cache like ours whose store is LMDB; a peer (peer.h).
 *
 * The key is hashed as ours is, and an entry has as many bytes before the result, and a checksum of the same kind, so that what differs is the store.
 * A result is copied out of it, for it may be used when the transaction is over, as ours may.
 */
#define XXH_INLINE_ALL
#include "bench.h"
#include "cache_work.h"
#include "peer.h"

#include <errno.h>
#include <lmdb.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum {
	DIGEST_SIZE = 32,
	/* Ours, with a name of up to 64 bytes. */
	FRONT_SIZE = 192,
	ENTRY_SIZE = FRONT_SIZE + CACHE_SMALL,
	ALIGNMENT = 64,
	ROOM_SIZE = (ENTRY_SIZE / ALIGNMENT + 1) * ALIGNMENT,
	LONGEST_TURN = 20000,
	/* Entries in a transaction while a store is filled. */
	FILL_STEP = 10000,
	MOST_STORES = 4,
};

/* A database in a file of its own. */
typedef struct lmdb_store {
	size_t entries;
	MDB_env *environment;
	MDB_dbi table;
	/* Of who reads, used again and again, which is the fastest way. */
	MDB_txn *reader;
} lmdb_store;

typedef struct lmdb_entry {
	XXH128_hash_t checksum;
	unsigned char digest[DIGEST_SIZE];
	unsigned char rest[FRONT_SIZE - DIGEST_SIZE - sizeof(XXH128_hash_t)];
	unsigned char result[CACHE_SMALL];
} lmdb_entry;

static lmdb_store stores[MOST_STORES];

static void expect(int rc, const char *what)
{
	if (rc != 0)
		bench_fail("cache_lmdb: %s: %s", what, mdb_strerror(rc));
}

/* Sizes and version, the name, and the argument: so much, and in so many parts, as ours. */
static void digest_of(uint64_t number, unsigned char digest[DIGEST_SIZE])
{
	static const uint64_t numbers[3] = {1, 8, sizeof(uint64_t)};
	static EVP_MD_CTX *context;
	static EVP_MD *kind;

	if (context == NULL) {
		context = EVP_MD_CTX_new();
		kind = EVP_MD_fetch(NULL, "SHA256", NULL);
	}
	if (EVP_DigestInit_ex2(context, kind, NULL) != 1
		|| EVP_DigestUpdate(context, numbers, sizeof numbers) != 1
		|| EVP_DigestUpdate(context, "function", 8) != 1
		|| EVP_DigestUpdate(context, &number, sizeof number) != 1
		|| EVP_DigestFinal_ex(context, digest, NULL) != 1)
		bench_fail("cache_lmdb: SHA-256 failed");
}

static XXH128_hash_t checksum_of(const lmdb_entry *entry)
{
	return XXH3_128bits(entry->digest, ENTRY_SIZE - sizeof entry->checksum);
}

static void get(const lmdb_store *store, uint64_t number)
{
	unsigned char digest[DIGEST_SIZE];
	MDB_val key = {sizeof digest, digest}, found;
	lmdb_entry *copy = aligned_alloc(ALIGNMENT, ROOM_SIZE);
	XXH128_hash_t checksum;

	digest_of(number, digest);
	expect(mdb_txn_renew(store->reader), "mdb_txn_renew");
	expect(mdb_get(store->reader, store->table, &key, &found), "mdb_get");
	if (copy == NULL || found.mv_size != ENTRY_SIZE)
		bench_fail("cache_lmdb: an entry of %zu bytes", found.mv_size);
	memcpy(copy, found.mv_data, ENTRY_SIZE);
	mdb_txn_reset(store->reader);
	checksum = checksum_of(copy);
	if (memcmp(&checksum, &copy->checksum, sizeof checksum) != 0
		|| memcmp(digest, copy->digest, sizeof digest) != 0
		|| !cache_work_is_right(number, copy->result, CACHE_SMALL))
		bench_fail("cache_lmdb: a wrong result");
	free(copy);
}

static void put(const lmdb_store *store, MDB_txn *writer, uint64_t number)
{
	lmdb_entry entry = {0};
	MDB_val key = {sizeof entry.digest, entry.digest}, value = {ENTRY_SIZE, &entry};

	digest_of(number, entry.digest);
	cache_work_fill(number, entry.result);
	entry.checksum = checksum_of(&entry);
	expect(mdb_put(writer, store->table, &key, &value, 0), "mdb_put");
}

static MDB_txn *begin(const lmdb_store *store, unsigned flags)
{
	MDB_txn *transaction;

	expect(mdb_txn_begin(store->environment, NULL, flags, &transaction), "mdb_txn_begin");
	return transaction;
}

static void path_of(const lmdb_store *store, char *path, size_t size)
{
	snprintf(path, size, "%s/lmdb.%zu", cache_work_folder(), store->entries);
}

static void fill(const lmdb_store *store)
{
	for (size_t first = 0; first < store->entries; first += FILL_STEP) {
		MDB_txn *writer = begin(store, 0);

		for (size_t i = first; i < first + FILL_STEP && i < store->entries; ++i)
			put(store, writer, i);
		expect(mdb_txn_commit(writer), "mdb_txn_commit");
	}
}

static void make(lmdb_store *store, size_t entries)
{
	char path[4096];
	MDB_txn *writer;

	store->entries = entries;
	path_of(store, path, sizeof path);
	expect(mdb_env_create(&store->environment), "mdb_env_create");
	expect(mdb_env_set_mapsize(store->environment, (size_t)4 << 30), "mdb_env_set_mapsize");
	expect(mdb_env_open(store->environment, path, MDB_NOSUBDIR | MDB_NOSYNC, 0666), path);
	writer = begin(store, 0);
	expect(mdb_dbi_open(writer, NULL, 0, &store->table), "mdb_dbi_open");
	expect(mdb_txn_commit(writer), "mdb_txn_commit");
	fill(store);
	store->reader = begin(store, MDB_RDONLY);
	mdb_txn_reset(store->reader);
}

/* The store of so many entries, which is made when it is asked for first. */
static lmdb_store *find(size_t entries)
{
	for (size_t i = 0; i < MOST_STORES; ++i) {
		if (stores[i].environment == NULL)
			make(&stores[i], entries);
		if (stores[i].entries == entries)
			return &stores[i];
	}
	bench_fail("cache_lmdb: too many stores");
}

static double hit(size_t count, size_t entries)
{
	static uint64_t numbers[LONGEST_TURN];
	const lmdb_store *store = find(entries);
	double began;

	cache_work_draw(numbers, count, entries);
	began = bench_now();
	for (size_t i = 0; i < count; ++i)
		get(store, numbers[i]);
	return bench_now() - began;
}

/* Each in a transaction of its own, as a program that computes a result at a time would. */
static double put_each(size_t count, size_t entries, bool syncs)
{
	static uint64_t fresh = 1000000000;
	const lmdb_store *store = find(entries);
	double began;

	expect(mdb_env_set_flags(store->environment, MDB_NOSYNC, !syncs), "mdb_env_set_flags");
	began = bench_now();
	for (size_t i = 0; i < count; ++i) {
		MDB_txn *writer = begin(store, 0);

		put(store, writer, fresh++);
		expect(mdb_txn_commit(writer), "mdb_txn_commit");
	}
	return bench_now() - began;
}

/* Bytes on the disk that an entry takes. */
static double weigh(size_t entries)
{
	char path[4096];
	struct stat status;

	path_of(find(entries), path, sizeof path);
	if (stat(path, &status) < 0)
		bench_fail("cache_lmdb: %s: %s", path, strerror(errno));
	return (double)status.st_blocks * 512 / (double)entries;
}

static double run(const char *kind)
{
	char name[16];
	size_t count, entries;

	if (sscanf(kind, "%15s %zu %zu", name, &count, &entries) != 3 || count > LONGEST_TURN)
		bench_fail("cache_lmdb: what is \"%s\"?", kind);
	if (strcmp(name, "hit") == 0)
		return hit(count, entries);
	if (strcmp(name, "weigh") == 0)
		return weigh(entries);
	return put_each(count, entries, strcmp(name, "put") == 0);
}

int main(void)
{
	bench_peer_serve(run);
	return 0;
}
