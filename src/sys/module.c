/* SPDX-License-Identifier: MIT */
/*
 * What is loaded is read from the program headers, not asked of dlopen's family: those know nothing of a
 * program that is linked statically.
 *
 * While the loader's list is walked its lock is held, so the callbacks call nothing that could come back
 * to the loader: no error text, for that is thread-local memory, which the loader provides.
 */
#include "sys/module.h"

#include "base/error.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* How well a loaded file fits a place, the better the higher. */
typedef enum closeness {
	/* It has another name and another build id. */
	FIT_NONE,
	FIT_OTHER_BUILD,
	/* The same file under another name. */
	FIT_OTHER_NAME,
	FIT_FULL,
} closeness;

typedef struct module_search {
	/* Of the files that are still to come; the program itself is the first one. */
	bool is_next_program;
	/* What is sought: one of these two. */
	uintptr_t function;
	const mproci_place *wanted;
	/* The best file so far; nothing when @fit is FIT_NONE. */
	closeness fit;
	mproci_place found;
	/* What lies there, or 0. */
	uintptr_t found_function;
} module_search;

/* Whether one segment that allows @flags has all @size bytes at @offset. */
static bool has_range(const struct dl_phdr_info *file, uint32_t flags, uint64_t offset, uint64_t size)
{
	for (size_t i = 0; i < file->dlpi_phnum; ++i) {
		const ElfW(Phdr) *segment = &file->dlpi_phdr[i];
		/* Wraps when it lies before the segment. */
		uint64_t into = offset - segment->p_vaddr;

		if (segment->p_type == PT_LOAD && (segment->p_flags & flags) == flags
			&& into <= segment->p_memsz && size <= segment->p_memsz - into)
			return true;
	}
	return false;
}

static uint64_t offset_of(const struct dl_phdr_info *file, uintptr_t address)
{
	return (ElfW(Addr))address - file->dlpi_addr;
}

/* What the kernel puts into each process; it comes from no file. */
static bool is_vdso(const struct dl_phdr_info *file)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

	return vdso != 0 && has_range(file, PF_R, offset_of(file, vdso), 1);
}

static uint64_t round_up(uint64_t size, uint64_t unit)
{
	return (size + unit - 1) / unit * unit;
}

static bool is_build_id(ElfW(Nhdr) note, const char *name)
{
	return note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU
	       && memcmp(name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0;
}

/* Of an id that is longer, which only a user gives it by hand, the front. */
static void take_build_id(const char *id, size_t size, mproci_place *place)
{
	place->build_id_size = (uint8_t)(size < MPROCI_BUILD_ID_SIZE ? size : MPROCI_BUILD_ID_SIZE);
	memcpy(place->build_id, id, place->build_id_size);
}

static void search_notes(const char *notes, uint64_t size, uint64_t unit, mproci_place *place)
{
	ElfW(Nhdr) note;

	while (size >= sizeof note) {
		uint64_t start, end;

		memcpy(&note, notes, sizeof note);
		start = round_up(sizeof note + (uint64_t)note.n_namesz, unit);
		end = start + note.n_descsz;
		if (end > size)
			return;
		if (is_build_id(note, notes + sizeof note)) {
			take_build_id(notes + start, note.n_descsz, place);
			return;
		}
		end = round_up(end, unit);
		if (end >= size)
			return;
		notes += end;
		size -= end;
	}
}

static void read_build_id(const struct dl_phdr_info *file, mproci_place *place)
{
	place->build_id_size = 0;
	for (size_t i = 0; i < file->dlpi_phnum && place->build_id_size == 0; ++i) {
		const ElfW(Phdr) *segment = &file->dlpi_phdr[i];

		if (segment->p_type == PT_NOTE && has_range(file, PF_R, segment->p_vaddr, segment->p_memsz))
			search_notes((const char *)(uintptr_t)(file->dlpi_addr + segment->p_vaddr),
				segment->p_memsz, segment->p_align == 8 ? 8 : 4, place);
	}
}

static void take_name(const char *path, mproci_place *place)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t length = strlen(name);

	if (length >= sizeof place->module)
		name += length - (sizeof place->module - 1);
	memset(place->module, 0, sizeof place->module);
	memcpy(place->module, name, strlen(name));
}

/* Returns false for what is no file: another process need not have it, or have it alike. */
static bool describe(const struct dl_phdr_info *file, bool is_program, mproci_place *ret_place)
{
	if (!is_program && (file->dlpi_name == NULL || file->dlpi_name[0] == '\0' || is_vdso(file)))
		return false;
	*ret_place = (mproci_place){0};
	if (!is_program)
		take_name(file->dlpi_name, ret_place);
	read_build_id(file, ret_place);
	return true;
}

