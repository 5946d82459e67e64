/* SPDX-License-Identifier: MIT */
#include "remote/url.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of the text. */
typedef struct part {
	const char *text;
	size_t size;
} part;

static const uint16_t DEFAULT_PORT = 6379;

static part part_of(const char *text)
{
	return (part){.text = text, .size = strlen(text)};
}

/* Cut @whole at the first @mark, if there is one: before it, and behind it.  Returns whether there is. */
static bool cut(part whole, char mark, part *ret_before, part *ret_behind)
{
	const char *at = whole.size == 0 ? NULL : memchr(whole.text, mark, whole.size);

	if (at == NULL)
		return false;
	*ret_before = (part){.text = whole.text, .size = (size_t)(at - whole.text)};
	*ret_behind = (part){.text = at + 1, .size = whole.size - ret_before->size - 1};
	return true;
}

/* Returns the value of a digit, or -1. */
static int hex(char digit)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = digit == '\0' ? NULL : strchr(digits, digit);

	return at == NULL ? -1 : (int)((at - digits) % 16);
}

/* Returns the byte that "%XX" at @from stands for; -1 when it is none, or that of the end of a text. */
static int decode_byte(part from)
{
	int high = from.size < 3 ? -1 : hex(from.text[1]);
	int low = from.size < 3 ? -1 : hex(from.text[2]);

	return high < 0 || low < 0 || 16 * high + low == 0 ? -1 : 16 * high + low;
}

/* Write @from without its percent signs to @buffer of @limit bytes and one.  Returns 0 or -EINVAL with an error text. */
static int decode(part from, const char *what, char *buffer, size_t limit)
{
	size_t count = 0;

	while (from.size > 0) {
		const bool is_coded = from.text[0] == '%';
		const int byte = is_coded ? decode_byte(from) : (unsigned char)from.text[0];

		if (byte < 0)
			return mproci_fail(-EINVAL,
				"url: a %% in the %s is not followed by two hexadecimal digits, other than "
				"00",
				what);
		if (count == limit)
			return mproci_fail(-EINVAL, "url: the %s has more than %zu bytes", what, limit);
		buffer[count++] = (char)byte;
		from.text += is_coded ? 3 : 1;
		from.size -= is_coded ? 3 : 1;
	}
	buffer[count] = '\0';
	return 0;
}

/* Decimal digits.  Returns 0 or -EINVAL with an error text, without what it was: in a wrong URL it may be a password. */
static int read_number(part from, const char *what, unsigned least, unsigned most, unsigned *ret_number)
{
	unsigned long number = 0;
	bool is_number = from.size > 0 && from.size < 10;

	for (size_t i = 0; is_number && i < from.size; ++i) {
		is_number = from.text[i] >= '0' && from.text[i] <= '9';
		number = 10 * number + (unsigned long)(from.text[i] - '0');
	}
	if (!is_number || number < least || number > most)
		return mproci_fail(-EINVAL, "url: the %s is no number from %u to %u", what, least, most);
	*ret_number = (unsigned)number;
	return 0;
}

static int read_path(part rest, mproci_url *url)
{
	const part option = part_of("db=");
	part path = rest, behind = {0};
	int rc = 0;

	url->is_path = true;
	if (cut(rest, '?', &path, &behind)) {
		if (behind.size < option.size || memcmp(behind.text, option.text, option.size) != 0)
			return mproci_fail(-EINVAL, "url: behind the ? of a path there can be db=N alone");
		behind.text += option.size;
		behind.size -= option.size;
		rc = read_number(behind, "database", 0, MPROCI_URL_LARGEST_DATABASE, &url->database);
	}
	if (rc == 0)
		rc = decode(path, "path", url->path, sizeof url->path - 1);
	if (rc == 0 && url->path[0] == '\0')
		rc = mproci_fail(-EINVAL, "url: there is no path behind \"unix:\"");
	return rc;
}

