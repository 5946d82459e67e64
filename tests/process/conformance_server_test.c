/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(int argc, char **argv)
{
	return run_conformance(argc, argv, "conformance of server", MPROC_START_SERVER);
}
