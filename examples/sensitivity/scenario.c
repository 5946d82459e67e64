/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct key {
	const char *name;
	size_t offset;
	double least, most;
} key;

static const key KEYS[] = {
	{"population", offsetof(scenario, population), 1, 1e10},
	{"infected", offsetof(scenario, infected), 0, 1e10},
	{"infection", offsetof(scenario, infection), 0, 10},
	{"recovery", offsetof(scenario, recovery), 0, 1},
};
enum {
	KEY_COUNT = sizeof KEYS / sizeof *KEYS
};

static int explain(complaint *why, const char *reason)
{
	snprintf(why->text, sizeof why->text, "%s", reason);
	return -1;
}

/* Take the blanks from both ends. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int set_value(scenario *self, const char *name, const char *value, complaint *why)
{
	for (int i = 0; i < KEY_COUNT; ++i) {
		const key *its = &KEYS[i];
		double number;
		char *end;

		if (strcmp(name, its->name) != 0)
			continue;
		number = strtod(value, &end);
		if (end != value && *end == '\0' && number >= its->least && number <= its->most) {
			*(double *)((char *)self + its->offset) = number;
			return 0;
		}
		snprintf(why->text, sizeof why->text, "%s = %.40s: must be a number from %g to %g", name,
			value, its->least, its->most);
		return -1;
	}
	snprintf(why->text, sizeof why->text, "%.40s: must be population, infected, infection or recovery",
		name);
	return -1;
}

/* A line is a key and a value, or a comment, or empty. */
static int read_line(scenario *self, char *line, complaint *why)
{
	char *comment = strchr(line, '#'), *equals;

	if (comment)
		*comment = '\0';
	line = trim(line);
	if (!*line)
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return explain(why, "must be a key, = and a number");
	*equals = '\0';
	return set_value(self, trim(line), trim(equals + 1), why);
}

static int read_lines(FILE *file, scenario *self, complaint *why)
{
	char line[256];
	complaint of_line;

	for (unsigned number = 1; fgets(line, sizeof line, file); ++number) {
		if (read_line(self, line, &of_line) == 0)
			continue;
		snprintf(why->text, sizeof why->text, "line %u: %.140s", number, of_line.text);
		return -1;
	}
	if (ferror(file))
		return explain(why, strerror(errno));
	if (self->infected > self->population)
		return explain(why, "more infected than population");
	return 0;
}

int read_scenario(const char *path, scenario *self, complaint *ret_why)
{
	FILE *file = fopen(path, "re");
	int rc;

	if (!file)
		return explain(ret_why, strerror(errno));
	rc = read_lines(file, self, ret_why);
	fclose(file);
	return rc;
}

int write_scenario(const char *path, const scenario *self)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -1;
	for (int i = 0; i < KEY_COUNT; ++i)
		fprintf(file, "%s = %.17g\n", KEYS[i].name,
			*(const double *)((const char *)self + KEYS[i].offset));
	return fclose(file);
}
