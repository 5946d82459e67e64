/* SPDX-License-Identifier: MIT */
/*
 * What a program finds in its environment is not for certain from its family: a stranger's variable is ignored, or the program
 * ends with an error.  It neither crashes nor hangs, and changes nothing of what the stranger's descriptors are open to.
 */
#include "family/member.h"
#include "play.h"
#include "support.h"
#include "sys/kept.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	/* Under these numbers the program has what a stranger may give it. */
	NOTHING = 900,
	FIRST = 100,
	PIPE = FIRST,
	SOCKET,
	EMPTY_FILE,
	SEALED_FILE,
	NOISE_FILE,
	OTHER_FAMILY,
	NULL_DEVICE,
	PIPE_OF_NOBODY,
	DATA_PIPE,
	LAST,
	WRITE_ENDS = 200,
};

static const size_t MIB = (size_t)1 << 20;

/* Where an arena usually is. */
static char *const usual = (char *)0x200000000000;

static void put(int fd, int number)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, number), number);
	close(fd);
}

static int make_file(size_t size, bool is_sealed, bool is_noise)
{
	int fd = memfd_create("mproc", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	for (size_t i = 0; is_noise && i < size / 4096; ++i) {
		uint32_t noise[1024];

		for (size_t j = 0; j < 1024; ++j)
			noise[j] = (uint32_t)rand();
		ck_assert_int_eq(pwrite(fd, noise, sizeof noise, (off_t)(i * 4096)), sizeof noise);
	}
	if (is_sealed)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return fd;
}

/* Some of them the program could write to, or be killed by. */
static void open_strange_things(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	put(ends[0], PIPE);
	put(ends[1], WRITE_ENDS);
	fcntl(WRITE_ENDS, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	put(ends[0], SOCKET);
	put(ends[1], WRITE_ENDS + 1);
	fcntl(WRITE_ENDS + 1, F_SETFD, FD_CLOEXEC);
	put(make_file(0, false, false), EMPTY_FILE);
	put(make_file(64 * MIB, true, false), SEALED_FILE);
	put(make_file(64 * MIB, true, true), NOISE_FILE);
	put(dup(mproci_kept(MPROCI_KEPT_MEMORY)), OTHER_FAMILY);
	put(open("/dev/null", O_RDWR), NULL_DEVICE);
	ck_assert_int_eq(pipe(ends), 0);
	put(ends[0], PIPE_OF_NOBODY);
	close(ends[1]);
	ck_assert_int_eq(pipe(ends), 0);
	put(ends[0], DATA_PIPE);
	put(ends[1], WRITE_ENDS + 2);
	fcntl(WRITE_ENDS + 2, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(write(WRITE_ENDS + 2, "data", 4), 4);
}

static void close_strange_things(void)
{
	for (int fd = FIRST; fd < LAST; ++fd)
		close(fd);
	for (int fd = WRITE_ENDS; fd < WRITE_ENDS + 3; ++fd)
		close(fd);
}

static void prepare(void)
{
	play_choose_moments();
	open_strange_things();
}

/* The program runs as any other; or it ended by itself, with an error. */
static void check_variable(const char *value, bool may_be_killed)
{
	char joined[512];
	char *const environment[] = {joined, NULL};
	struct play play;

	snprintf(joined, sizeof joined, "MPROC_SPAWN=%s", value);
	play_environment = environment;
	play = play_begin("be a program", MPROC_START_FORK);
	play_environment = NULL;
	play_end(&play);
	if (play.code == 0)
		ck_assert_str_eq(play.text, "main ");
	else
		ck_assert_msg((play.code > 0 || (may_be_killed && play.code == -SIGKILL))
				      && strcmp(play.text, "") == 0,
			"with \"%s\" the program ended with %d, having said \"%s\"", value, play.code,
			play.text);
	ck_assert_int_eq(fcntl(NULL_DEVICE, F_GETFL) & (O_ASYNC | O_NONBLOCK), 0);
}

static int be_a_program(void)
{
	if (getenv("MPROC_SPAWN") != NULL)
		play_give_up("the variable is still there", 0);
	for (mproc_start method = MPROC_START_FORK; method <= MPROC_START_SPAWN; ++method) {
		if (play_finish(
			    play_start_with((mproc_process_options){.start = method}, play_return_7, NULL, 0))
			!= 7)
			play_give_up("another exit code", method);
	}
	play_tell("main ");
	return 0;
}

START_TEST(variable_that_is_none_of_ours_is_ignored)
{
	const char *const values[] = {"", " ", "yes", "1", "1,2,3", "1,2,3,4,5,6,7", ",,,,,,",
		"%d,%d,%d,%d,%d,%p,%zu,%p", "-,-,-,-,-,-,-,-", "99999999999999999999", "1,2,3,4,5,nil,0,nil"};

	for (size_t i = 0; i < sizeof values / sizeof *values; ++i)
		check_variable(values[i], false);
}
END_TEST

static void check_values(
	int memory, int lifeline, int report, int server, const char *base, size_t size, const char *order)
{
	char value[256];

	snprintf(value, sizeof value, "%d,%d,%d,%d,%d,%p,%zu,%p", (int)getpid(), memory, lifeline, report,
		server, (const void *)base, size, (const void *)order);
	/* What has nobody at its other end means that the parent has died. */
	check_variable(value, lifeline == PIPE_OF_NOBODY);
}

START_TEST(variable_with_descriptors_that_are_not_open_ends_the_program_or_is_ignored)
{
	check_values(NOTHING, NOTHING, NOTHING, NOTHING, usual, MIB, usual);
	check_values(-1, -1, -1, -1, usual, MIB, usual);
	check_values(NOTHING, PIPE, NOTHING, -1, usual, MIB, usual);
	check_values(SEALED_FILE, NOTHING, SOCKET, -1, usual, 64 * MIB, usual);
	check_values(SEALED_FILE, PIPE, NOTHING, NOTHING, usual, 64 * MIB, usual);
	check_values(1000000000, 1000000000, 1000000000, 1000000000, usual, MIB, usual);
}
END_TEST

START_TEST(variable_with_another_kind_of_lifeline_ends_the_program_or_is_ignored)
{
	const int lifelines[] = {0, 1, 2, SOCKET, EMPTY_FILE, NULL_DEVICE, PIPE_OF_NOBODY, DATA_PIPE};

	for (size_t i = 0; i < sizeof lifelines / sizeof *lifelines; ++i)
		check_values(SEALED_FILE, lifelines[i], SOCKET, -1, usual, 64 * MIB, usual + MIB);
}
END_TEST

START_TEST(variable_with_memory_that_is_no_familys_ends_the_program_or_is_ignored)
{
	const int files[] = {0, PIPE, SOCKET, EMPTY_FILE, SEALED_FILE, NULL_DEVICE};

	for (size_t i = 0; i < sizeof files / sizeof *files; ++i) {
		check_values(files[i], PIPE, SOCKET, -1, usual, 64 * MIB, usual + MIB);
		check_values(files[i], PIPE, SOCKET, -1, usual, 128 * MIB, usual + 100 * MIB);
		check_values(files[i], PIPE, SOCKET, -1, usual, 4096, usual);
		check_values(files[i], PIPE, SOCKET, -1, usual, 0, usual);
		check_values(files[i], PIPE, SOCKET, -1, usual, SIZE_MAX, usual);
	}
}
END_TEST

START_TEST(variable_with_an_order_outside_the_memory_ends_the_program_or_is_ignored)
{
	const size_t size = 64 * MIB;

	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, NULL);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, usual - 1);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, usual + size);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, usual + size - 16);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, (const char *)UINTPTR_MAX);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual, size, usual + 1);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, NULL, size, (const char *)MIB);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, usual + 1, size, usual + MIB);
	check_values(SEALED_FILE, PIPE, SOCKET, -1, (const char *)UINTPTR_MAX - 4095, size, usual);
}
END_TEST

