/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a target on files, without a fuzzer: those of the folder that is its argument.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LARGEST = 65536
};

/* Returns 0, or 1 when it cannot be read. */
static int replay(const char *folder, const char *name)
{
	static uint8_t data[LARGEST];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "re");
	if (file == NULL) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, sizeof data, file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	int count = 0, failed = 0;
	struct dirent *entry;

	if (folder == NULL) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		failed += replay(argv[1], entry->d_name);
		++count;
	}
	closedir(folder);
	printf("%d inputs\n", count);
	return failed > 0 || count == 0;
}