/* "user:password", ":password", or what old programs write for it: "password" alone is refused, for it looks like a user. */
static int read_secrets(part from, mproci_url *url)
{
	part user, password;
	int rc;

	if (!cut(from, ':', &user, &password))
		return mproci_fail(-EINVAL, "url: before the @ there has to be user:password, or :password");
	rc = decode(user, "user", url->user, sizeof url->user - 1);
	return rc < 0 ? rc : decode(password, "password", url->password, sizeof url->password - 1);
}

/* Cut host and port, of which there may be none. */
static int read_place(part from, mproci_url *url)
{
	part host = from, port = {0}, rest = {0};
	bool has_port;
	unsigned number = DEFAULT_PORT;
	int rc = 0;

	if (from.size > 0 && from.text[0] == '[') {
		if (!cut((part){from.text + 1, from.size - 1}, ']', &host, &rest)
			|| (rest.size > 0 && rest.text[0] != ':'))
			return mproci_fail(
				-EINVAL, "url: no ] behind the host, or more than a port behind that");
		has_port = rest.size > 0;
		port = has_port ? (part){rest.text + 1, rest.size - 1} : rest;
	} else {
		has_port = cut(from, ':', &host, &port);
	}
	if (has_port)
		rc = read_number(port, "port", 1, UINT16_MAX, &number);
	url->port = (uint16_t)number;
	if (rc == 0)
		rc = decode(host, "host", url->host, sizeof url->host - 1);
	if (rc == 0 && url->host[0] == '\0')
		rc = mproci_fail(-EINVAL, "url: there is no host");
	return rc;
}

/* What is behind redis://.  A password may have any byte but /, ? and #. */
static int read_host(part rest, mproci_url *url)
{
	part place = rest, database;
	const char *at;
	int rc = 0;

	if (memchr(rest.text, '?', rest.size) != NULL || memchr(rest.text, '#', rest.size) != NULL)
		return mproci_fail(-EINVAL,
			"url: ? and # mean nothing behind a host; in a password they are %%3F and %%23");
	if (cut(rest, '/', &place, &database) && database.size > 0)
		rc = read_number(database, "database", 0, MPROCI_URL_LARGEST_DATABASE, &url->database);
	at = place.size == 0 ? NULL : memrchr(place.text, '@', place.size);
	if (rc == 0 && at != NULL) {
		const part secrets = {.text = place.text, .size = (size_t)(at - place.text)};

		rc = read_secrets(secrets, url);
		place = (part){.text = at + 1, .size = place.size - secrets.size - 1};
	}
	return rc == 0 ? read_place(place, url) : rc;
}

static void show(mproci_url *url)
{
	const char *kind = url->is_encrypted ? "rediss" : "redis";
	const bool has_colons = strchr(url->host, ':') != NULL;

	if (url->is_path)
		snprintf(url->shown, sizeof url->shown, "unix:%s", url->path);
	else
		snprintf(url->shown, sizeof url->shown, "%s://%s%.100s%s:%u/%u", kind, has_colons ? "[" : "",
			url->host, has_colons ? "]" : "", url->port, url->database);
}

/* Returns whether @text begins with @kind, and what is behind it. */
static bool is_kind(const char *text, const char *kind, part *ret_rest)
{
	const size_t size = strlen(kind);

	if (strncmp(text, kind, size) != 0)
		return false;
	*ret_rest = part_of(text + size);
	return true;
}

int mproci_url_read(const char *text, mproci_url *ret_url)
{
	part rest;
	int rc;

	*ret_url = (mproci_url){.port = 0};
	if (text == NULL)
		return mproci_fail(-EINVAL, "url is NULL");
	ret_url->is_encrypted = is_kind(text, "rediss://", &rest);
	if (ret_url->is_encrypted || is_kind(text, "redis://", &rest))
		rc = read_host(rest, ret_url);
	else if (is_kind(text, "unix:", &rest))
		rc = read_path(rest, ret_url);
	else
		rc = mproci_fail(
			-EINVAL, "url: it has to begin with \"unix:\", \"redis://\" or \"rediss://\"");
	if (rc == 0)
		show(ret_url);
	return rc;
}
