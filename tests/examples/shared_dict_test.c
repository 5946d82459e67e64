/* SPDX-License-Identifier: MIT */
/*
 * shared_dict counts what sort and uniq count, to the letter.
 */
#include "folder.h"
#include "refusal.h"
#include "source.h"

/* What the line in the program's head prints of @files. */
static char *count_by_shell(const char *files)
{
	static const char PIPE[] =
		"export LC_ALL=C; cat %s | tr -cs '[:alpha:]' '\\n' | tr A-Z a-z | sed '/^$/d' | sort"
		" | uniq -c | sort -k 1,1nr -k 2";
	char command[4096], *text = NULL;
	size_t size = 0, read;
	char buffer[4096];
	FILE *output, *copy = open_memstream(&text, &size);

	snprintf(command, sizeof command, PIPE, files);
	output = popen(command, "re");
	ck_assert_ptr_nonnull(output);
	while ((read = fread(buffer, 1, sizeof buffer, output)) > 0)
		ck_assert_uint_eq(fwrite(buffer, 1, read, copy), read);
	ck_assert_int_eq(pclose(output), 0);
	ck_assert_int_eq(fclose(copy), 0);
	return text;
}

static void expect_counts(const char *options, const char *files, const char *counts)
{
	char command[512];
	struct program run;

	snprintf(command, sizeof command, "examples/shared_dict %s%s", options, files);
	run = run_program(command);
	ck_assert_msg(run.status == 0, "%s: exit code %d: %.999s", command, run.status, run.error);
	ck_assert_str_eq(run.error, "");
	ck_assert_str_eq(run.output, counts);
	forget_program(&run);
}

static void expect_counts_of_shell(const char *options, const char *files)
{
	char *counts = count_by_shell(files);

	expect_counts(options, files, counts);
	free(counts);
}

/* Files in the scratch folder, which is where the programs run. */
static void expect_text(const char *text, size_t size, const char *counts)
{
	put_file(".", "text", text, size);
	expect_counts("--workers 2 ", "text", counts);
	ck_assert_int_eq(unlink("text"), 0);
}

static void put_source(const char *path_in_repository, const char *name)
{
	char *text = read_source(path_in_repository);

	put_text(".", name, text);
	free(text);
}

START_TEST(real_texts_are_counted_as_by_sort_and_uniq)
{
	put_source("README.md", "README.md");
	put_source("ARCHITECTURE.md", "two");
	put_source("CONTRIBUTING.md", "three");
	expect_counts_of_shell("", "README.md two three");
	expect_counts_of_shell("--workers 1 ", "README.md two three");
	expect_counts_of_shell("--workers 7 ", "README.md three");
	for (int i = 0; i < 3; ++i)
		ck_assert_int_eq(unlink((const char *[]){"README.md", "two", "three"}[i]), 0);
}
END_TEST

START_TEST(readme_is_counted_when_no_file_is_named)
{
	expect_refusal("examples/shared_dict", "shared_dict: README.md: No such file or directory\n");
	put_text(".", "README.md", "Read me.\n");
	expect_counts("", "", "      1 me\n      1 read\n");
	ck_assert_int_eq(unlink("README.md"), 0);
}
END_TEST

/* Pieces have 4096 bytes: they end behind, in front of and amid words, and some words have several. */
START_TEST(words_at_the_ends_of_pieces_are_counted_once)
{
	enum {
		size = 300000
	};
	char *text = malloc(size);
	size_t at = 0;

	ck_assert_ptr_nonnull(text);
	for (size_t length = 1; at + length + 1 < size; length += length < 600 ? 1 : 5000) {
		memset(text + at, (int)('a' + length % 26), length);
		at += length;
		text[at++] = " \n,"[length % 3];
	}
	put_file(".", "text", text, at);
	free(text);
	expect_counts_of_shell("--workers 4 ", "text");
	ck_assert_int_eq(unlink("text"), 0);
}
END_TEST

START_TEST(odd_texts_are_counted_right)
{
	expect_text("", 0, "");
	expect_text("\n", 1, "");
	expect_text("12 + 30 = 42\n", 13, "");
	expect_text("a", 1, "      1 a\n");
	expect_text("b a A c", 7, "      2 a\n      1 b\n      1 c\n");
	expect_text("ab\0ab\0", 6, "      2 ab\n");
	expect_text("\xc3\xa4hnlich", 8, "      1 hnlich\n");
}
END_TEST

START_TEST(a_word_ends_with_its_file)
{
	put_text(".", "one", "sun");
	put_text(".", "two", "flower");
	expect_counts("", "one two", "      1 flower\n      1 sun\n");
	ck_assert_int_eq(unlink("one"), 0);
	ck_assert_int_eq(unlink("two"), 0);
}
END_TEST

START_TEST(top_prints_the_most_frequent)
{
	put_text(".", "text", "one two two three three three four four four four\n");
	expect_counts("--top 2 ", "text", "      4 four\n      3 three\n");
	expect_counts("--top 9 ", "text", "      4 four\n      3 three\n      2 two\n      1 one\n");
	ck_assert_int_eq(unlink("text"), 0);
}
END_TEST

/* Words that are all different, more than the memory takes. */
static void put_many_words(void)
{
	enum {
		WORDS = 1000000,
		LETTERS = 5
	};
	char *text = malloc((LETTERS + 1) * (size_t)WORDS), *next = text;

	ck_assert_ptr_nonnull(text);
	for (int word = 0; word < WORDS; ++word) {
		for (int letter = 0, rest = word; letter < LETTERS; ++letter, rest /= 26)
			*next++ = (char)('a' + rest % 26);
		*next++ = '\n';
	}
	put_file(".", "text", text, (size_t)(next - text));
	free(text);
}

START_TEST(what_was_not_counted_whole_is_not_printed)
{
	put_many_words();
	ck_assert_int_eq(setenv("MPROC_ARENA_SIZE", "16M", 1), 0);
	expect_complaint("examples/shared_dict text", 1, " (Cannot allocate memory)");
	unsetenv("MPROC_ARENA_SIZE");
	ck_assert_int_eq(unlink("text"), 0);
}
END_TEST

START_TEST(mistakes_on_the_command_line_are_refused)
{
	expect_refusal("examples/shared_dict nothing", "shared_dict: nothing: No such file or directory\n");
	expect_refusal("examples/shared_dict .", "shared_dict: .: Is a directory\n");
	expect_refusal("examples/shared_dict --top x", "--top x: must be a whole number from 0 to ");
	expect_refusal("examples/shared_dict --workers 1025",
		"--workers 1025: must be a whole number from 0 to 1024\n");
	expect_help("examples/shared_dict --help",
		(const char *[]){"usage: shared_dict [OPTION]... [FILE]...\n", "--top", "--workers", NULL});
}
END_TEST

static void enter_scratch(void)
{
	make_scratch();
	ck_assert_int_eq(chdir(scratch), 0);
}

int main(void)
{
	const TTest *process_tests[] = {
		real_texts_are_counted_as_by_sort_and_uniq,
		readme_is_counted_when_no_file_is_named,
		words_at_the_ends_of_pieces_are_counted_once,
		odd_texts_are_counted_right,
		a_word_ends_with_its_file,
		top_prints_the_most_frequent,
		what_was_not_counted_whole_is_not_printed,
		mistakes_on_the_command_line_are_refused,
		NULL,
	};
	const support_suite suite = {
		.name = "shared_dict",
		.process_tests = process_tests,
		.setup = enter_scratch,
		.teardown = remove_scratch,
	};

	return support_run_suite(&suite);
}
