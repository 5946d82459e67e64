/* SPDX-License-Identifier: MIT */
#include "remote/object_fixture.h"

#include <mproc/remote_list.h>

static void append_text(const char *item)
{
	check_done(mproc_remote_list_append(remote, "l", item, strlen(item), soon()));
}

/* Check all items, given with a comma behind each. */
static void check_list(const char *items)
{
	mproc_snapshot *all = NULL;
	char text[256] = "";

	check_done(mproc_remote_list_slice(remote, "l", 0, SSIZE_MAX, soon(), &all));
	for (size_t i = 0; i < all->count; ++i) {
		ck_assert_ptr_null(all->entries[i].key);
		strcat(strcat(text, all->entries[i].value), ",");
	}
	mproc_snapshot_close(all);
	ck_assert_str_eq(text, items);
}

static void fill(void)
{
	begin();
	append_text("a");
	append_text("b");
	append_text("c");
}

START_TEST(items_are_added_at_both_ends_and_between)
{
	fill();
	check_done(mproc_remote_list_prepend(remote, "l", "z", 1, soon()));
	check_list("z,a,b,c,");
	check_done(mproc_remote_list_insert(remote, "l", 1, "1", 1, soon()));
	check_done(mproc_remote_list_insert(remote, "l", 0, "0", 1, soon()));
	check_done(mproc_remote_list_insert(remote, "l", -1, "2", 1, soon()));
	check_done(mproc_remote_list_insert(remote, "l", 7, "9", 1, soon()));
	check_list("0,z,1,a,b,2,c,9,");
	check_failed(
		mproc_remote_list_insert(remote, "l", 9, "x", 1, soon()), -ERANGE, "no item at position 9");
	check_failed(mproc_remote_list_insert(remote, "l", -9, "x", 1, soon()), -ERANGE, "position -9");
	ck_assert_int_eq(mproc_remote_list_count(remote, "l", soon()), 8);
	finish();
}
END_TEST

START_TEST(an_item_may_have_no_bytes)
{
	begin();
	check_done(mproc_remote_list_append(remote, "l", NULL, 0, soon()));
	append_text("b");
	check_list(",b,");
	finish();
}
END_TEST

START_TEST(insert_into_no_list_makes_one)
{
	begin();
	check_failed(mproc_remote_list_insert(remote, "l", 1, "x", 1, soon()), -ERANGE, "position 1");
	check_done(mproc_remote_list_insert(remote, "l", 0, "a", 1, soon()));
	check_list("a,");
	finish();
}
END_TEST

START_TEST(equal_items_are_told_apart)
{
	void *item = NULL;

	begin();
	for (int i = 0; i < 5; ++i)
		append_text("same");
	check_done(mproc_remote_list_insert(remote, "l", 3, "x", 1, soon()));
	check_list("same,same,same,x,same,same,");
	check_done(mproc_remote_list_pop(remote, "l", 3, soon(), &item, NULL));
	check_copy(item, 1, "x");
	check_done(mproc_remote_list_delete(remote, "l", 2, soon()));
	check_list("same,same,same,same,");
	finish();
}
END_TEST

START_TEST(set_and_get_go_by_position)
{
	char buffer[2] = "";
	void *item = NULL;
	size_t size = 9;

	fill();
	check_done(mproc_remote_list_set(remote, "l", -1, "3", 1, soon()));
	check_done(mproc_remote_list_set(remote, "l", 1, "22", 2, soon()));
	check_failed(mproc_remote_list_set(remote, "l", 3, "x", 1, soon()), -ERANGE, "no item at position 3");
	check_failed(mproc_remote_list_set(remote, "none", 0, "x", 1, soon()), -ERANGE, "position 0");
	check_list("a,22,3,");
	check_done(mproc_remote_list_get(remote, "l", 0, buffer, sizeof buffer, soon(), &size));
	ck_assert(size == 1 && buffer[0] == 'a');
	check_failed(
		mproc_remote_list_get(remote, "l", 3, buffer, sizeof buffer, soon(), &size), -ERANGE, "3");
	check_failed(mproc_remote_list_get(remote, "l", 1, buffer, 1, soon(), &size), -EMSGSIZE, "2");
	check_failed(
		mproc_remote_list_get(remote, "l", 1, NULL, 1, soon(), &size), -EINVAL, "buffer is NULL");
	check_done(mproc_remote_list_get_copy(remote, "l", -2, soon(), &item, &size));
	check_copy(item, size, "22");
	check_failed(
		mproc_remote_list_get_copy(remote, "l", -4, soon(), &item, &size), -ERANGE, "position -4");
	finish();
}
END_TEST

