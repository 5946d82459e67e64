/* SPDX-License-Identifier: MIT */
#include "curve.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static double negative_cosine(double x)
{
	return -cos(x);
}

static double reciprocal(double x)
{
	return 1 / x;
}

static double half_circle(double x)
{
	return sqrt(1 - x * x);
}

static double integral_of_half_circle(double x)
{
	return (x * half_circle(x) + asin(x)) / 2;
}

static double bell(double x)
{
	return exp(-x * x);
}

static double integral_of_bell(double x)
{
	return sqrt(M_PI) / 2 * erf(x);
}

static const curve CURVES[] = {
	{"sine", sin, negative_cosine, -1e6, 1e6, 0, M_PI},
	{"exponential", exp, exp, -700, 700, 0, 1},
	{"reciprocal", reciprocal, log, 1e-6, 1e6, 1, 10},
	{"circle", half_circle, integral_of_half_circle, -1, 1, -1, 1},
	{"bell", bell, integral_of_bell, -1e6, 1e6, -5, 5},
};

const curve *find_curve(const char *name)
{
	for (size_t i = 0; i < sizeof CURVES / sizeof *CURVES; ++i) {
		if (strcmp(name, CURVES[i].name) == 0)
			return &CURVES[i];
	}
	return NULL;
}
