/* SPDX-License-Identifier: MIT */
/*
 * resize: copies have the right size and the right colours; what cannot be read is told, the rest is done.
 */
#include "folder.h"
#include "refusal.h"

#include <png.h>

/* Write a picture, and read one; in @format, a byte a channel. */

static void put_picture(const char *folder, const char *name, unsigned format, unsigned width,
	unsigned height, const unsigned char *pixels)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format};

	ck_assert_msg(png_image_write_to_file(&image, path_of(folder, name), 0, pixels, 0, NULL), "%s",
		image.message);
}

static unsigned char *get_picture(
	const char *folder, const char *name, unsigned format, unsigned width, unsigned height)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	unsigned char *pixels;

	ck_assert_msg(
		png_image_begin_read_from_file(&image, path_of(folder, name)), "%s: %s", name, image.message);
	ck_assert_uint_eq(image.format, format);
	ck_assert_uint_eq(image.width, width);
	ck_assert_uint_eq(image.height, height);
	pixels = malloc(PNG_IMAGE_SIZE(image));
	ck_assert_ptr_nonnull(pixels);
	ck_assert_msg(png_image_finish_read(&image, NULL, pixels, 0, NULL), "%s: %s", name, image.message);
	return pixels;
}

/* A picture of one colour. */
static void put_plain(const char *name, unsigned width, unsigned height, const unsigned char colour[3])
{
	unsigned char *pixels = malloc(3 * (size_t)width * height);

	ck_assert_ptr_nonnull(pixels);
	for (size_t i = 0; i < 3 * (size_t)width * height; ++i)
		pixels[i] = colour[i % 3];
	put_picture("from", name, PNG_FORMAT_RGB, width, height, pixels);
	free(pixels);
}

static void expect_plain(const char *name, unsigned width, unsigned height, const unsigned char colour[3])
{
	unsigned char *pixels = get_picture("to", name, PNG_FORMAT_RGB, width, height);

	for (size_t i = 0; i < 3 * (size_t)width * height; ++i)
		ck_assert_int_eq(pixels[i], colour[i % 3]);
	free(pixels);
}

/* The program must end with @status; from and to are folders in the scratch folder. */
static struct program resize(const char *options, const char *from, const char *to, int status)
{
	char command[1024];
	struct program run;

	snprintf(command, sizeof command, "examples/resize %s %s %s", options, path_of(from, ""),
		path_of(to, ""));
	run = run_program(command);
	ck_assert_msg(run.status == status, "%s: exit code %d: %.999s", command, run.status, run.error);
	return run;
}

static void resize_well(const char *options)
{
	struct program run = resize(options, "from", "to", 0);

	ck_assert_str_eq(run.error, "");
	forget_program(&run);
}

static const unsigned char RED[] = {255, 0, 0}, BROWN[] = {150, 75, 10};

START_TEST(pictures_become_smaller_in_proportion)
{
	make_folder("from");
	put_plain("wide.png", 640, 320, RED);
	put_plain("high.PNG", 500, 1001, BROWN);
	put_plain("strip.png", 4000, 1, BROWN);
	resize_well("--serial --width 100");
	expect_plain("wide.png", 100, 50, RED);
	expect_plain("high.PNG", 100, 200, BROWN);
	expect_plain("strip.png", 100, 1, BROWN);
	ck_assert_int_eq(remove_folder("to"), 3);
	remove_folder("from");
}
END_TEST

START_TEST(what_is_not_wider_keeps_its_size)
{
	make_folder("from");
	put_plain("same.png", 100, 30, BROWN);
	put_plain("dot.png", 1, 1, RED);
	resize_well("--serial --width 100");
	expect_plain("same.png", 100, 30, BROWN);
	expect_plain("dot.png", 1, 1, RED);
	remove_folder("to");
	remove_folder("from");
}
END_TEST

/* Half of the light of white is no grey of 128, but one of 188. */
START_TEST(light_is_averaged)
{
	enum {
		size = 64
	};
	unsigned char pixels[size * size], *copy;

	for (int i = 0; i < size * size; ++i)
		pixels[i] = (i + i / size) % 2 ? 255 : 0;
	make_folder("from");
	put_picture("from", "board.png", PNG_FORMAT_GRAY, size, size, pixels);
	resize_well("--serial --width 16");
	copy = get_picture("to", "board.png", PNG_FORMAT_RGB, 16, 16);
	for (int i = 0; i < 3 * 16 * 16; ++i)
		ck_assert_int_le(abs(copy[i] - 188), 1);
	free(copy);
	remove_folder("to");
	remove_folder("from");
}
END_TEST

