/* SPDX-License-Identifier: MIT */
#include "channel/address.h"
#include "people.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static mproci_address read_address(const char *text)
{
	mproci_address address = {0};
	int rc = mproci_address_read(text, &address);

	ck_assert_msg(rc == 0, "%s: %d: %s", text, rc, mproc_error_text());
	return address;
}

static void check_host(const char *text, const char *host, uint16_t port)
{
	mproci_address address = read_address(text);

	ck_assert(!address.is_path);
	ck_assert_str_eq(address.host, host);
	ck_assert_uint_eq(address.port, port);
}

static void check_refused(const char *text, int code, const char *why)
{
	mproci_address address, before;

	memset(&address, 0x5a, sizeof address);
	before = address;
	ck_assert_int_eq(mproci_address_read(text, &address), code);
	support_check_text(why);
	ck_assert_mem_eq(&address, &before, sizeof address);
}

START_TEST(path_is_read)
{
	mproci_address address = read_address("unix:/run/a b:c");

	ck_assert(address.is_path);
	ck_assert_str_eq(address.path, "/run/a b:c");
}
END_TEST

START_TEST(host_and_port_are_read)
{
	check_host("tcp://127.0.0.1:0", "127.0.0.1", 0);
	check_host("tcp://a-name.example:65535", "a-name.example", 65535);
	check_host("tcp://[::1]:00080", "::1", 80);
	check_host("tcp://[fe80::1%eth0]:4000", "fe80::1%eth0", 4000);
}
END_TEST

START_TEST(path_and_host_may_have_their_largest_size)
{
	char text[300];

	snprintf(text, sizeof text, "unix:/%0106d", 0);
	ck_assert_uint_eq(strlen(read_address(text).path), 107);
	snprintf(text, sizeof text, "unix:/%0107d", 0);
	check_refused(text, -ENAMETOOLONG, "a path of 108 bytes, at most 107 are possible");
	snprintf(text, sizeof text, "tcp://%0253d:1", 0);
	ck_assert_uint_eq(strlen(read_address(text).host), 253);
	snprintf(text, sizeof text, "tcp://%0254d:1", 0);
	check_refused(text, -EINVAL, "the host has more than 253 bytes");
}
END_TEST

START_TEST(what_is_no_address_is_refused_with_the_reason)
{
	const struct {
		const char *text, *why;
	} wrong[] = {
		{"", "address \"\": it must be unix:/path or tcp://host:port"},
		{"/run/jobs", "address \"/run/jobs\": it must be unix:/path or tcp://host:port"},
		{"UNIX:/run", "it must be unix:/path or tcp://host:port"},
		{"tcp:127.0.0.1:1", "it must be unix:/path or tcp://host:port"},
		{"unix:", "the path must begin with /"},
		{"unix:jobs", "the path must begin with /"},
		{"tcp://", "a port is missing, as in tcp://127.0.0.1:4000"},
		{"tcp://host", "a port is missing"},
		{"tcp://[::1]", "a port is missing"},
		{"tcp://[::1:4000", "a port is missing"},
		{"tcp://[::1]4000", "a port is missing"},
		{"tcp://host:", "the port is no number from 0 to 65535"},
		{"tcp://host:65536", "the port is no number from 0 to 65535"},
		{"tcp://host:99999999999999999999", "the port is no number from 0 to 65535"},
		{"tcp://host:-1", "the port is no number from 0 to 65535"},
		{"tcp://host:+1", "the port is no number from 0 to 65535"},
		{"tcp://host:80 ", "the port is no number from 0 to 65535"},
		{"tcp://host:http", "the port is no number from 0 to 65535"},
		{"tcp://::1:4000", "an IPv6 address must be in brackets"},
		{"tcp://:4000", "a host is missing"},
		{"tcp://[]:4000", "a host is missing"},
		{"tcp://[[]:4000", "there is a bracket in the host"},
		{"tcp://ho]st:4000", "there is a bracket in the host"},
	};

	check_refused(NULL, -EINVAL, "address is NULL");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
		check_refused(wrong[i].text, -EINVAL, wrong[i].why);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		path_is_read,
		host_and_port_are_read,
		path_and_host_may_have_their_largest_size,
		what_is_no_address_is_refused_with_the_reason,
		NULL,
	};

	return support_run("address", tests);
}
