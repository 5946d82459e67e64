/* SPDX-License-Identifier: MIT */
#include "remote/url.h"

#include "people.h"
#include "support.h"

#include <errno.h>
#include <mproc/result.h>
#include <stdio.h>
#include <string.h>

static mproci_url read_good(const char *text)
{
	mproci_url url;
	int rc = mproci_url_read(text, &url);

	ck_assert_msg(rc == 0, "%s: %s", text, mproc_error_text());
	return url;
}

static void check_refused(const char *text, const char *reason)
{
	mproci_url url;

	ck_assert_int_eq(mproci_url_read(text, &url), -EINVAL);
	support_check_text(reason);
}

START_TEST(url_names_a_socket_file)
{
	mproci_url url = read_good("unix:/run/me/redis.sock");

	ck_assert(url.is_path && !url.is_encrypted);
	ck_assert_str_eq(url.path, "/run/me/redis.sock");
	ck_assert_uint_eq(url.database, 0);
	ck_assert_str_eq(url.shown, "unix:/run/me/redis.sock");
}
END_TEST

START_TEST(url_names_the_database_behind_a_path)
{
	mproci_url url = read_good("unix:/a%3Fb?db=12");

	ck_assert_str_eq(url.path, "/a?b");
	ck_assert_uint_eq(url.database, 12);
}
END_TEST

START_TEST(url_names_a_host)
{
	mproci_url url = read_good("redis://example.org");

	ck_assert(!url.is_path && !url.is_encrypted);
	ck_assert_str_eq(url.host, "example.org");
	ck_assert_uint_eq(url.port, 6379);
	ck_assert_str_eq(url.user, "");
	ck_assert_str_eq(url.password, "");
}
END_TEST

START_TEST(url_has_all_parts_and_shows_no_secret)
{
	mproci_url url = read_good("rediss://me:s3%40cr%2Fet@example.org:7000/3");

	ck_assert(url.is_encrypted);
	ck_assert_str_eq(url.user, "me");
	ck_assert_str_eq(url.password, "s3@cr/et");
	ck_assert_str_eq(url.host, "example.org");
	ck_assert_uint_eq(url.port, 7000);
	ck_assert_uint_eq(url.database, 3);
	ck_assert_str_eq(url.shown, "rediss://example.org:7000/3");
}
END_TEST

START_TEST(url_has_a_password_without_a_user)
{
	mproci_url url = read_good("redis://:p@ss:word@[::1]:7000");

	ck_assert_str_eq(url.user, "");
	ck_assert_str_eq(url.password, "p@ss:word");
	ck_assert_str_eq(url.host, "::1");
	ck_assert_str_eq(url.shown, "redis://[::1]:7000/0");
}
END_TEST

START_TEST(url_of_another_kind_is_refused)
{
	check_refused("http://example.org", "unix:");
	check_refused("", "unix:");
	check_refused(NULL, "NULL");
}
END_TEST

START_TEST(url_with_a_wrong_part_is_refused)
{
	check_refused("unix:", "path");
	check_refused("unix:/a?database=1", "db=N");
	check_refused("unix:/a?db=", "database");
	check_refused("unix:/a%0", "%");
	check_refused("unix:/a%00", "%");
	check_refused("redis://", "host");
	check_refused("redis://[::1", "]");
	check_refused("redis://[::1]7", "]");
	check_refused("redis://host:0", "port");
	check_refused("redis://host:65536", "port");
	check_refused("redis://host/x", "database");
	check_refused("redis://host/1000001", "database");
	check_refused("redis://word@host", "user:password");
	check_refused("redis://host?db=1", "?");
}
END_TEST

START_TEST(url_that_is_too_long_is_refused)
{
	char text[3000];

	snprintf(text, sizeof text, "unix:/%0*d", MPROCI_SOCKET_PATH_LIMIT, 0);
	check_refused(text, "path has more than 107 bytes");
	snprintf(text, sizeof text, "redis://%0*d", MPROCI_URL_HOST_LIMIT + 1, 0);
	check_refused(text, "host has more than 255 bytes");
	snprintf(text, sizeof text, "redis://:%0*d@host", MPROCI_URL_SECRET_LIMIT + 1, 0);
	check_refused(text, "password has more than 1023 bytes");
}
END_TEST

START_TEST(url_that_is_wrong_is_refused_without_its_password)
{
	static const char *const wrong[] = {"redis://me:secret", "redis://me:secret@host:x",
		"redis://me:sec/secret@host", "redis://me:secret%4@host", "redis://me:secret#@host",
		"redis:/me:secret@host", "redis://secret@host", "redis://host/secret", "unix:/a?secret",
		"redis://[secret"};
	mproci_url url;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
		ck_assert_int_eq(mproci_url_read(wrong[i], &url), -EINVAL);
		ck_assert_msg(
			strstr(mproc_error_text(), "secret") == NULL, "%s: %s", wrong[i], mproc_error_text());
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		url_names_a_socket_file,
		url_names_the_database_behind_a_path,
		url_names_a_host,
		url_has_all_parts_and_shows_no_secret,
		url_has_a_password_without_a_user,
		url_of_another_kind_is_refused,
		url_with_a_wrong_part_is_refused,
		url_that_is_too_long_is_refused,
		url_that_is_wrong_is_refused_without_its_password,
		NULL,
	};

	return support_run("url", tests);
}
