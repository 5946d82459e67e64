/* SPDX-License-Identifier: MIT */
#include "sys/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum {
	USUAL_WIDTH = 80
};

bool mproci_is_terminal(int descriptor)
{
	return isatty(descriptor) == 1;
}

unsigned mproci_terminal_width(int descriptor)
{
	struct winsize size;

	/* A serial line says 0. */
	if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return USUAL_WIDTH;
	return size.ws_col;
}
