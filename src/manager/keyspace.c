/* SPDX-License-Identifier: MIT */
#include "manager/keyspace.h"

#include "manager/expiry.h"
#include "manager/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	/* What one sweep removes at most. */
	SWEPT_AT_ONCE = 256,
	/* Expired names that a search for any name removes at most. */
	RANDOM_TRIES = 100,
	/* The two clocks are read one after the other, and in milliseconds: a difference of one is none. */
	TOLERANCE = 1,
	/* 0 means never. */
	FIRST_TIME = 1,
};

/* What the table of names has for each. */
typedef struct record {
	mproci_binding binding;
	mproci_expiring expiring;
} record;

/* What the table of watched names has for each. */
typedef struct watch_list {
	mproci_keyspace *keyspace;
	mproci_key_watcher *first, *last;
	/* While they are told: who comes next. */
	mproci_key_watcher *next_to_tell;
	bool is_telling;
} watch_list;

/* A large value that nobody has any more, and of which a part has been freed. */
typedef struct remains {
	struct remains *next;
	const mproci_type *type;
	void *value;
} remains;

struct mproci_keyspace {
	mproci_hash_table *names, *watched;
	mproci_expiry expiry;
	int64_t now, wall_ahead;
	uint64_t last_version;
	remains *remains;
};

static record *record_of(mproci_hash_entry *entry)
{
	return (record *)entry->payload;
}

static mproci_hash_entry *entry_of_payload(void *payload)
{
	return (mproci_hash_entry *)((char *)payload - offsetof(mproci_hash_entry, payload));
}

static mproci_hash_entry *entry_of_expiring(mproci_expiring *expiring)
{
	return entry_of_payload((char *)expiring - offsetof(record, expiring));
}

static void free_value(mproci_binding *binding)
{
	if (binding->type != NULL && binding->type->free != NULL)
		binding->type->free(binding->value);
}

static bool keep_remains(mproci_keyspace *keyspace, const mproci_binding *binding)
{
	remains *kept = malloc(sizeof *kept);

	if (kept == NULL)
		return false;
	*kept = (remains){keyspace->remains, binding->type, binding->value};
	keyspace->remains = kept;
	return true;
}

/*
 * Who deletes something large does not have everybody wait until it is freed, unless there is no memory to remember
 * it.
 */
static void let_go(mproci_keyspace *keyspace, mproci_binding *binding)
{
	const mproci_type *type = binding->type;

	if (type == NULL || type->free_part == NULL
		|| (!type->free_part(binding->value) && !keep_remains(keyspace, binding)))
		free_value(binding);
	binding->type = NULL;
}

static void free_some_remains(mproci_keyspace *keyspace)
{
	remains *first = keyspace->remains;

	if (first == NULL || !first->type->free_part(first->value))
		return;
	keyspace->remains = first->next;
	free(first);
}

static void drop_record(void *payload)
{
	free_value(&((record *)payload)->binding);
}

mproci_keyspace *mproci_keyspace_create(void)
{
	mproci_keyspace *keyspace = calloc(1, sizeof *keyspace);

	if (keyspace == NULL)
		return NULL;
	keyspace->names = mproci_hash_table_create(sizeof(record), drop_record);
	keyspace->watched = mproci_hash_table_create(sizeof(watch_list), NULL);
	if (keyspace->names == NULL || keyspace->watched == NULL) {
		mproci_keyspace_destroy(keyspace);
		return NULL;
	}
	return keyspace;
}

void mproci_keyspace_destroy(mproci_keyspace *keyspace)
{
	if (keyspace == NULL)
		return;
	mproci_hash_table_destroy(keyspace->names);
	mproci_hash_table_destroy(keyspace->watched);
	mproci_expiry_free(&keyspace->expiry);
	while (keyspace->remains != NULL)
		free_some_remains(keyspace);
	free(keyspace);
}

void mproci_keyspace_set_time(mproci_keyspace *keyspace, int64_t now, int64_t wall)
{
	int64_t ahead = wall - now;

	keyspace->now = now;
	if (llabs(ahead - keyspace->wall_ahead) > TOLERANCE)
		keyspace->wall_ahead = ahead;
}

int64_t mproci_keyspace_now(const mproci_keyspace *keyspace)
{
	return keyspace->now;
}

int64_t mproci_keyspace_wall(const mproci_keyspace *keyspace)
{
	return keyspace->now + keyspace->wall_ahead;
}

