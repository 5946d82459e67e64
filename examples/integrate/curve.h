/* SPDX-License-Identifier: MIT */
/*
 * integrate/curve.h - curves whose integrals are known.
 */
#ifndef INTEGRATE_CURVE_H
#define INTEGRATE_CURVE_H

typedef struct curve {
	const char *name;
	double (*height)(double x);
	/* Its integral, by which the result is judged. */
	double (*integral)(double x);
	/* Where it is defined, and what is integrated unless the command line says otherwise. */
	double least, most, from, to;
} curve;

/* Returns NULL when none has the name. */
const curve *find_curve(const char *name);

#endif
