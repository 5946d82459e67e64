/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(int argc, char **argv)
{
	return run_conformance(argc, argv, "conformance of spawn", MPROC_START_SPAWN);
}
