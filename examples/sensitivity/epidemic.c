/* SPDX-License-Identifier: MIT */
#include "epidemic.h"

/* Who can be infected, and who is ill; the others have been. */
typedef struct state {
	double well, ill;
} state;

static state change(const scenario *assumed, state now)
{
	double infected = assumed->infection * now.well * now.ill / assumed->population;

	return (state){-infected, infected - assumed->recovery * now.ill};
}

static state after(state now, state rate, double days)
{
	return (state){now.well + days * rate.well, now.ill + days * rate.ill};
}

/* By Runge and Kutta's method of order 4. */
static state step(const scenario *assumed, state now, double days)
{
	state a = change(assumed, now);
	state b = change(assumed, after(now, a, days / 2));
	state c = change(assumed, after(now, b, days / 2));
	state d = change(assumed, after(now, c, days));

	now.well += days / 6 * (a.well + 2 * b.well + 2 * c.well + d.well);
	now.ill += days / 6 * (a.ill + 2 * b.ill + 2 * c.ill + d.ill);
	return now;
}

epidemic run_epidemic(const scenario *assumed, unsigned days, unsigned steps)
{
	state now = {assumed->population - assumed->infected, assumed->infected};
	epidemic result = {now.ill, 0, 0};

	for (unsigned long i = 1; i <= (unsigned long)days * steps; ++i) {
		now = step(assumed, now, 1.0 / steps);
		if (now.ill > result.peak) {
			result.peak = now.ill;
			result.day = (double)i / steps;
		}
	}
	result.share = 1 - now.well / assumed->population;
	return result;
}
