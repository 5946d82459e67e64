/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(void)
{
	return run_conformance("conformance of serial", MPROC_BACKEND_SERIAL);
}
