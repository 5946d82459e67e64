/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(void)
{
	return run_conformance("conformance of threads", MPROC_BACKEND_THREADS);
}
