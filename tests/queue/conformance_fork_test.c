/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(int argc, char **argv)
{
	return run_conformance_of_processes(argc, argv, "queues between processes by fork", MPROC_START_FORK);
}
