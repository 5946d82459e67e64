/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_set.h>

static int add(const char *item)
{
	return mproc_remote_set_add(remote, "s", item, strlen(item), soon());
}

START_TEST(an_item_is_in_a_set_once)
{
	begin();
	check_done(add("one"));
	check_failed(add("one"), -EEXIST, "it is in the set already");
	check_done(add(""));
	ck_assert_int_eq(mproc_remote_set_has(remote, "s", "one", 3, soon()), 1);
	ck_assert_int_eq(mproc_remote_set_has(remote, "s", NULL, 0, soon()), 1);
	ck_assert_int_eq(mproc_remote_set_has(remote, "s", "two", 3, soon()), 0);
	ck_assert_int_eq(mproc_remote_set_count(remote, "s", soon()), 2);
	finish();
}
END_TEST

START_TEST(remove_tells_whether_it_was_there)
{
	begin();
	check_done(add("one"));
	check_done(mproc_remote_set_remove(remote, "s", "one", 3, soon()));
	check_failed(mproc_remote_set_remove(remote, "s", "one", 3, soon()), -ENOENT, "it is not in the set");
	ck_assert_int_eq(mproc_remote_set_count(remote, "s", soon()), 0);
	finish();
}
END_TEST

START_TEST(snapshot_has_all_members)
{
	mproc_snapshot *all = NULL;

	begin();
	check_done(add("b"));
	check_done(add("a"));
	check_done(mproc_remote_set_snapshot(remote, "s", soon(), &all));
	ck_assert_uint_eq(all->count, 2);
	qsort(all->entries, all->count, sizeof *all->entries, mproc_compare_by_key);
	check_bytes(all->entries[0].key, all->entries[0].key_size, "a");
	check_bytes(all->entries[1].key, all->entries[1].key_size, "b");
	check_bytes(all->entries[1].value, all->entries[1].value_size, "");
	mproc_snapshot_close(all);
	check_done(mproc_remote_set_clear(remote, "s", soon()));
	check_done(mproc_remote_set_snapshot(remote, "s", soon(), &all));
	ck_assert_uint_eq(all->count, 0);
	mproc_snapshot_close(all);
	finish();
}
END_TEST

START_TEST(of_those_who_add_the_same_one_is_told_so)
{
	enum {
		ADDERS = 4,
		ITEMS = 200
	};
	int total = 0;
	pid_t children[ADDERS];

	begin();
	for (int i = 0; i < ADDERS; ++i) {
		children[i] = fork();
		ck_assert_int_ge(children[i], 0);
		if (children[i] != 0)
			continue;
		for (uint32_t item = 0; item < ITEMS; ++item)
			total += mproc_remote_set_add(remote, "s", &item, sizeof item, soon()) == 0;
		mproc_remote_close(remote);
		_exit(total);
	}
	for (int i = 0; i < ADDERS; ++i) {
		int status = 0;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert(WIFEXITED(status));
		total += WEXITSTATUS(status);
	}
	ck_assert_int_eq(total, ITEMS);
	ck_assert_int_eq(mproc_remote_set_count(remote, "s", soon()), ITEMS);
	finish();
}
END_TEST

START_TEST(what_is_wrong_is_refused)
{
	mproc_snapshot *all = NULL;

	begin();
	check_failed(mproc_remote_set_add(remote, "s", NULL, 1, soon()), -EINVAL, "item is NULL");
	check_failed(mproc_remote_set_snapshot(remote, "s", soon(), NULL), -EINVAL, "NULL");
	tell("SET", "s", "text");
	check_failed(add("a"), -EINVAL, "WRONGTYPE");
	check_failed(mproc_remote_set_snapshot(remote, "s", soon(), &all), -EINVAL, "WRONGTYPE");
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		an_item_is_in_a_set_once,
		remove_tells_whether_it_was_there,
		snapshot_has_all_members,
		of_those_who_add_the_same_one_is_told_so,
		what_is_wrong_is_refused,
		NULL,
	};

	return support_run("remote/set", tests);
}