START_TEST(variable_with_memory_full_of_noise_ends_the_program_or_is_ignored)
{
	for (int i = 0; i < 50; ++i)
		check_values(NOISE_FILE, PIPE, SOCKET, SOCKET, usual, 64 * MIB,
			usual + (size_t)rand() % (60 * MIB) / 8 * 8);
	for (int i = 0; i < 10; ++i)
		check_values(SEALED_FILE, PIPE, SOCKET, SOCKET, usual, 64 * MIB,
			usual + (size_t)rand() % (60 * MIB) / 8 * 8);
}
END_TEST

/* This process's own family, of whom the program is none. */
START_TEST(variable_with_the_memory_of_another_family_ends_the_program_or_is_ignored)
{
	const char *base = (const char *)mproci_family_here;
	const size_t size = mproci_family_here->size;
	char *noise = mproc_calloc(1, MIB);

	for (int i = 0; i < 10; ++i)
		check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base, size, noise + (size_t)i * 64);
	for (size_t i = 0; i < MIB; ++i)
		noise[i] = (char)rand();
	for (int i = 0; i < 20; ++i)
		check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base, size, noise + (size_t)i * 64);
	check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base, size / 2, noise);
	check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base + MIB, size, noise);
	check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base, size, base);
	check_values(OTHER_FAMILY, PIPE, SOCKET, -1, base, size, (const char *)mproci_member_slot(0));
	mproc_free(noise);
}
END_TEST

static void warm_up(void)
{
	mproc_free(mproc_alloc(1));
}

static const play_part plays[] = {
	{"be a program", be_a_program, NULL},
	{NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
	const TTest *process_tests[] = {
		variable_that_is_none_of_ours_is_ignored,
		variable_with_descriptors_that_are_not_open_ends_the_program_or_is_ignored,
		variable_with_another_kind_of_lifeline_ends_the_program_or_is_ignored,
		variable_with_memory_that_is_no_familys_ends_the_program_or_is_ignored,
		variable_with_an_order_outside_the_memory_ends_the_program_or_is_ignored,
		variable_with_memory_full_of_noise_ends_the_program_or_is_ignored,
		variable_with_the_memory_of_another_family_ends_the_program_or_is_ignored,
		NULL,
	};
	const support_suite suite = {
		.name = "variable",
		.process_tests = process_tests,
		.warm_up = warm_up,
		.setup = prepare,
		.teardown = close_strange_things,
		.timeout = 300,
	};

	return argc > 1 ? play_run(plays, argc, argv) : support_run_suite(&suite);
}
