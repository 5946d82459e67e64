/* SPDX-License-Identifier: MIT */
/*
 * Showing and hiding, in any member of the family.
 */
#include "family/family.h"
#include "manager/manager.h"

#include <errno.h>
#include <mproc/value.h>
#include <stdalign.h>

static int show(mproc_manager *manager, const char *name, const mproci_showing *what)
{
	int rc = mproci_manager_check(manager);

	return rc < 0 ? rc : mproci_registry_show(&manager->registry, name, what);
}

static int check_as(mproc_shown_as as)
{
	if (!mproci_item_is_known(as))
		return mproci_fail(-EINVAL, "shown as %d: 0 to %d are possible", (int)as, MPROC_SHOWN_BOOL);
	return 0;
}

static int check_size(mproc_shown_as as, size_t size)
{
	if (size == 0)
		return mproci_fail(-EINVAL, "size 0: at least 1 is possible");
	if (as != MPROC_SHOWN_BYTES && size != mproci_item_size(as))
		return mproci_fail(
			-EINVAL, "%zu bytes: what is shown so has %zu", size, mproci_item_size(as));
	return 0;
}

static int show_cells(
	mproc_manager *manager, const char *name, uint32_t kind, void *value, size_t size, mproc_shown_as as)
{
	mproci_showing what = {.kind = kind, .as = (uint32_t)as, .object = value, .size = size};
	int rc;

	rc = check_as(as);
	if (rc == 0)
		rc = check_size(as, size);
	if (rc < 0)
		return rc;
	what.count = mproc_array_count(value);
	return what.count == 0 ? -EINVAL : show(manager, name, &what);
}

int mproc_manager_show_value(
	mproc_manager *manager, const char *name, void *value, size_t size, mproc_shown_as as)
{
	return show_cells(manager, name, MPROCI_SHOWN_VALUE, value, size, as);
}

int mproc_manager_show_array(
	mproc_manager *manager, const char *name, void *array, size_t size, mproc_shown_as as)
{
	return show_cells(manager, name, MPROCI_SHOWN_ARRAY, array, size, as);
}

static int check_place(const void *object, size_t alignment, const char *noun)
{
	if (object == NULL)
		return mproci_fail(-EINVAL, "%s is NULL", noun);
	if ((uintptr_t)object % alignment != 0 || !mproci_family_holds(object))
		return mproci_fail(-EINVAL, "%s %p is not in the arena, or not aligned to %zu bytes", noun,
			object, alignment);
	return 0;
}

static int show_atomic(mproc_manager *manager, const char *name, const char *noun, const mproci_showing *what)
{
	int rc = check_place(what->object, what->size, noun);

	return rc < 0 ? rc : show(manager, name, what);
}

int mproc_manager_show_number(mproc_manager *manager, const char *name, void *number)
{
	return show_atomic(manager, name, "number",
		&(mproci_showing){
			.kind = MPROCI_SHOWN_NUMBER,
			.as = MPROC_SHOWN_INT64,
			.object = number,
			.size = sizeof(int64_t),
		});
}

int mproc_manager_show_flag(mproc_manager *manager, const char *name, void *flag)
{
	return show_atomic(manager, name, "flag",
		&(mproci_showing){
			.kind = MPROCI_SHOWN_FLAG,
			.as = MPROC_SHOWN_BOOL,
			.object = flag,
			.size = sizeof(bool),
		});
}

int mproc_manager_show_event(mproc_manager *manager, const char *name, mproc_event *event)
{
	const mproci_showing what = {
		.kind = MPROCI_SHOWN_EVENT,
		.as = MPROC_SHOWN_BOOL,
		.object = event,
		.size = sizeof(bool),
	};
	int rc = check_place(event, alignof(mproc_event), "event");

	if (rc == 0)
		rc = mproc_event_is_set(event);
	return rc < 0 ? rc : show(manager, name, &what);
}

/* Dicts, lists and queues say themselves whether they are ones: @count is what counting their items returned. */
static int show_collection(mproc_manager *manager, const char *name, uint32_t kind, void *object,
	mproc_shown_as as, ssize_t count)
{
	const mproci_showing what = {.kind = kind, .as = (uint32_t)as, .object = object};
	int rc;

	if (count < 0)
		return (int)count;
	rc = check_as(as);
	return rc < 0 ? rc : show(manager, name, &what);
}

int mproc_manager_show_dict(mproc_manager *manager, const char *name, mproc_dict *dict, mproc_shown_as as)
{
	return show_collection(manager, name, MPROCI_SHOWN_DICT, dict, as, mproc_dict_count(dict));
}

int mproc_manager_show_list(mproc_manager *manager, const char *name, mproc_list *list, mproc_shown_as as)
{
	return show_collection(manager, name, MPROCI_SHOWN_LIST, list, as, mproc_list_count(list));
}

int mproc_manager_show_queue(mproc_manager *manager, const char *name, mproc_queue *queue, mproc_shown_as as)
{
	return show_collection(manager, name, MPROCI_SHOWN_QUEUE, queue, as, mproc_queue_count(queue));
}

int mproc_manager_hide(mproc_manager *manager, const char *name)
{
	int rc = mproci_manager_check(manager);

	return rc < 0 ? rc : mproci_registry_hide(&manager->registry, name);
}
