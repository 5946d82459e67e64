/* SPDX-License-Identifier: MIT */
#include "../command.h"

#include "hand.h"
#include "search.h"

static void *run_thread(void *argument)
{
	hand *self = argument;

	self->exit_code = self->function(self->argument) & 0xff;
	return NULL;
}

static int start_thread(hand *self)
{
	int error = pthread_create(&self->thread, NULL, run_thread, self);

	return error == 0 ? 0 : complain("cannot start a thread: %s", strerror(error));
}

int start_hand(hand *self, const char *name, mproc_process_function *function, void *argument)
{
	const mproc_process_options options = {.name = name};

	*self = (hand){.function = function, .argument = argument};
	if (!name)
		return start_thread(self);
	return mproc_process_start(&options, function, argument, 0, &self->process) < 0 ? fail() : 0;
}

bool hand_works(const hand *self)
{
	return !self->process || mproc_process_is_alive(self->process) == 1;
}

mproc_outcome join_hand(hand *self)
{
	int rc = 0;

	if (!self->process) {
		pthread_join(self->thread, NULL);
		return outcome_of(self->exit_code);
	}
	rc = mproc_process_join(self->process, MPROC_FOREVER);
	if (rc == 0)
		rc = mproc_process_exit_code(self->process, &self->exit_code);
	self->process = mproc_process_close(self->process);
	return rc < 0 ? (mproc_outcome){.ending = MPROC_ENDING_ERROR, .code = rc}
		      : outcome_of(self->exit_code);
}
