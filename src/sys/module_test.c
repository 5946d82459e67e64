/* SPDX-License-Identifier: MIT */
#include "sys/module.h"

#include "people.h"
#include "support.h"
#include "sys/file_fixture.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char TASK[] = "MODULE_TEST_TASK";

static int data_of_program = 1;

static int answer(void)
{
	return 42;
}

static mproci_place place_of(uintptr_t function)
{
	mproci_place place;

	ck_assert_msg(mproci_module_place(function, &place) == 0, "%s", mproc_error_text());
	return place;
}

static uintptr_t find(const mproci_place *place)
{
	uintptr_t function = 0;

	ck_assert_msg(mproci_module_find(place, &function) == 0, "%s", mproc_error_text());
	return function;
}

/* Without one output written. */
static void check_refused(const mproci_place *place, int code, const char *text)
{
	uintptr_t function = 7;

	ck_assert_int_eq(mproci_module_find(place, &function), code);
	support_check_text(text);
	ck_assert_uint_eq(function, 7);
}

static void check_nowhere(uintptr_t address, const char *text)
{
	mproci_place place = {.offset = 7};

	ck_assert_int_eq(mproci_module_place(address, &place), -ENOENT);
	support_check_text(text);
	ck_assert_uint_eq(place.offset, 7);
}

/* A library for tests: a copy of the C library's for mathematics, in a file of the tree. */
struct library {
	char path[2 * PATH_MAX];
	size_t size;
	char *content;
	/* In there, the note of the build id. */
	ElfW(Nhdr) * note;
	unsigned char *build_id;
	void *handle;
};

static void find_original(char ret_path[PATH_MAX])
{
	void *handle = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
	struct link_map *map = NULL;

	ck_assert_msg(handle != NULL, "%s", dlerror());
	ck_assert_int_eq(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
	ck_assert_ptr_nonnull(realpath(map->l_name, ret_path));
	dlclose(handle);
}

static void find_note(struct library *library)
{
	const ElfW(Ehdr) *header = (void *)library->content;
	const ElfW(Phdr) *segments = (void *)(library->content + header->e_phoff);

	for (int i = 0; i < header->e_phnum; ++i) {
		ElfW(Nhdr) *note = (void *)(library->content + segments[i].p_offset);

		if (segments[i].p_type != PT_NOTE || note->n_type != NT_GNU_BUILD_ID)
			continue;
		library->note = note;
		library->build_id = (unsigned char *)(note + 1) + note->n_namesz;
	}
	ck_assert_ptr_nonnull(library->note);
}

/* Make the file; what is changed before library_load, is changed in it. */
static struct library library_make(const char *name)
{
	struct library library = {.note = NULL};
	char original[PATH_MAX];
	struct stat status;
	int from, to;

	find_original(original);
	tree_write(name, "");
	snprintf(library.path, sizeof library.path, "%s", in_tree(name));
	from = open(original, O_RDONLY | O_CLOEXEC);
	to = open(library.path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fstat(from, &status), 0);
	library.size = (size_t)status.st_size;
	ck_assert_int_eq(ftruncate(to, status.st_size), 0);
	library.content = mmap(NULL, library.size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	ck_assert_ptr_ne(library.content, MAP_FAILED);
	ck_assert_int_eq(read(from, library.content, library.size), status.st_size);
	close(from);
	close(to);
	find_note(&library);
	/* The original may be loaded as well. */
	library.build_id[1] ^= 0xff;
	return library;
}

static void library_load(struct library *library)
{
	ck_assert_int_eq(munmap(library->content, library->size), 0);
	library->handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(library->handle != NULL, "%s", dlerror());
}

static struct library library_make_and_load(const char *name)
{
	struct library library = library_make(name);

	library_load(&library);
	return library;
}

/* The same library, but another build. */
static struct library library_make_and_load_other_build(const char *name)
{
	struct library library = library_make(name);

	library.build_id[0] ^= 0xff;
	library_load(&library);
	return library;
}

static uintptr_t function_of(const struct library *library)
{
	void *function = dlsym(library->handle, "remquo");

	ck_assert_ptr_nonnull(function);
	return (uintptr_t)function;
}

START_TEST(function_of_the_program_is_found)
{
	mproci_place place = place_of((uintptr_t)answer);

	ck_assert_str_eq(place.module, "");
	ck_assert_uint_eq(find(&place), (uintptr_t)answer);
}
END_TEST

START_TEST(function_of_a_library_is_found)
{
	struct library library = library_make_and_load("/libtest.so");
	mproci_place place = place_of(function_of(&library));

	ck_assert_str_eq(place.module, "libtest.so");
	ck_assert_uint_gt(place.build_id_size, 0);
	ck_assert_uint_eq(find(&place), function_of(&library));
	dlclose(library.handle);
}
END_TEST

/* What the program does when it is begun anew by the test below. */
static int do_task(void)
{
	mproci_place place;
	uintptr_t function;

	if (read(STDIN_FILENO, &place, sizeof place) != sizeof place)
		return 1;
	if (mproci_module_find(&place, &function) < 0)
		return 2;
	return ((int (*)(void))function)();
}

START_TEST(function_is_found_in_the_program_begun_anew)
{
	mproci_place place = place_of((uintptr_t)answer);
	char name[] = "module_test", *words[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], &place, sizeof place), sizeof place);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	ck_assert_int_eq(setenv(TASK, "1", 1), 0);
	ck_assert_int_eq(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, words, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 42);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(what_is_no_function_has_no_place)
{
	char *on_heap = malloc(1);

	check_nowhere(0, "function at 0: neither in the program nor in a library");
	check_nowhere(UINTPTR_MAX, "function at 0xffff");
	check_nowhere((uintptr_t)on_heap, "neither in the program nor in a library");
	check_nowhere((uintptr_t)&data_of_program, "neither in the program nor in a library");
	free(on_heap);
}
END_TEST

START_TEST(function_that_the_kernel_provides_has_no_place)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

	if (vdso != 0)
		check_nowhere(
			vdso + ((ElfW(Ehdr) *)vdso)->e_entry, "neither in the program nor in a library");
}
END_TEST

