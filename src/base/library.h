/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded by those who need them, when they do, so that no other start pays for
 * them and hosts without them have all the rest.  An rlc of one static file (ci/static) has
 * src/static/library.c instead of library.c: libslirp is part of it, and others are not to be had.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *name;
	void *function; /* the pointer to a function that gets its address */
} LibraryFunction;

/*
 * Load a library, by its soname, and find n functions in it.  It stays loaded as long as the
 * process lives.  RLC_ERROR_UNSUPPORTED where it is missing, or lacks one of them.
 */
bool library_load(const char *library, const LibraryFunction *functions, size_t n, GError **error);

/* Is this rlc such a file? */
extern const bool library_is_static;
