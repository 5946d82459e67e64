/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(int argc, char **argv)
{
	return run_conformance(argc, argv, "conformance of fork", MPROC_START_FORK);
}
