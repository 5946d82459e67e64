/* SPDX-License-Identifier: MIT */
/*
 * Normal variables by the inverse of their distribution function: Wichura, Algorithm AS 241, PPND16, accurate
 * to about 1 part in 10^16.  The line is cut into three parts, in each of which a quotient of two polynomials
 * is close enough.
 *
 * This file is compiled without fused multiplication and addition, so that all machines compute the same.
 */
#include "base/random.h"

#include <math.h>

enum {
	COEFFICIENTS = 8
};

/* Each from the constant on. */
typedef struct quotient {
	double above[COEFFICIENTS];
	double below[COEFFICIENTS];
} quotient;

/* Probabilities from 0.075 to 0.925. */
static const quotient MIDDLE = {
	.above = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
		1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
		3.3430575583588128105e4, 2.5090809287301226727e3},
	.below = {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
		2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
		5.2264952788528545610e3},
};

/* Beyond, down to e^-25. */
static const quotient SIDE = {
	.above = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
		3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
		2.27238449892691845833e-2, 7.74545014278341407640e-4},
	.below = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
		1.05075007164441684324e-9},
};

/* And below that. */
static const quotient END = {
	.above = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
		2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
		2.71155556874348757815e-5, 2.01033439929228813265e-7},
	.below = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
		2.04426310338993978564e-15},
};

static double polynomial(const double *coefficients, double x)
{
	double sum = 0;

	for (int i = COEFFICIENTS - 1; i >= 0; --i)
		sum = sum * x + coefficients[i];
	return sum;
}

static double evaluate(const quotient *self, double x)
{
	return polynomial(self->above, x) / polynomial(self->below, x);
}

/* The distance from 0 at which a normal variable is exceeded with @probability, which is below 0.075. */
static double distance(double probability)
{
	double root = sqrt(-log(probability));

	return root <= 5 ? evaluate(&SIDE, root - 1.6) : evaluate(&END, root - 5);
}

double mproci_normal_quantile(double probability)
{
	double from_middle = probability - 0.5;

	if (fabs(from_middle) <= 0.425)
		return from_middle * evaluate(&MIDDLE, 0.180625 - from_middle * from_middle);
	return from_middle < 0 ? -distance(probability) : distance(1 - probability);
}

/* The middle of one of 2^52 equal pieces, so that it is never 0 or 1; both it and 1 less it are exact. */
static double draw_probability(mproc_random *random)
{
	return ((double)(mproc_random_bits(random) >> 12) + 0.5) * 0x1p-52;
}

double mproc_random_normal(mproc_random *random, double mean, double deviation)
{
	double drawn = mproci_normal_quantile(draw_probability(random));

	return deviation >= 0 ? mean + deviation * drawn : NAN;
}
