/* SPDX-License-Identifier: MIT */
/*
 * resize/picture.h - a picture in memory, from a file and into one.
 */
#ifndef RESIZE_PICTURE_H
#define RESIZE_PICTURE_H

enum {
	MOST_PIXELS = 1 << 27,
};

typedef struct picture {
	unsigned width, height;
	/* Of a pixel: red, green, blue (sRGB) and, if there are 4, how opaque. */
	unsigned channels;
	unsigned char *pixels;
} picture;

/* Why something failed. */
typedef struct complaint {
	char text[160];
} complaint;

/* Returns 0, or -1 with the reason in @ret_why. */
int read_picture(const char *path, picture *ret_picture, complaint *ret_why);

/* Likewise.  Somebody who looks for @path finds a whole picture, or none. */
int write_picture(const char *path, const picture *self, complaint *ret_why);

/*
 * Make a copy @width wide, as high as it must be then; one of the same size when that is not smaller.  Each
 * pixel is the average, in light, of those whose place it takes.
 *
 * Returns 0, or -1 when there is no memory.
 */
int shrink_picture(const picture *self, unsigned width, picture *ret_copy);

void free_picture(picture *self);

#endif
