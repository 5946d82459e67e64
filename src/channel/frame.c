/* SPDX-License-Identifier: MIT */
#include "channel/frame.h"

#include "base/error.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

enum {
	MARK = 0xB3,
	FIRST = 1,
	CONTINUATION = 2,
	TAG_AT = 4,
	SIZE_AT = 8,
};

void mproci_frame_write(const mproci_frame *frame, unsigned char ret_header[MPROCI_FRAME_HEADER])
{
	const uint32_t tag = htobe32(frame->tag);
	const uint64_t size = htobe64(frame->size);

	ret_header[0] = MARK;
	ret_header[1] = frame->is_first ? FIRST : CONTINUATION;
	ret_header[2] = frame->descriptors;
	ret_header[3] = 0;
	memcpy(ret_header + TAG_AT, &tag, sizeof tag);
	memcpy(ret_header + SIZE_AT, &size, sizeof size);
}

static bool is_header(const unsigned char *header)
{
	bool is_first = header[1] == FIRST;

	return header[0] == MARK && (is_first || header[1] == CONTINUATION) && header[3] == 0
	       && header[2] <= (is_first ? MPROCI_FRAME_DESCRIPTORS : 0);
}

int mproci_frame_read(const unsigned char header[MPROCI_FRAME_HEADER], mproci_frame *ret_frame)
{
	uint32_t tag;
	uint64_t size;

	if (!is_header(header))
		return mproci_fail(-EBADMSG, "what came is no message: it begins with %02x %02x %02x %02x",
			header[0], header[1], header[2], header[3]);
	memcpy(&tag, header + TAG_AT, sizeof tag);
	memcpy(&size, header + SIZE_AT, sizeof size);
	*ret_frame = (mproci_frame){
		.is_first = header[1] == FIRST,
		.descriptors = header[2],
		.tag = be32toh(tag),
		.size = be64toh(size),
	};
	return 0;
}

static int begin(mproci_assembly *assembly, const mproci_frame *frame, uint64_t max_message)
{
	if (frame->size > max_message)
		return mproci_fail(-EBADMSG, "a message of %llu bytes came: at most %llu are taken",
			(unsigned long long)frame->size, (unsigned long long)max_message);
	if (assembly->is_begun) {
		assembly->has_forgotten = true;
		assembly->forgotten = assembly->tag;
	}
	/* Numbers come again. */
	if (assembly->forgotten == frame->tag)
		assembly->has_forgotten = false;
	assembly->is_begun = true;
	assembly->descriptors = frame->descriptors;
	assembly->tag = frame->tag;
	assembly->size = frame->size;
	assembly->got = 0;
	return MPROCI_PART_BEGINS;
}

static int fail_mixed(void)
{
	return mproci_fail(-EBADMSG, "long messages came mixed up: "
				     "processes have sent or received by one end without taking turns");
}

int mproci_assembly_take(mproci_assembly *assembly, const mproci_frame *frame, uint64_t max_message)
{
	if (frame->is_first)
		return begin(assembly, frame, max_message);
	if (assembly->has_forgotten && frame->tag == assembly->forgotten)
		return fail_mixed();
	if (!assembly->is_begun)
		return MPROCI_PART_STRAY;
	if (frame->tag != assembly->tag || frame->size != assembly->size - assembly->got)
		return fail_mixed();
	return MPROCI_PART_CONTINUES;
}

void mproci_assembly_clear(mproci_assembly *assembly)
{
	assembly->is_begun = false;
	assembly->descriptors = 0;
	assembly->size = 0;
	assembly->got = 0;
}

int mproci_assembly_add(mproci_assembly *assembly, uint64_t size)
{
	uint64_t rest = assembly->size - assembly->got;

	if (size > rest || (size == 0 && rest > 0))
		return mproci_fail(-EBADMSG, "%llu bytes came in a message with %llu bytes to come",
			(unsigned long long)size, (unsigned long long)rest);
	assembly->got += size;
	return 0;
}
