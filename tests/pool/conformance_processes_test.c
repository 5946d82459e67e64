/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(void)
{
	return run_conformance("conformance of processes", MPROC_BACKEND_PROCESSES);
}