/* Three black columns, three white ones … */
START_TEST(each_pixel_is_the_average_of_its_box)
{
	unsigned char pixels[3 * 30], *copy;

	for (int i = 0; i < 3 * 30; ++i)
		pixels[i] = i / 3 / 3 % 2 ? 255 : 0;
	make_folder("from");
	put_picture("from", "columns.png", PNG_FORMAT_RGB, 30, 1, pixels);
	resize_well("--serial --width 10");
	copy = get_picture("to", "columns.png", PNG_FORMAT_RGB, 10, 1);
	for (int i = 0; i < 3 * 10; ++i)
		ck_assert_int_eq(copy[i], i / 3 % 2 ? 255 : 0);
	free(copy);
	remove_folder("to");
	remove_folder("from");
}
END_TEST

/* What cannot be seen has no colour: only the green half counts, and one sees half through it. */
START_TEST(what_is_transparent_stays_so)
{
	static const unsigned char pixels[] = {255, 0, 0, 0, 0, 255, 0, 255};
	unsigned char *copy;

	make_folder("from");
	put_picture("from", "glass.png", PNG_FORMAT_RGBA, 2, 1, pixels);
	resize_well("--serial --width 1");
	copy = get_picture("to", "glass.png", PNG_FORMAT_RGBA, 1, 1);
	ck_assert_int_eq(copy[0], 0);
	ck_assert_int_eq(copy[1], 255);
	ck_assert_int_eq(copy[2], 0);
	ck_assert_int_le(abs(copy[3] - 128), 1);
	free(copy);
	remove_folder("to");
	remove_folder("from");
}
END_TEST

/* What goes wrong. */

/* Put what is left of a picture when @cut bytes are missing at its end, and the byte @broken is another one. */
static void put_damaged(const char *name, size_t cut, size_t broken)
{
	int fd = open(path_of("from", "whole.png"), O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = read_whole(fd);

	ck_assert_int_gt(size, (off_t)cut);
	data[broken] ^= 1;
	put_file("from", name, data, (size_t)size - cut);
	free(data);
	close(fd);
}

/* Beside a whole picture: one that is cut off, one with a wrong check sum, one of no bytes, and a text. */
static void expect_damage_told(const char *options)
{
	static const char *const told[] = {
		"resize: cut.png: ", "resize: empty.png: ", "resize: broken.png: ", "resize: text.png: "};
	struct program run;

	make_folder("from");
	put_plain("whole.png", 640, 480, BROWN);
	put_damaged("cut.png", 20, 0);
	put_damaged("broken.png", 0, 60);
	put_text("from", "empty.png", "");
	put_text("from", "text.png", "This is not a picture, but it is long enough to be one.");
	put_text("from", "other.txt", "Nobody asked for this.");
	run = resize(options, "from", "to", 1);
	for (size_t i = 0; i < sizeof told / sizeof *told; ++i)
		ck_assert_msg(strstr(run.error, told[i]) != NULL, "no \"%s\": %s", told[i], run.error);
	ck_assert_ptr_nonnull(strstr(run.output, "whole.png: 640 x 480 to 256 x 192\n"));
	ck_assert_ptr_nonnull(strstr(run.output, "copies   1 of 5\n"));
	forget_program(&run);
	expect_plain("whole.png", 256, 192, BROWN);
	ck_assert_int_eq(remove_folder("to"), 1);
	remove_folder("from");
}

START_TEST(a_corrupt_picture_is_told_and_the_rest_is_done)
{
	expect_damage_told("--serial");
}
END_TEST

START_TEST(workers_tell_corrupt_pictures_too)
{
	expect_damage_told("");
	expect_damage_told("--workers 7");
}
END_TEST

/* The check sum of a part of a file, as PNG has it. */
static uint32_t check_sum(const unsigned char *data, size_t size)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < size; ++i) {
		sum ^= data[i];
		for (int bit = 0; bit < 8; ++bit)
			sum = sum & 1 ? sum >> 1 ^ UINT32_C(0xedb88320) : sum >> 1;
	}
	return ~sum;
}

static void put_number(unsigned char *data, uint32_t number)
{
	for (int i = 0; i < 4; ++i)
		data[i] = (unsigned char)(number >> (24 - 8 * i));
}

