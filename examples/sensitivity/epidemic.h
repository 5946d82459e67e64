/* SPDX-License-Identifier: MIT */
/*
 * sensitivity/epidemic.h - how many are ill on which day: the model of Kermack and McKendrick (1927).
 */
#ifndef SENSITIVITY_EPIDEMIC_H
#define SENSITIVITY_EPIDEMIC_H

#include "scenario.h"

typedef struct epidemic {
	/* The most who are ill at a time, and when. */
	double peak, day;
	/* The part of the population that has been ill in the end. */
	double share;
} epidemic;

/* Compute @days days of @steps steps each. */
epidemic run_epidemic(const scenario *assumed, unsigned days, unsigned steps);

#endif