static void check_has_no_build_id(struct library *library)
{
	library_load(library);
	check_nowhere(function_of(library), "its library \"libtest.so\" has no build id: link that with "
					    "--build-id, or register the function");
	dlclose(library->handle);
}

START_TEST(library_without_build_id_is_refused)
{
	struct library library = library_make("/libtest.so");

	library.note->n_type = NT_GNU_ABI_TAG;
	check_has_no_build_id(&library);
}
END_TEST

START_TEST(build_id_of_no_bytes_is_none)
{
	struct library library = library_make("/libtest.so");

	library.note->n_descsz = 0;
	check_has_no_build_id(&library);
}
END_TEST

START_TEST(notes_that_are_damaged_have_no_build_id)
{
	struct library library = library_make("/libtest.so");

	library.note->n_namesz = UINT32_MAX;
	check_has_no_build_id(&library);
}
END_TEST

START_TEST(notes_that_end_in_the_midst_have_no_build_id)
{
	struct library library = library_make("/libtest.so");

	library.note->n_descsz = UINT32_MAX;
	check_has_no_build_id(&library);
}
END_TEST

START_TEST(library_that_is_not_loaded_is_told_of)
{
	struct library library = library_make_and_load("/libtest.so");
	mproci_place place = place_of(function_of(&library));

	dlclose(library.handle);
	check_refused(&place, -ENOENT,
		"library \"libtest.so\": not loaded here: link the program with it, or load it before "
		"mproc_init");
}
END_TEST

START_TEST(other_build_of_a_library_is_told_of)
{
	struct library library = library_make_and_load("/one/libtest.so");
	mproci_place place = place_of(function_of(&library));
	char text[128];

	dlclose(library.handle);
	library = library_make_and_load_other_build("/two/libtest.so");
	snprintf(text, sizeof text,
		"library \"libtest.so\": another build is loaded here: its build id is %02x",
		place.build_id[0] ^ 0xff);
	check_refused(&place, -ENOEXEC, text);
	snprintf(text, sizeof text, ", not %02x%02x", place.build_id[0], place.build_id[1]);
	support_check_text(text);
	dlclose(library.handle);
}
END_TEST

START_TEST(other_build_of_the_program_is_told_of)
{
	mproci_place place = place_of((uintptr_t)answer);

	place.build_id_size = 20;
	place.build_id[0] ^= 0xff;
	check_refused(&place, -ENOEXEC, "the program is another build here: its build id is ");
	if (place_of((uintptr_t)answer).build_id_size == 0)
		return;
	place.build_id_size = 0;
	check_refused(&place, -ENOEXEC, ", not none");
}
END_TEST

START_TEST(two_builds_of_one_file_name_are_told_apart)
{
	struct library one = library_make_and_load("/one/libtest.so");
	struct library two = library_make_and_load_other_build("/two/libtest.so");
	mproci_place place_one = place_of(function_of(&one)), place_two = place_of(function_of(&two));

	ck_assert_str_eq(place_one.module, place_two.module);
	ck_assert_uint_eq(place_one.offset, place_two.offset);
	ck_assert_uint_eq(find(&place_one), function_of(&one));
	ck_assert_uint_eq(find(&place_two), function_of(&two));
	dlclose(one.handle);
	check_refused(&place_one, -ENOEXEC, "another build is loaded here");
	ck_assert_uint_eq(find(&place_two), function_of(&two));
	dlclose(two.handle);
}
END_TEST

START_TEST(library_under_another_name_is_found)
{
	struct library library = library_make_and_load("/libtest.so");
	mproci_place place = place_of(function_of(&library));

	dlclose(library.handle);
	library = library_make_and_load("/libother.so");
	ck_assert_uint_eq(find(&place), function_of(&library));
	dlclose(library.handle);
}
END_TEST

