/* SPDX-License-Identifier: MIT */
/*
 * render: the picture is read back and looked at; it is the same for any number of workers.
 */
#include "refusal.h"
#include "scratch.h"

#include <png.h>

typedef struct picture {
	unsigned width, height;
	unsigned char *pixels;
} picture;

static const unsigned char *pixel_at(const picture *self, unsigned x, unsigned y)
{
	return self->pixels + 3 * ((size_t)y * self->width + x);
}

static bool is_black(const picture *self, unsigned x, unsigned y)
{
	const unsigned char *pixel = pixel_at(self, x, y);

	return pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0;
}

static picture read_picture(const char *path)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	picture self;

	ck_assert_msg(png_image_begin_read_from_file(&image, path), "%s: %s", path, image.message);
	ck_assert_uint_eq(image.format, PNG_FORMAT_RGB);
	self = (picture){image.width, image.height, malloc(PNG_IMAGE_SIZE(image))};
	ck_assert_ptr_nonnull(self.pixels);
	ck_assert_msg(
		png_image_finish_read(&image, NULL, self.pixels, 0, NULL), "%s: %s", path, image.message);
	return self;
}

/* Have it rendered, and removed again; @ret_area may be NULL. */
static picture render(const char *arguments, double *ret_area)
{
	char command[512], path[128];
	struct program run;
	picture rendered;

	snprintf(path, sizeof path, "%s/picture.png", scratch);
	snprintf(command, sizeof command, "examples/render %s %s", arguments, path);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	if (ret_area)
		*ret_area = strtod(find_line(run.output, "area") + 4, NULL);
	forget_program(&run);
	rendered = read_picture(path);
	ck_assert_int_eq(unlink(path), 0);
	return rendered;
}

static void expect_equal(const picture *one, const picture *other)
{
	ck_assert_uint_eq(one->width, other->width);
	ck_assert_uint_eq(one->height, other->height);
	ck_assert_mem_eq(one->pixels, other->pixels, 3 * (size_t)one->width * one->height);
}

START_TEST(the_set_is_black_and_what_is_around_it_is_not)
{
	double area;
	picture self = render("--serial --width 400 --height 300 --iterations 200", &area);

	ck_assert_uint_eq(self.width, 400);
	ck_assert_uint_eq(self.height, 300);
	ck_assert(is_black(&self, 285, 150)); /* 0 */
	ck_assert(is_black(&self, 171, 150)); /* -1 */
	ck_assert(!is_black(&self, 0, 0));
	ck_assert(!is_black(&self, 399, 150)); /* 1 */
	ck_assert(!is_black(&self, 399, 299));
	ck_assert_double_eq_tol(area, 1.5066, 0.05);
	free(self.pixels);
}
END_TEST

/* Above and below the real axis. */
START_TEST(the_picture_is_symmetric)
{
	picture self = render("--serial --width 101 --height 64", NULL);

	for (unsigned y = 0; y < 32; ++y)
		ck_assert_mem_eq(pixel_at(&self, 0, y), pixel_at(&self, 0, 63 - y), 303);
	free(self.pixels);
}
END_TEST

START_TEST(a_view_may_be_chosen)
{
	double area;
	picture inside = render("--serial --width 7 --height 5 --x -0.1 --y 0.1 --radius 0.01", &area);
	picture outside = render("--serial --width 1 --height 1 --x 1 --y 1 --radius 1e-12", NULL);

	for (unsigned i = 0; i < 35; ++i)
		ck_assert(is_black(&inside, i % 7, i / 7));
	ck_assert_double_eq_tol(area, 0.02 * 0.02 * 5 / 7, 1e-8);
	ck_assert(!is_black(&outside, 0, 0));
	free(inside.pixels);
	free(outside.pixels);
}
END_TEST

START_TEST(the_picture_is_the_same_for_any_number_of_workers)
{
	static const char *const options[] = {"", "--workers 1", "--workers 3", "--workers 7"};
	picture serial = render("--serial --width 160 --height 121", NULL);
	char arguments[128];

	for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
		picture parallel;

		snprintf(arguments, sizeof arguments, "%s --width 160 --height 121", options[i]);
		parallel = render(arguments, NULL);
		expect_equal(&serial, &parallel);
		free(parallel.pixels);
	}
	free(serial.pixels);
}
END_TEST

START_TEST(a_picture_that_cannot_be_written_is_told)
{
	char command[256];

	expect_complaint("examples/render --serial --width 2 --height 2 /nowhere/picture.png", 1,
		"render: /nowhere/picture.png: No such file or directory\n");
	snprintf(command, sizeof command, "examples/render --serial --width 2 --height 2 %s", scratch);
	expect_complaint(command, 1, "Is a directory\n");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/render --help",
		(const char *[]){"PATH", "--width", "--height", "--x", "--y", "--radius", "--iterations",
			"--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal(
		"examples/render --width 0", "render: --width 0: must be a whole number from 1 to 32768\n");
	expect_refusal("examples/render --height 32769", "--height 32769: must be");
	expect_refusal("examples/render --x 2.5", "render: --x 2.5: must be a number from -2 to 2\n");
	expect_refusal("examples/render --y up", "render: --y up: must be a number from -2 to 2\n");
	expect_refusal("examples/render --radius 0", "--radius 0: must be a number from 1e-12 to 4\n");
	expect_refusal("examples/render --iterations 0",
		"--iterations 0: must be a whole number from 1 to 1000000\n");
	expect_refusal(
		"examples/render --workers many", "--workers many: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/render one.png two.png", "render: two.png: one picture is enough\n");
	expect_refusal("examples/render --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		the_set_is_black_and_what_is_around_it_is_not,
		the_picture_is_symmetric,
		a_view_may_be_chosen,
		a_picture_that_cannot_be_written_is_told,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		the_picture_is_the_same_for_any_number_of_workers,
		NULL,
	};
	const support_suite suite = {
		.name = "render",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
