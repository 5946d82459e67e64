/* SPDX-License-Identifier: MIT */
/*
 * sensitivity/scenario.h - what is assumed about an epidemic, as a file says it:
 *
 *	# a city, and a disease like measles
 *	population = 1000000
 *	infected = 10
 *	infection = 1.5
 *	recovery = 0.1
 */
#ifndef SENSITIVITY_SCENARIO_H
#define SENSITIVITY_SCENARIO_H

typedef struct scenario {
	/* People, and how many of them are ill on the first day. */
	double population, infected;
	/* How many one who is ill infects on a day, as long as all others can be; and which part of the ill
	 * recovers. */
	double infection, recovery;
} scenario;

/* Why a file is no scenario. */
typedef struct complaint {
	char text[160];
} complaint;

/*
 * Read a file.  What it does not mention stays as it is.
 *
 * Returns 0, or -1 with the reason in @ret_why.
 */
int read_scenario(const char *path, scenario *self, complaint *ret_why);

/* Returns 0, or -1 with errno set. */
int write_scenario(const char *path, const scenario *self);

#endif
