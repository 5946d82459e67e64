/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	COLOURS = 3,
};

static int explain(complaint *why, const char *text)
{
	snprintf(why->text, sizeof why->text, "%s", text);
	return -1;
}

/* Reading. */

static int read_pixels(png_image *image, picture *self, complaint *why)
{
	image->format = PNG_FORMAT_RGB | (image->format & PNG_FORMAT_FLAG_ALPHA);
	*self = (picture){image->width, image->height, PNG_IMAGE_PIXEL_CHANNELS(image->format), NULL};
	if ((uint64_t)self->width * self->height > MOST_PIXELS) {
		snprintf(why->text, sizeof why->text, "%u x %u pixels: %d are possible", self->width,
			self->height, MOST_PIXELS);
		return -1;
	}
	self->pixels = malloc(PNG_IMAGE_SIZE(*image));
	if (!self->pixels)
		return explain(why, strerror(ENOMEM));
	if (png_image_finish_read(image, NULL, self->pixels, 0, NULL))
		return 0;
	free_picture(self);
	return explain(why, image->message);
}

int read_picture(const char *path, picture *ret_picture, complaint *ret_why)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	int rc;

	if (!png_image_begin_read_from_file(&image, path))
		return explain(ret_why, image.message);
	rc = read_pixels(&image, ret_picture, ret_why);
	png_image_free(&image);
	return rc;
}

/* Writing. */

int write_picture(const char *path, const picture *self, complaint *ret_why)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = self->width,
		.height = self->height,
		.format = self->channels == COLOURS ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA,
	};
	char part[PATH_MAX];

	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return explain(ret_why, strerror(ENAMETOOLONG));
	/* Removes what it has begun when it fails. */
	if (!png_image_write_to_file(&image, part, 0, self->pixels, 0, NULL))
		return explain(ret_why, image.message);
	if (rename(part, path) == 0)
		return 0;
	explain(ret_why, strerror(errno));
	remove(part);
	return -1;
}

/* Shrinking. */

/* A pixel of the copy takes the place of a box of pixels. */
typedef struct box {
	unsigned left, right, top, bottom;
} box;

/* A picture, and the light that each value of its colours stands for: the curve of sRGB. */
typedef struct source {
	const picture *picture;
	double lights[UCHAR_MAX + 1];
} source;

static void compute_lights(double lights[UCHAR_MAX + 1])
{
	for (int i = 0; i <= UCHAR_MAX; ++i) {
		double part = (double)i / UCHAR_MAX;

		lights[i] = part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
	}
}

static unsigned char value_of(double light)
{
	double part = light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;

	return (unsigned char)lround(part * UCHAR_MAX);
}

/* What is more opaque counts more. */
static void average(const source *from, const box *where, unsigned char *ret_pixel)
{
	const picture *self = from->picture;
	double lights[COLOURS] = {0}, opacity = 0;
	unsigned count = (where->right - where->left) * (where->bottom - where->top);

	for (unsigned y = where->top; y < where->bottom; ++y) {
		const unsigned char *pixel =
			self->pixels + ((size_t)y * self->width + where->left) * self->channels;

		for (unsigned x = where->left; x < where->right; ++x, pixel += self->channels) {
			unsigned char weight = self->channels > COLOURS ? pixel[COLOURS] : UCHAR_MAX;

			for (unsigned i = 0; i < COLOURS; ++i)
				lights[i] += weight * from->lights[pixel[i]];
			opacity += weight;
		}
	}
	for (unsigned i = 0; i < COLOURS; ++i)
		ret_pixel[i] = opacity > 0 ? value_of(lights[i] / opacity) : 0;
	if (self->channels > COLOURS)
		ret_pixel[COLOURS] = (unsigned char)lround(opacity / count);
}

/* Where the box of the @index-th of @count pixels begins, if there were @old_count. */
static unsigned border(unsigned index, unsigned count, unsigned old_count)
{
	return (unsigned)((uint64_t)index * old_count / count);
}

static void shrink_row(const source *from, unsigned y, picture *copy)
{
	const picture *self = from->picture;
	unsigned char *pixel = copy->pixels + (size_t)y * copy->width * copy->channels;
	box where = {
		.top = border(y, copy->height, self->height),
		.bottom = border(y + 1, copy->height, self->height),
	};

	for (unsigned x = 0; x < copy->width; ++x, pixel += copy->channels) {
		where.left = border(x, copy->width, self->width);
		where.right = border(x + 1, copy->width, self->width);
		average(from, &where, pixel);
	}
}

int shrink_picture(const picture *self, unsigned width, picture *ret_copy)
{
	source from = {.picture = self};
	picture copy = {.width = width < self->width ? width : self->width, .channels = self->channels};

	copy.height = (unsigned)(((uint64_t)self->height * copy.width + self->width / 2) / self->width);
	copy.height = copy.height > 0 ? copy.height : 1;
	copy.pixels = calloc((size_t)copy.width * copy.height, copy.channels);
	if (!copy.pixels)
		return -1;
	compute_lights(from.lights);
	for (unsigned y = 0; y < copy.height; ++y)
		shrink_row(&from, y, &copy);
	*ret_copy = copy;
	return 0;
}

void free_picture(picture *self)
{
	free(self->pixels);
	self->pixels = NULL;
}
