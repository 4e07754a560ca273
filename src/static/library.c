/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/library.h, for the rlc of one static file: it cannot load any library, but it has one. */
#include "base/library.h"

#include <slirp/libslirp.h>
#include <string.h>

#include "base/error.h"

const bool library_is_static = true;

static const struct {
	const char *name;
	void (*function)(void);
} built_in[] = {
#define FUNCTION(name)                                                                             \
	{                                                                                          \
#name, (void (*)(void))name                                                        \
	}
	FUNCTION(slirp_new),	      FUNCTION(slirp_input),	    FUNCTION(slirp_pollfds_fill),
	FUNCTION(slirp_pollfds_poll), FUNCTION(slirp_add_hostxfwd), FUNCTION(slirp_add_unix),
#undef FUNCTION
};

static bool find(const LibraryFunction *wanted)
{
	for (size_t i = 0; i < G_N_ELEMENTS(built_in); i++) {
		if (strcmp(built_in[i].name, wanted->name) != 0)
			continue;
		memcpy(wanted->function, &built_in[i].function, sizeof built_in[i].function);
		return true;
	}
	return false;
}

bool library_load(const char *library, const LibraryFunction *functions, size_t n, GError **error)
{
	for (size_t i = 0; i < n; i++) {
		if (!find(&functions[i]))
			return error_set(error, RLC_ERROR_UNSUPPORTED,
					 "load %s: this rlc is a static program", library);
	}
	return true;
}
