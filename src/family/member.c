/* SPDX-License-Identifier: MIT */
#include "family/member.h"

#include "base/error.h"
#include "family/thread.h"
#include "sys/child.h"
#include "sys/descriptor.h"
#include "sys/memory.h"

#include <errno.h>
#include <string.h>

/* The kernel zeroes this page in a forked child: the one thing that tells it from its parent. */
static _Atomic mproci_id *self;

static uint64_t word_of(uint32_t generation, mproci_member_state state)
{
	return (uint64_t)generation << 32 | state;
}

static uint32_t generation_of(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static mproci_member_state state_of(uint64_t word)
{
	return (mproci_member_state)(uint32_t)word;
}

mproci_id mproci_member_self(void)
{
	return self == NULL ? 0 : atomic_load_explicit(self, memory_order_relaxed);
}

mproci_member *mproci_member_slot(mproci_id id)
{
	return &mproci_family_here->members[(uint32_t)id];
}

/* Let the scans of the table see slot @index. */
static int raise_limit(uint32_t index)
{
	uint32_t limit = atomic_load(&mproci_family_here->member_limit);

	if (index < limit)
		return 0;
	if (mproci_memory_commit(&mproci_family_here->members[index], sizeof(mproci_member)) < 0)
		return mproci_fail(-ENOMEM, "no memory for the table of processes");
	while (limit <= index
		&& !atomic_compare_exchange_weak(&mproci_family_here->member_limit, &limit, index + 1))
		;
	return 0;
}

/* Try to take one slot.  A dead one was left by somebody killed while burying it. */
static bool take(uint32_t index, mproci_id *ret_id)
{
	mproci_member *member = &mproci_family_here->members[index];
	uint64_t word = atomic_load(&member->word);
	uint32_t generation = generation_of(word) + 1;

	if (state_of(word) == MPROCI_MEMBER_DEAD) {
		mproci_member_bury((uint64_t)generation_of(word) << 32 | index);
		word = atomic_load(&member->word);
	}
	if (generation == 0 || state_of(word) != MPROCI_MEMBER_FREE
		|| !atomic_compare_exchange_strong(
			&member->word, &word, word_of(generation, MPROCI_MEMBER_STARTING)))
		return false;
	*ret_id = (uint64_t)generation << 32 | index;
	return true;
}

int mproci_member_expect(const char *name, mproci_id *ret_id)
{
	mproci_id id = 0;
	mproci_member *member;

	for (uint32_t index = 0; id == 0; ++index) {
		int rc;

		if (index == MPROCI_MEMBERS)
			return mproci_fail(
				-EAGAIN, "no more processes in one family than %d", MPROCI_MEMBERS);
		rc = raise_limit(index);
		if (rc < 0)
			return rc;
		take(index, &id);
	}
	member = mproci_member_slot(id);
	atomic_store(&member->pid, 0);
	atomic_store(&member->start_time, 0);
	member->parent = mproci_member_self();
	memset(member->name, 0, sizeof member->name);
	strncpy(member->name, name, sizeof member->name - 1);
	*ret_id = id;
	return 0;
}

void mproci_member_become(mproci_id id)
{
	mproci_member *member = mproci_member_slot(id);
	pid_t pid = mproci_process_id();

	atomic_store(&member->start_time, mproci_process_start_time(pid));
	atomic_store(&member->pid, pid);
	atomic_store(&member->word, word_of((uint32_t)(id >> 32), MPROCI_MEMBER_RUNNING));
	atomic_store(self, id);
}

int mproci_member_enrol(void)
{
	mproci_id id;
	int rc;

	if (self == NULL)
		self = mproci_memory_wiped_on_fork();
	if (self == NULL)
		return mproci_fail(-ENOMEM, "no memory for a page of this process");
	rc = mproci_member_expect("", &id);
	if (rc < 0)
		return rc;
	mproci_member_become(id);
	return 0;
}

void mproci_member_bury(mproci_id id)
{
	mproci_member *member = mproci_member_slot(id);
	uint32_t generation = (uint32_t)(id >> 32);
	uint64_t word = atomic_load(&member->word);

	while (generation_of(word) == generation && state_of(word) != MPROCI_MEMBER_FREE
		&& state_of(word) != MPROCI_MEMBER_DEAD) {
		if (atomic_compare_exchange_weak(
			    &member->word, &word, word_of(generation, MPROCI_MEMBER_DEAD)))
			break;
	}
	mproci_thread_bury_all(id);
	word = word_of(generation, MPROCI_MEMBER_DEAD);
	atomic_compare_exchange_strong(&member->word, &word, word_of(generation, MPROCI_MEMBER_FREE));
}

void mproci_member_end(mproci_id id)
{
	mproci_member *member = mproci_member_slot(id);
	int fd;

	if (id == 0 || atomic_load(&member->word) != word_of((uint32_t)(id >> 32), MPROCI_MEMBER_RUNNING))
		return;
	fd = mproci_child_open(atomic_load(&member->pid), atomic_load(&member->start_time));
	if (fd >= 0) {
		mproci_child_kill(fd);
		mproci_child_wait(fd, MPROC_FOREVER);
		mproci_close(fd);
	}
	mproci_member_bury(id);
}
