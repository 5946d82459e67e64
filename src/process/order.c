/* SPDX-License-Identifier: MIT */
#include "process/order.h"

#include "base/error.h"
#include "family/member.h"
#include "process/current.h"
#include "process/options.h"
#include "process/server.h"
#include "trace/log.h"

#include <errno.h>
#include <mproc/arena.h>
#include <string.h>

/* Where copies go; while there is no room yet, it is only counted how much they will take. */
typedef struct pack {
	char *room;
	size_t used;
} pack;

static void *put(pack *to, const void *data, size_t size)
{
	size_t start = (to->used + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
	char *copy = to->room == NULL ? NULL : to->room + start;

	if (copy != NULL && data != NULL)
		memcpy(copy, data, size);
	to->used = start + size;
	return copy;
}

static const char *put_text(pack *to, const char *text)
{
	return text == NULL ? NULL : put(to, text, strlen(text) + 1);
}

static const char *const *put_texts(pack *to, const char *const *texts)
{
	size_t count = 0;
	const char **copy;

	if (texts == NULL)
		return NULL;
	while (texts[count] != NULL)
		++count;
	copy = put(to, texts, (count + 1) * sizeof *texts);
	for (size_t i = 0; i < count; ++i) {
		const char *text = put_text(to, texts[i]);

		if (copy != NULL)
			copy[i] = text;
	}
	return copy;
}

/* The log's descriptor is one more. */
static const int *put_descriptors(pack *to, const mproc_process_options *options, size_t *ret_count)
{
	size_t count = options->descriptor_count;
	int log, *copy;
	mproc_log_level level;

	mproci_log_setting(&log, &level);
	copy = put(to, NULL, (count + 1) * sizeof *copy);
	for (size_t i = 0; copy != NULL && i < count; ++i)
		copy[i] = options->descriptors[i];
	if (level != MPROC_LOG_OFF && log > 2) {
		if (copy != NULL)
			copy[count] = log;
		++count;
	}
	*ret_count = count;
	return copy;
}

static mproc_process_options put_options(pack *to, const mproc_process_options *options)
{
	mproc_process_options copy = *options;

	copy.name = NULL;
	copy.directory = put_text(to, options->directory);
	copy.environment = put_texts(to, options->environment);
	copy.descriptors = put_descriptors(to, options, &copy.descriptor_count);
	copy.cpus = put(to, options->cpus, options->cpu_count * sizeof *options->cpus);
	copy.limits = put(to, options->limits, options->limit_count * sizeof *options->limits);
	return copy;
}

bool mproci_order_is_there(const mproci_order *order)
{
	return (uintptr_t)order % _Alignof(mproci_order) == 0 && mproci_family_holds(order)
	       && mproci_family_holds((const char *)(order + 1) - 1) && order->self == order
	       && mproci_member_is_expected(order->role.member);
}

static void fill(mproci_order *order, const mproci_start_plan *plan, const mproc_process *process)
{
	order->self = order;
	order->role = (mproci_role){
		.options = &order->options,
		.closes_descriptors = true,
		.report = -1,
		.argument = plan->argument,
	};
	mproci_current_describe(process, &order->role);
	mproci_options_streams(plan->options, order->role.streams);
	mproci_child_mask(&order->mask);
	order->server = mproci_server_stamp();
	mproci_log_setting(&order->log_descriptor, &order->log_level);
}

int mproci_order_create(const mproci_start_plan *plan, const mproc_process *process, mproci_order **ret_order)
{
	mproci_function_name function;
	pack whole = {.used = sizeof(mproci_order)};
	mproci_order *order;
	int rc;

	rc = mproci_function_describe(plan->function, &function);
	if (rc < 0)
		return rc;
	put_options(&whole, plan->options);
	order = mproc_calloc(1, whole.used);
	if (order == NULL)
		return mproci_fail(-ENOMEM, "no memory for the options of a process");
	whole.room = (char *)order;
	whole.used = sizeof(mproci_order);
	order->options = put_options(&whole, plan->options);
	order->function = function;
	fill(order, plan, process);
	*ret_order = order;
	return 0;
}

void mproci_order_destroy(mproci_order *order)
{
	if (order != NULL)
		order->self = NULL;
	mproc_free(order);
}

void mproci_order_log(const mproci_order *order)
{
	mproci_log_set(order->log_descriptor, order->log_level);
}

int mproci_order_read(const mproci_order *order, mproci_role *ret_role)
{
	*ret_role = order->role;
	mproci_server_know(order->server);
	return mproci_function_find(&order->function, &ret_role->function);
}