int64_t mproci_keyspace_from_wall(const mproci_keyspace *keyspace, int64_t wall)
{
	int64_t at;

	if (__builtin_sub_overflow(wall, keyspace->wall_ahead, &at))
		at = wall < 0 ? FIRST_TIME : INT64_MAX;
	return at < FIRST_TIME ? FIRST_TIME : at;
}

int64_t mproci_keyspace_to_wall(const mproci_keyspace *keyspace, int64_t at)
{
	int64_t wall;

	return __builtin_add_overflow(at, keyspace->wall_ahead, &wall) ? INT64_MAX : wall;
}

static void tell_list(mproci_keyspace *keyspace, mproci_hash_entry *entry)
{
	watch_list *list = (watch_list *)entry->payload;
	mproci_key_watcher *watcher;

	assert(!list->is_telling);
	list->is_telling = true;
	list->next_to_tell = list->first;
	while ((watcher = list->next_to_tell) != NULL) {
		list->next_to_tell = watcher->next;
		watcher->tell(watcher);
	}
	list->is_telling = false;
	if (list->first == NULL)
		mproci_hash_table_remove(keyspace->watched, entry);
}

static void tell(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_hash_entry *entry;

	if (keyspace->watched->count == 0)
		return;
	entry = mproci_hash_table_find(keyspace->watched, name);
	if (entry != NULL)
		tell_list(keyspace, entry);
}

static void remove_entry(mproci_keyspace *keyspace, mproci_hash_entry *entry)
{
	mproci_expiry_remove(&keyspace->expiry, &record_of(entry)->expiring);
	tell(keyspace, mproci_hash_entry_name(keyspace->names, entry));
	let_go(keyspace, &record_of(entry)->binding);
	mproci_hash_table_remove(keyspace->names, entry);
}

static bool is_expired(const mproci_keyspace *keyspace, const mproci_binding *binding)
{
	return binding->expires_at != 0 && binding->expires_at <= keyspace->now;
}

mproci_binding *mproci_keyspace_find(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_hash_entry *entry = mproci_hash_table_find(keyspace->names, name);

	if (entry == NULL)
		return NULL;
	if (is_expired(keyspace, &record_of(entry)->binding)) {
		remove_entry(keyspace, entry);
		return NULL;
	}
	return &record_of(entry)->binding;
}

static void set_expiry(mproci_keyspace *keyspace, record *it, int64_t at)
{
	it->binding.expires_at = at;
	/* Without memory it is not swept, and goes when somebody looks for it. */
	if (at == 0)
		mproci_expiry_remove(&keyspace->expiry, &it->expiring);
	else
		mproci_expiry_set(&keyspace->expiry, &it->expiring, at);
}

mproci_binding *mproci_keyspace_bind(
	mproci_keyspace *keyspace, mproci_view name, const mproci_type *type, void *value)
{
	mproci_hash_entry *entry = mproci_hash_table_add(keyspace->names, name, NULL);
	record *it;

	if (entry == NULL)
		return NULL;
	it = record_of(entry);
	let_go(keyspace, &it->binding);
	set_expiry(keyspace, it, 0);
	it->binding = (mproci_binding){.type = type, .value = value, .version = ++keyspace->last_version};
	return &it->binding;
}

void mproci_keyspace_remove(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_hash_entry *entry = mproci_hash_table_find(keyspace->names, name);

	if (entry != NULL)
		remove_entry(keyspace, entry);
}

int mproci_keyspace_rename(mproci_keyspace *keyspace, mproci_view name, mproci_view to)
{
	mproci_binding *from = mproci_keyspace_find(keyspace, name);
	mproci_binding *target;
	int64_t expires_at;

	assert(from != NULL && !mproci_view_equal(name, to));
	expires_at = from->expires_at;
	target = mproci_keyspace_bind(keyspace, to, from->type, from->value);
	if (target == NULL)
		return -ENOMEM;
	from->type = NULL;
	mproci_keyspace_remove(keyspace, name);
	mproci_keyspace_expire(keyspace, to, target, expires_at);
	mproci_keyspace_touch(keyspace, to, target);
	return 0;
}

void mproci_keyspace_touch(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding)
{
	binding->version = ++keyspace->last_version;
	tell(keyspace, name);
}

void mproci_keyspace_expire(mproci_keyspace *keyspace, mproci_view name, mproci_binding *binding, int64_t at)
{
	(void)name;
	set_expiry(keyspace, (record *)binding, at);
}

