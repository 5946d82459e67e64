/* SPDX-License-Identifier: MIT */
#include "process/options.h"

#include "base/error.h"
#include "base/options.h"
#include "family/family.h"
#include "sys/descriptor.h"
#include "sys/setup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	/* Of a CPU: what the system's set of them can name. */
	CPUS = 1024,
	NICENESS = 40,
	LIMITS = 16,
};

static int check_name(const char *name)
{
	if (name == NULL || (name[0] != '\0' && strlen(name) < MPROCI_NAME_SIZE))
		return 0;
	return mproci_fail(
		-EINVAL, "name of %zu bytes: 1 to %d are possible", strlen(name), MPROCI_NAME_SIZE - 1);
}

static int check_list(const char *what, const void *list, size_t count)
{
	if (list == NULL && count > 0)
		return mproci_fail(-EINVAL, "%s is NULL, its count %zu", what, count);
	return 0;
}

static int check_descriptor(const char *what, int descriptor)
{
	if (mproci_descriptor_is_open(descriptor))
		return 0;
	return mproci_fail(-EBADF, "%s %d: not open in this process", what, descriptor);
}

static int check_stream(const char *what, int stream)
{
	if (stream < MPROC_STREAM_NULL)
		return mproci_fail(-EINVAL, "%s is %d: a descriptor, or %d (nothing), is possible", what,
			stream, MPROC_STREAM_NULL);
	return stream <= 0 ? 0 : check_descriptor(what, stream);
}

static int check_descriptors(const mproc_process_options *options)
{
	int rc;

	rc = check_stream("input", options->input);
	if (rc == 0)
		rc = check_stream("output", options->output);
	if (rc == 0)
		rc = check_stream("error", options->error);
	if (rc == 0)
		rc = check_list("descriptors", options->descriptors, options->descriptor_count);
	if (rc == 0 && options->descriptor_count > MPROC_DESCRIPTORS)
		return mproci_fail(-EINVAL, "%zu descriptors: at most %d are possible",
			options->descriptor_count, MPROC_DESCRIPTORS);
	for (size_t i = 0; rc == 0 && i < options->descriptor_count; ++i)
		rc = check_descriptor("descriptor", options->descriptors[i]);
	return rc;
}

static int check_cpus(const mproc_process_options *options)
{
	int rc;

	rc = check_list("cpus", options->cpus, options->cpu_count);
	if (rc == 0 && options->cpus != NULL && options->cpu_count == 0)
		return mproci_fail(-EINVAL, "no CPUs: at least 1 is needed");
	for (size_t i = 0; rc == 0 && i < options->cpu_count; ++i) {
		if (options->cpus[i] >= CPUS)
			return mproci_fail(
				-EINVAL, "CPU %u: 0 to %d are possible", options->cpus[i], CPUS - 1);
	}
	return rc;
}

static int check_limits(const mproc_process_options *options)
{
	int rc;

	rc = check_list("limits", options->limits, options->limit_count);
	for (size_t i = 0; rc == 0 && i < options->limit_count; ++i) {
		const mproc_process_limit *limit = &options->limits[i];

		if (limit->resource < 0 || limit->resource >= LIMITS)
			return mproci_fail(-EINVAL, "limit of resource %d: 0 to %d are possible",
				limit->resource, LIMITS - 1);
		if (limit->soft > limit->hard)
			return mproci_fail(-EINVAL, "limit of resource %d: soft %llu is above hard %llu",
				limit->resource, (unsigned long long)limit->soft,
				(unsigned long long)limit->hard);
	}
	return rc;
}

static int check_environment(const char *const *environment)
{
	for (size_t i = 0; environment != NULL && environment[i] != NULL; ++i) {
		const char *sign = strchr(environment[i], '=');

		if (sign == NULL || sign == environment[i])
			return mproci_fail(
				-EINVAL, "environment: \"%.100s\" is not NAME=value", environment[i]);
	}
	return 0;
}

int mproci_options_check(const mproc_process_options *options)
{
	int rc;

	if ((int)options->start < MPROC_START_DEFAULT || options->start > MPROC_START_SPAWN)
		return mproci_fail(-EINVAL,
			"start method %d: 0 (default), 1 (fork), 2 (server) and 3 (spawn) are possible",
			(int)options->start);
	rc = check_name(options->name);
	if (rc == 0 && (options->niceness < -NICENESS || options->niceness > NICENESS))
		return mproci_fail(-EINVAL, "niceness %+d: %d to %d are possible", options->niceness,
			-NICENESS, NICENESS);
	if (rc == 0 && options->directory != NULL && options->directory[0] == '\0')
		return mproci_fail(-EINVAL, "directory is empty");
	if (rc == 0)
		rc = check_descriptors(options);
	if (rc == 0)
		rc = check_cpus(options);
	if (rc == 0)
		rc = check_limits(options);
	if (rc == 0)
		rc = check_environment(options->environment);
	if (rc == 0)
		rc = mproci_check_reserved(
			options->reserved, sizeof options->reserved / sizeof *options->reserved);
	return rc;
}

bool mproci_options_change_something(const mproc_process_options *options)
{
	return options->own_group || options->niceness != 0 || options->directory != NULL
	       || options->environment != NULL || options->input != 0 || options->output != 0
	       || options->error != 0 || options->descriptors != NULL || options->cpu_count > 0
	       || options->limit_count > 0;
}

void mproci_options_streams(const mproc_process_options *options, int ret_streams[3])
{
	const int wished[] = {options->input, options->output, options->error};

	for (int i = 0; i < 3; ++i) {
		if (wished[i] == MPROC_STREAM_NULL)
			ret_streams[i] = MPROCI_STREAM_NULL;
		else if (wished[i] > 0)
			ret_streams[i] = wished[i];
		else
			ret_streams[i] = mproci_descriptor_is_open(i) ? i : MPROCI_STREAM_CLOSED;
	}
}