START_TEST(pop_takes_out_from_anywhere)
{
	void *item = NULL;
	size_t size = 0;

	fill();
	append_text("d");
	check_done(mproc_remote_list_pop(remote, "l", 1, soon(), &item, &size));
	check_copy(item, size, "b");
	check_done(mproc_remote_list_pop(remote, "l", -1, soon(), &item, &size));
	check_copy(item, size, "d");
	check_done(mproc_remote_list_pop(remote, "l", 0, soon(), &item, &size));
	check_copy(item, size, "a");
	check_done(mproc_remote_list_delete(remote, "l", 0, soon()));
	check_failed(mproc_remote_list_pop(remote, "l", 0, soon(), &item, &size), -ERANGE, "position 0");
	check_failed(mproc_remote_list_pop(remote, "l", 4, soon(), &item, &size), -ERANGE, "position 4");
	check_failed(mproc_remote_list_delete(remote, "l", SSIZE_MAX, soon()), -ERANGE, "position");
	check_failed(mproc_remote_list_delete(remote, "l", -SSIZE_MAX, soon()), -ERANGE, "position");
	check_failed(mproc_remote_list_delete(remote, "l", -2, soon()), -ERANGE, "position -2");
	finish();
}
END_TEST

START_TEST(slice_counts_from_both_ends)
{
	const struct {
		ssize_t first, end;
		const char *items;
	} cases[] = {{0, SSIZE_MAX, "a,b,c,"}, {1, 2, "b,"}, {-2, SSIZE_MAX, "b,c,"}, {0, -1, "a,b,"},
		{0, 0, ""}, {2, 1, ""}, {5, 9, ""}, {-SSIZE_MAX - 1, -SSIZE_MAX - 1, ""},
		{-SSIZE_MAX - 1, 1, "a,"}, {-1, 0, ""}};

	fill();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
		mproc_snapshot *part = NULL;
		char text[64] = "";

		check_done(mproc_remote_list_slice(remote, "l", cases[i].first, cases[i].end, soon(), &part));
		for (size_t j = 0; j < part->count; ++j)
			strcat(strcat(text, part->entries[j].value), ",");
		mproc_snapshot_close(part);
		ck_assert_str_eq(text, cases[i].items);
	}
	finish();
}
END_TEST

/* Append an item when somebody waits with that command. */
static pid_t append_later(const char *command)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child != 0)
		return child;
	await_client(command);
	append_text("late");
	mproc_remote_close(remote);
	_exit(0);
}

START_TEST(pop_first_and_last_take_what_is_there)
{
	void *item = NULL;
	size_t size = 0;

	fill();
	check_done(mproc_remote_list_pop_first(remote, "l", soon(), &item, &size));
	check_copy(item, size, "a");
	check_done(mproc_remote_list_pop_last(remote, "l", soon(), &item, NULL));
	check_copy(item, 1, "c");
	check_list("b,");
	finish();
}
END_TEST

START_TEST(pop_first_waits_for_an_item)
{
	void *item = NULL;
	size_t size = 0;
	pid_t child;

	begin();
	child = append_later("blpop");
	check_done(mproc_remote_list_pop_first(remote, "l", soon(), &item, &size));
	check_copy(item, size, "late");
	check_child(child);
	child = append_later("brpop");
	check_done(mproc_remote_list_pop_last(remote, "l", MPROC_FOREVER, &item, &size));
	check_copy(item, size, "late");
	check_child(child);
	finish();
}
END_TEST

START_TEST(pop_first_gives_up_at_the_deadline)
{
	void *item = NULL;

	begin();
	ck_assert_int_eq(
		mproc_remote_list_pop_first(remote, "l", mproc_after(0.01), &item, NULL), -ETIMEDOUT);
	ck_assert_int_eq(mproc_remote_list_pop_last(remote, "l", mproc_after(1.1), &item, NULL), -ETIMEDOUT);
	ck_assert_ptr_null(item);
	check_failed(mproc_remote_list_pop_first(remote, "l", soon(), NULL, NULL), -EINVAL, "NULL");
	tell("SET", "l", "text");
	check_failed(mproc_remote_list_pop_first(remote, "l", soon(), &item, NULL), -EINVAL, "WRONGTYPE");
	finish();
}
END_TEST

START_TEST(clear_takes_out_everything)
{
	fill();
	check_done(mproc_remote_list_clear(remote, "l", soon()));
	ck_assert_int_eq(mproc_remote_list_count(remote, "l", soon()), 0);
	check_list("");
	finish();
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		items_are_added_at_both_ends_and_between,
		an_item_may_have_no_bytes,
		insert_into_no_list_makes_one,
		equal_items_are_told_apart,
		set_and_get_go_by_position,
		pop_takes_out_from_anywhere,
		slice_counts_from_both_ends,
		pop_first_and_last_take_what_is_there,
		pop_first_waits_for_an_item,
		pop_first_gives_up_at_the_deadline,
		clear_takes_out_everything,
		NULL,
	};

	return support_run("remote/list", tests);
}