int64_t mproci_keyspace_sweep(mproci_keyspace *keyspace)
{
	mproci_expiring *first = mproci_expiry_first(&keyspace->expiry);

	for (int i = 0; i < SWEPT_AT_ONCE && first != NULL && first->at <= keyspace->now; i++) {
		remove_entry(keyspace, entry_of_expiring(first));
		first = mproci_expiry_first(&keyspace->expiry);
	}
	free_some_remains(keyspace);
	if (keyspace->remains != NULL)
		return keyspace->now;
	return first == NULL ? 0 : first->at;
}

size_t mproci_keyspace_count(const mproci_keyspace *keyspace)
{
	return keyspace->names->count;
}

mproci_view mproci_keyspace_name(const mproci_keyspace *keyspace, const mproci_binding *binding)
{
	const char *payload = (const char *)binding;

	return mproci_hash_entry_name(
		keyspace->names, (const mproci_hash_entry *)(payload - offsetof(mproci_hash_entry, payload)));
}

mproci_binding *mproci_keyspace_random(mproci_keyspace *keyspace)
{
	mproci_hash_entry *entry;

	for (int i = 0; i < RANDOM_TRIES; i++) {
		entry = mproci_hash_table_random(keyspace->names);
		if (entry == NULL)
			break;
		if (!is_expired(keyspace, &record_of(entry)->binding))
			return &record_of(entry)->binding;
		remove_entry(keyspace, entry);
	}
	return NULL;
}

/* What a scan of names calls for each, where the table calls for each entry. */
typedef struct name_visitor {
	mproci_keyspace *keyspace;
	void (*visit)(void *context, mproci_view name, mproci_binding *binding);
	void *context;
} name_visitor;

static void visit_entry(void *context, mproci_hash_entry *entry)
{
	name_visitor *visitor = context;
	mproci_binding *binding = &record_of(entry)->binding;

	if (!is_expired(visitor->keyspace, binding))
		visitor->visit(
			visitor->context, mproci_hash_entry_name(visitor->keyspace->names, entry), binding);
}

uint64_t mproci_keyspace_scan(mproci_keyspace *keyspace, uint64_t cursor, size_t count,
	void (*visit)(void *context, mproci_view name, mproci_binding *binding), void *context)
{
	name_visitor visitor = {.keyspace = keyspace, .visit = visit, .context = context};

	return mproci_hash_table_scan(keyspace->names, cursor, count, visit_entry, &visitor);
}

static bool is_cleared(void *context, mproci_hash_entry *entry)
{
	mproci_keyspace *keyspace = context;

	if (record_of(entry)->binding.type->is_shown)
		return false;
	mproci_expiry_remove(&keyspace->expiry, &record_of(entry)->expiring);
	tell(keyspace, mproci_hash_entry_name(keyspace->names, entry));
	let_go(keyspace, &record_of(entry)->binding);
	return true;
}

void mproci_keyspace_clear(mproci_keyspace *keyspace)
{
	mproci_hash_table_remove_some(keyspace->names, is_cleared, keyspace);
}

int mproci_keyspace_watch(mproci_keyspace *keyspace, mproci_view name, mproci_key_watcher *watcher)
{
	mproci_hash_entry *entry = mproci_hash_table_add(keyspace->watched, name, NULL);
	watch_list *list;

	if (entry == NULL)
		return -ENOMEM;
	list = (watch_list *)entry->payload;
	list->keyspace = keyspace;
	watcher->of_keyspace = list;
	watcher->next = NULL;
	watcher->previous = list->last;
	if (list->last == NULL)
		list->first = watcher;
	else
		list->last->next = watcher;
	list->last = watcher;
	return 0;
}

void mproci_keyspace_unwatch(mproci_key_watcher *watcher)
{
	watch_list *list = watcher->of_keyspace;

	if (list == NULL)
		return;
	watcher->of_keyspace = NULL;
	if (list->next_to_tell == watcher)
		list->next_to_tell = watcher->next;
	if (watcher->previous == NULL)
		list->first = watcher->next;
	else
		watcher->previous->next = watcher->next;
	if (watcher->next == NULL)
		list->last = watcher->previous;
	else
		watcher->next->previous = watcher->previous;
	if (list->first == NULL && !list->is_telling)
		mproci_hash_table_remove(list->keyspace->watched, entry_of_payload(list));
}

uint64_t mproci_keyspace_version(mproci_keyspace *keyspace, mproci_view name)
{
	mproci_binding *binding = mproci_keyspace_find(keyspace, name);

	return binding == NULL ? 0 : binding->version;
}
