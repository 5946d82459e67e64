/* SPDX-License-Identifier: MIT */
/*
 * render - a picture of the Mandelbrot set, a row of it an item.
 *
 * A row through the set takes a hundred times as long as one beside it.  Nobody has to know which is which: a
 * worker takes the next row when it has done one.
 */
#include "command.h"

#include <png.h>

enum {
	MOST_PIXELS = 32768,
	BYTES_OF_PIXEL = 3,
};

/* What all rows share: what is looked at, and how closely. */
typedef struct view {
	unsigned width, height;
	/* The middle of the picture, and from there to its left and right edge. */
	double x, y, radius;
	uint64_t iterations;
} view;

static const char USAGE[] =
	"usage: render [OPTION]... [PATH]\n"
	"Writes a picture of the Mandelbrot set.\n"
	"\n"
	"  PATH            of the picture, in the format PNG; mandelbrot.png by default\n"
	"  --width N       of the picture in pixels, 1 to 32768; 1024 by default\n"
	"  --height N      likewise; 768 by default\n"
	"  --x X           the middle of the picture, -2 to 2; -0.75 by default\n"
	"  --y Y           likewise; 0 by default\n"
	"  --radius R      from the middle to the left and the right edge, 1e-12 to 4; 1.75 by default\n"
	"  --iterations N  after which a point counts as inside, 1 to 1000000; 1000 by default\n"
	"  --workers N     processes, 1 to 1024; by default one for each usable core\n"
	"  --serial        without workers; the picture is the same\n"
	"  --help          this text\n"
	"\n"
	"The whole set has an area of 1.5066.\n"
	"Exit status: 0; 1 when something failed, as standard error tells; 2 for wrong options.\n";

/* How long z = z * z + c takes to leave the circle of radius 2; @limit when it does not. */
static uint64_t count_iterations(double cx, double cy, uint64_t limit)
{
	double x = 0, y = 0;
	uint64_t count = 0;

	for (; x * x + y * y <= 4 && count < limit; ++count) {
		double next = x * x - y * y + cx;

		y = 2 * x * y + cy;
		x = next;
	}
	return count;
}

/* Black inside; outside from dark blue to white as the set comes nearer, and round again. */
static void paint(uint64_t count, uint64_t limit, unsigned char *pixel)
{
	unsigned shade = (unsigned)(count * 8 % 512);

	shade = shade < 256 ? shade : 511 - shade;
	pixel[0] = count == limit ? 0 : (unsigned char)(shade * shade / 255);
	pixel[1] = count == limit ? 0 : (unsigned char)shade;
	pixel[2] = count == limit ? 0 : (unsigned char)(64 + shade * 3 / 4);
}

/* Done by a worker: the items are nothing but their numbers, the result is a row of pixels. */
static int render_row(const void *item, void *result, mproc_task *task)
{
	const view *self = mproc_task_context(task);
	double step = 2 * self->radius / self->width;
	double y = self->y - ((double)mproc_task_index(task) + 0.5 - self->height / 2.0) * step;
	unsigned char *pixel = result;

	(void)item;
	for (unsigned i = 0; i < self->width; ++i, pixel += BYTES_OF_PIXEL) {
		double x = self->x + (i + 0.5 - self->width / 2.0) * step;

		paint(count_iterations(x, y, self->iterations), self->iterations, pixel);
	}
	return 0;
}

static int write_picture(const view *self, const unsigned char *pixels, const char *path)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = self->width,
		.height = self->height,
		.format = PNG_FORMAT_RGB,
	};
	FILE *file = fopen(path, "wbe");
	int rc = 0;

	if (!file)
		return complain("%s: %s", path, strerror(errno));
	if (!png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL))
		rc = complain("%s: %s", path, image.message);
	if (fclose(file) != 0 && rc == 0)
		rc = complain("%s: %s", path, strerror(errno));
	return rc;
}

/* What is inside is the only black. */
static double area_inside(const view *self, const unsigned char *pixels)
{
	double step = 2 * self->radius / self->width;
	size_t count = (size_t)self->width * self->height, inside = 0;

	for (size_t i = 0; i < count; ++i)
		inside += pixels[i * BYTES_OF_PIXEL + 2] == 0;
	return (double)inside * step * step;
}

static int render(mproc_pool *pool, const view *self, const char *path)
{
	const mproc_map_options options = {.chunk = 1, .context = self, .context_size = sizeof *self};
	size_t row_size = (size_t)self->width * BYTES_OF_PIXEL;
	unsigned char *pixels = mproc_calloc(self->height, row_size);
	double start = seconds_now(), seconds;
	int failed;

	if (!pixels)
		return fail();
	failed = mproc_pool_map(pool, render_row, NULL, 0, self->height, pixels, row_size, &options);
	seconds = seconds_now() - start;
	failed = failed ? fail() : write_picture(self, pixels, path);
	if (!failed) {
		printf("picture  %s, %u x %u\n", path, self->width, self->height);
		printf("area     %.5g inside\n", area_inside(self, pixels));
		printf("workers  %d\n", mproc_pool_workers(pool));
		printf("seconds  %.3f, without writing the file\n", seconds);
	}
	mproc_free(pixels);
	return failed;
}

/* The command line. */

enum {
	WIDTH,
	HEIGHT,
	X,
	Y,
	RADIUS,
	ITERATIONS,
	WORKERS,
	SERIAL,
	SETTINGS
};

static double number_between(const setting *given, double least, double most)
{
	char why[96], *end;
	double number = strtod(given->value, &end);

	if (end != given->value && *end == '\0' && number >= least && number <= most)
		return number;
	snprintf(why, sizeof why, "must be a number from %g to %g", least, most);
	refuse(given, why);
}

static view read_view(const setting *settings)
{
	return (view){
		.width = (unsigned)whole_number(&settings[WIDTH], 1, MOST_PIXELS),
		.height = (unsigned)whole_number(&settings[HEIGHT], 1, MOST_PIXELS),
		.x = number_between(&settings[X], -2, 2),
		.y = number_between(&settings[Y], -2, 2),
		.radius = number_between(&settings[RADIUS], 1e-12, 4),
		.iterations = whole_number(&settings[ITERATIONS], 1, 1000000),
	};
}

int main(int argc, char *argv[])
{
	setting settings[SETTINGS] = {
		[WIDTH] = {"width", "1024"},
		[HEIGHT] = {"height", "768"},
		[X] = {"x", "-0.75"},
		[Y] = {"y", "0"},
		[RADIUS] = {"radius", "1.75"},
		[ITERATIONS] = {"iterations", "1000"},
		[WORKERS] = {"workers", NULL},
		[SERIAL] = {"serial", OFF},
	};
	int next = read_settings(argc, argv, USAGE, settings, SETTINGS), failed;
	const char *path = argv[next] ? argv[next] : "mandelbrot.png";
	mproc_pool_options options = {0};
	mproc_pool *pool;
	view scene;

	if (argv[next] && argv[next + 1])
		refuse_word(argv[next + 1], "one picture is enough");
	scene = read_view(settings);
	options.backend = is_on(&settings[SERIAL]) ? MPROC_BACKEND_SERIAL : MPROC_BACKEND_PROCESSES;
	options.workers = settings[WORKERS].value ? (unsigned)whole_number(&settings[WORKERS], 1, 1024) : 0;
	if (mproc_pool_open(&options, &pool) < 0)
		return exit_status(fail());
	failed = render(pool, &scene, path);
	mproc_pool_close(pool);
	return exit_status(failed);
}
