/* SPDX-License-Identifier: MIT */
#include "conformance.h"

int main(void)
{
	are_threads = true;
	return run_conformance("queues between threads");
}
