/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/mistakes.h - starts that are wrong on purpose: a harness that misses them proves nothing.
 */
#ifndef FAULT_MISTAKES_H
#define FAULT_MISTAKES_H

#include "scenario.h"

/* A name of NULL ends them. */
extern const fault_scenario fault_mistakes[];

#endif
