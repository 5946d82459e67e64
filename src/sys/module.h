/* SPDX-License-Identifier: MIT */
/*
 * sys/module.h - where a function lies, said so that another process of the same program finds it: in
 * which loaded file, recognised by its build id, at which offset.
 */
#ifndef SYS_MODULE_H
#define SYS_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MPROCI_BUILD_ID_SIZE = 32,
	MPROCI_MODULE_NAME_SIZE = 64,
};

typedef struct mproci_place {
	/* The end of the file's path, for error texts; "" for the program itself. */
	char module[MPROCI_MODULE_NAME_SIZE];
	/*
	 * 0 when the file has none, which only the program itself may lack: it is the same file in any
	 * case.
	 */
	uint8_t build_id_size;
	uint8_t build_id[MPROCI_BUILD_ID_SIZE];
	/* From where the file is loaded. */
	uint64_t offset;
} mproci_place;

/*
 * Tell where a function of this process lies.  Returns 0; with an error text -ENOENT: in no loaded file,
 * or in a library that has no build id.
 */
int mproci_module_place(uintptr_t function, mproci_place *ret_place);

/*
 * Find the function that lies there in this process.  Nothing is loaded.  Returns 0; with an error text
 * -ENOENT: no such file is loaded here; -ENOEXEC: it is, but with another build id, or at @place is
 * nothing that can be executed.
 */
int mproci_module_find(const mproci_place *place, uintptr_t *ret_function);

#endif
