/* SPDX-License-Identifier: MIT */
/*
 * mproc/api.h - what every public header of mproc needs: linkage and visibility.
 */
#ifndef MPROC_API_H
#define MPROC_API_H

#ifdef __cplusplus
#define MPROC_BEGIN_DECLS extern "C" {
#define MPROC_END_DECLS   }
#else
#define MPROC_BEGIN_DECLS
#define MPROC_END_DECLS
#endif

#define MPROC_API __attribute__((visibility("default")))

#endif