START_TEST(a_picture_that_claims_to_be_huge_is_told)
{
	static const unsigned char head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I',
		'H', 'D', 'R', 0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, /* and the data: */ 0, 0, 0,
		1, 'I', 'D', 'A', 'T', 0, 0, 0, 0, 0};
	unsigned char data[sizeof head];
	struct program run;

	memcpy(data, head, sizeof head);
	put_number(data + 16, 100000);
	put_number(data + 20, 100000);
	put_number(data + 29, check_sum(data + 12, 17));
	put_number(data + 42, check_sum(data + 37, 5));
	make_folder("from");
	put_file("from", "huge.png", data, sizeof data);
	run = resize("--serial", "from", "to", 1);
	ck_assert_str_eq(run.error, "resize: huge.png: 100000 x 100000 pixels: 134217728 are possible\n");
	forget_program(&run);
	ck_assert_int_eq(remove_folder("to"), 0);
	remove_folder("from");
}
END_TEST

START_TEST(copies_that_cannot_be_written_are_told)
{
	struct program run;

	make_folder("from");
	put_plain("one.png", 10, 10, RED);
	put_text("from", "two", "A file.");
	run = resize("--serial", "from", "from/two", 1);
	ck_assert_ptr_nonnull(strstr(run.error, "resize: one.png: Not a directory\n"));
	forget_program(&run);
	run = resize("--serial", "from", "from/three/four", 1);
	ck_assert_ptr_nonnull(strstr(run.error, "/from/three/four: No such file or directory\n"));
	forget_program(&run);
	ck_assert_int_eq(remove_folder("from"), 2);
}
END_TEST

START_TEST(folders_that_make_no_sense_are_told)
{
	struct program run = resize("--serial", "from", "to", 1);

	ck_assert_ptr_nonnull(strstr(run.error, "/from: No such file or directory\n"));
	forget_program(&run);
	make_folder("from");
	run = resize("--serial", "from", "to", 1);
	ck_assert_ptr_nonnull(strstr(run.error, "/from: no pictures (*.png)\n"));
	forget_program(&run);
	put_plain("one.png", 10, 10, RED);
	run = resize("--serial", "from", "from/.", 1);
	ck_assert_ptr_nonnull(
		strstr(run.error, "/from/.: the copies need another folder than the pictures\n"));
	forget_program(&run);
	ck_assert_int_eq(remove_folder("from"), 1);
}
END_TEST

/* Byte for byte. */
START_TEST(copies_are_the_same_for_any_number_of_workers)
{
	static const char *const options[] = {"--workers 1", "--workers 2", "--workers 7"};
	char name[32], command[1024];

	make_folder("from");
	for (unsigned i = 0; i < 20; ++i) {
		const unsigned char colour[] = {(unsigned char)(10 * i), 100, (unsigned char)(255 - 10 * i)};

		snprintf(name, sizeof name, "%02u.png", i);
		put_plain(name, 300 + 7 * i, 200 + i, colour);
	}
	resize_well("--serial");
	ck_assert_int_eq(rename(path_of("to", ""), path_of("serial", "")), 0);
	for (size_t i = 0; i < sizeof options / sizeof *options; ++i) {
		resize_well(options[i]);
		snprintf(command, sizeof command, "diff -r %s %s", path_of("serial", ""), path_of("to", ""));
		ck_assert_int_eq(system(command), 0);
		ck_assert_int_eq(remove_folder("to"), 20);
	}
	ck_assert_int_eq(remove_folder("serial"), 20);
	remove_folder("from");
}
END_TEST

START_TEST(help_names_all_options)
{
	expect_help("examples/resize --help",
		(const char *[]){"FROM", "TO", "--width", "--workers", "--serial", "--help", NULL});
}
END_TEST

START_TEST(mistakes_are_refused)
{
	expect_refusal("examples/resize", "resize: FROM TO: two folders are needed\n");
	expect_refusal("examples/resize one", "resize: one: two folders are needed\n");
	expect_refusal("examples/resize one two three", "resize: three: two folders are enough\n");
	expect_refusal("examples/resize --width 0 one two",
		"resize: --width 0: must be a whole number from 1 to 32768\n");
	expect_refusal("examples/resize --workers 0 one two",
		"resize: --workers 0: must be a whole number from 1 to 1024\n");
	expect_refusal("examples/resize --speed 9", "--speed");
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		pictures_become_smaller_in_proportion,
		what_is_not_wider_keeps_its_size,
		light_is_averaged,
		each_pixel_is_the_average_of_its_box,
		what_is_transparent_stays_so,
		a_corrupt_picture_is_told_and_the_rest_is_done,
		a_picture_that_claims_to_be_huge_is_told,
		copies_that_cannot_be_written_are_told,
		folders_that_make_no_sense_are_told,
		help_names_all_options,
		mistakes_are_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		workers_tell_corrupt_pictures_too,
		copies_are_the_same_for_any_number_of_workers,
		NULL,
	};
	const support_suite suite = {
		.name = "resize",
		.tests = tests,
		.process_tests = process_tests,
		.setup = make_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