START_TEST(of_two_copies_the_one_with_the_name_is_found)
{
	struct library one = library_make_and_load("/libone.so"), two = library_make_and_load("/libtwo.so");
	mproci_place place_one = place_of(function_of(&one)), place_two = place_of(function_of(&two));

	ck_assert_uint_eq(find(&place_one), function_of(&one));
	ck_assert_uint_eq(find(&place_two), function_of(&two));
	dlclose(one.handle);
	dlclose(two.handle);
}
END_TEST

START_TEST(long_file_name_keeps_its_end)
{
	char name[128] = "/";
	struct library library;
	mproci_place place;

	memset(name + 1, 'x', 100);
	memcpy(name + 101, ".so", sizeof ".so");
	library = library_make_and_load(name);
	place = place_of(function_of(&library));
	ck_assert_str_eq(place.module, name + 104 - (MPROCI_MODULE_NAME_SIZE - 1));
	ck_assert_uint_eq(find(&place), function_of(&library));
	dlclose(library.handle);
}
END_TEST

START_TEST(offset_where_nothing_can_be_executed_is_refused)
{
	const mproci_place good = place_of((uintptr_t)answer);
	const uint64_t data = good.offset + ((uintptr_t)&data_of_program - (uintptr_t)answer);
	const uint64_t offsets[] = {data, UINT64_MAX, UINT64_MAX - (uintptr_t)answer, UINT64_C(1) << 63};

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; ++i) {
		mproci_place place = good;

		place.offset = offsets[i];
		check_refused(&place, -ENOEXEC, "the program: at offset 0x");
		support_check_text("is nothing that can be executed");
	}
}
END_TEST

START_TEST(offset_outside_a_library_is_refused)
{
	struct library library = library_make_and_load("/libtest.so");
	mproci_place place = place_of(function_of(&library));

	place.offset = library.size * 2;
	check_refused(&place, -ENOEXEC, "library \"libtest.so\": at offset 0x");
	dlclose(library.handle);
}
END_TEST

START_TEST(place_with_no_possible_value_is_refused)
{
	const mproci_place good = place_of((uintptr_t)answer);
	mproci_place place = good;

	memset(place.module, 'x', sizeof place.module);
	check_refused(&place, -ENOEXEC, "the name of its library is longer than 63 bytes");
	place = good;
	place.build_id_size = MPROCI_BUILD_ID_SIZE + 1;
	check_refused(&place, -ENOEXEC, "a build id of 33 bytes: 32 are possible");
	place.build_id_size = 255;
	check_refused(&place, -ENOEXEC, "a build id of 255 bytes");
	place = good;
	place.build_id_size = 0;
	strcpy(place.module, "libtest.so");
	check_refused(&place, -ENOEXEC, "its library \"libtest.so\" is given without a build id");
}
END_TEST

START_TEST(place_of_random_bytes_is_refused)
{
	uint32_t state = 1;

	for (int round = 0; round < 2000; ++round) {
		mproci_place place = {.build_id_size = 0};
		unsigned char *bytes = (unsigned char *)&place;
		uintptr_t function;

		for (size_t i = round % 2 == 0 ? 0 : MPROCI_MODULE_NAME_SIZE; i < sizeof place; ++i) {
			state = state * 1664525 + 1013904223;
			bytes[i] = (unsigned char)(state >> 24);
		}
		if (round % 2 != 0)
			place.build_id_size %= MPROCI_BUILD_ID_SIZE + 1;
		ck_assert_int_lt(mproci_module_find(&place, &function), 0);
	}
}
END_TEST

int main(void)
{
	const TTest *tests[] = {
		function_of_the_program_is_found,
		function_of_a_library_is_found,
		what_is_no_function_has_no_place,
		function_that_the_kernel_provides_has_no_place,
		library_without_build_id_is_refused,
		build_id_of_no_bytes_is_none,
		notes_that_are_damaged_have_no_build_id,
		notes_that_end_in_the_midst_have_no_build_id,
		library_that_is_not_loaded_is_told_of,
		other_build_of_a_library_is_told_of,
		other_build_of_the_program_is_told_of,
		two_builds_of_one_file_name_are_told_apart,
		library_under_another_name_is_found,
		of_two_copies_the_one_with_the_name_is_found,
		long_file_name_keeps_its_end,
		offset_where_nothing_can_be_executed_is_refused,
		offset_outside_a_library_is_refused,
		place_with_no_possible_value_is_refused,
		place_of_random_bytes_is_refused,
		NULL,
	};
	const TTest *process_tests[] = {
		function_is_found_in_the_program_begun_anew,
		NULL,
	};
	const support_suite suite = {
		.name = "module",
		.tests = tests,
		.process_tests = process_tests,
		.setup = tree_create,
		.teardown = tree_remove,
	};

	return getenv(TASK) != NULL ? do_task() : support_run_suite(&suite);
}
