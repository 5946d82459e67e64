/* SPDX-License-Identifier: MIT */
#include "channel/frame.h"
#include "fuzz.h"

#include <errno.h>
#include <string.h>

static const uint64_t MOST = 1000;

static void check_assembly(const mproci_assembly *assembly)
{
	require(assembly->size <= MOST);
	require(assembly->got <= assembly->size);
	require(!mproci_assembly_is_complete(assembly) || assembly->got == assembly->size);
}

static void check_written(const mproci_frame *frame, const uint8_t *header)
{
	uint8_t written[MPROCI_FRAME_HEADER];

	mproci_frame_write(frame, written);
	require(memcmp(written, header, sizeof written) == 0);
}

/* The input is parts: a header, and how many bytes came with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input from = {.data = data, .size = size};
	mproci_assembly assembly = {0};
	const uint8_t *header;

	while (take_bytes(&from, MPROCI_FRAME_HEADER, &header) == MPROCI_FRAME_HEADER) {
		mproci_frame frame;
		int rc = mproci_frame_read(header, &frame);

		require(rc == 0 || rc == -EBADMSG);
		if (rc < 0)
			return 0;
		check_written(&frame, header);
		rc = mproci_assembly_take(&assembly, &frame, MOST);
		require(rc == -EBADMSG || rc == MPROCI_PART_CONTINUES || rc == MPROCI_PART_BEGINS
			|| rc == MPROCI_PART_STRAY);
		if (rc >= 0 && rc != MPROCI_PART_STRAY)
			rc = mproci_assembly_add(&assembly, take_byte(&from));
		check_assembly(&assembly);
		if (rc < 0)
			return 0;
		if (mproci_assembly_is_complete(&assembly))
			assembly = (mproci_assembly){0};
	}
	return 0;
}