static int look_for_function(struct dl_phdr_info *file, size_t size, void *argument)
{
	module_search *search = argument;
	bool is_program = search->is_next_program;
	uint64_t offset = offset_of(file, search->function);

	(void)size;
	search->is_next_program = false;
	if (!has_range(file, PF_X, offset, 1) || !describe(file, is_program, &search->found))
		return 0;
	search->found.offset = offset;
	search->fit = FIT_FULL;
	return 1;
}

int mproci_module_place(uintptr_t function, mproci_place *ret_place)
{
	module_search search = {.is_next_program = true, .function = function};

	dl_iterate_phdr(look_for_function, &search);
	if (search.fit == FIT_NONE)
		return mproci_fail(-ENOENT, "function at %#llx: neither in the program nor in a library",
			(unsigned long long)function);
	if (search.found.build_id_size == 0 && search.found.module[0] != '\0')
		return mproci_fail(-ENOENT,
			"function at %#llx: its library \"%s\" has no build id: link that with --build-id, "
			"or "
			"register the function",
			(unsigned long long)function, search.found.module);
	*ret_place = search.found;
	return 0;
}

static closeness compare(const mproci_place *wanted, const mproci_place *found)
{
	bool has_name = strcmp(wanted->module, found->module) == 0;
	bool has_id = wanted->build_id_size == found->build_id_size
		      && memcmp(wanted->build_id, found->build_id, wanted->build_id_size) == 0;

	if (has_id && has_name)
		return FIT_FULL;
	/* No id is no sign. */
	if (has_id && wanted->build_id_size > 0)
		return FIT_OTHER_NAME;
	return has_name ? FIT_OTHER_BUILD : FIT_NONE;
}

static int look_for_place(struct dl_phdr_info *file, size_t size, void *argument)
{
	module_search *search = argument;
	bool is_program = search->is_next_program;
	uint64_t offset = search->wanted->offset;
	mproci_place found;
	closeness fit;

	(void)size;
	search->is_next_program = false;
	if (!describe(file, is_program, &found))
		return 0;
	fit = compare(search->wanted, &found);
	if (fit <= search->fit)
		return 0;
	search->fit = fit;
	search->found = found;
	search->found_function = has_range(file, PF_X, offset, 1) ? (uintptr_t)(file->dlpi_addr + offset) : 0;
	return fit == FIT_FULL;
}

/* @place may be anything. */
static int check(const mproci_place *place)
{
	if (memchr(place->module, '\0', sizeof place->module) == NULL)
		return mproci_fail(-ENOEXEC,
			"place of a function: the name of its library is longer than %d bytes",
			MPROCI_MODULE_NAME_SIZE - 1);
	if (place->build_id_size > MPROCI_BUILD_ID_SIZE)
		return mproci_fail(-ENOEXEC, "place of a function: a build id of %d bytes: %d are possible",
			place->build_id_size, MPROCI_BUILD_ID_SIZE);
	if (place->build_id_size == 0 && place->module[0] != '\0')
		return mproci_fail(-ENOEXEC,
			"place of a function: its library \"%s\" is given without a build id", place->module);
	return 0;
}

static const char *spell_id(const mproci_place *place, char text[2 * MPROCI_BUILD_ID_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t size = place->build_id_size;

	if (size == 0)
		return "none";
	for (size_t i = 0; i < size; ++i) {
		text[2 * i] = digits[place->build_id[i] >> 4];
		text[2 * i + 1] = digits[place->build_id[i] & 15];
	}
	text[2 * size] = '\0';
	return text;
}

static int fail_other_build(const mproci_place *wanted, const mproci_place *found)
{
	char wanted_id[2 * MPROCI_BUILD_ID_SIZE + 1], found_id[2 * MPROCI_BUILD_ID_SIZE + 1];

	if (wanted->module[0] == '\0')
		return mproci_fail(-ENOEXEC, "the program is another build here: its build id is %s, not %s",
			spell_id(found, found_id), spell_id(wanted, wanted_id));
	return mproci_fail(-ENOEXEC,
		"library \"%s\": another build is loaded here: its build id is %s, not %s", wanted->module,
		spell_id(found, found_id), spell_id(wanted, wanted_id));
}

int mproci_module_find(const mproci_place *place, uintptr_t *ret_function)
{
	module_search search = {.is_next_program = true, .wanted = place};
	int rc;

	rc = check(place);
	if (rc < 0)
		return rc;
	dl_iterate_phdr(look_for_place, &search);
	if (search.fit == FIT_NONE)
		return mproci_fail(-ENOENT,
			"library \"%s\": not loaded here: link the program with it, or load it before "
			"mproc_init",
			place->module);
	if (search.fit == FIT_OTHER_BUILD)
		return fail_other_build(place, &search.found);
	if (search.found_function == 0)
		return mproci_fail(-ENOEXEC, "%s%s%s: at offset %#llx is nothing that can be executed",
			place->module[0] == '\0' ? "the program" : "library \"", place->module,
			place->module[0] == '\0' ? "" : "\"", (unsigned long long)place->offset);
	*ret_function = search.found_function;
	return 0;
}
