/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/library.h, for the rlc of one static file: it cannot load any library, but it has one. */
#include "base/library.h"

#include <slirp/libslirp.h>
#include <string.h>

#include "base/error.h"

const bool library_is_static = true;

typedef void (*Function)(void);

static const struct {
	const char *name;
	Function function;
} built_in[] = {
	{"slirp_new", (Function)slirp_new},
	{"slirp_input", (Function)slirp_input},
	{"slirp_pollfds_fill", (Function)slirp_pollfds_fill},
	{"slirp_pollfds_poll", (Function)slirp_pollfds_poll},
	{"slirp_add_hostxfwd", (Function)slirp_add_hostxfwd},
	{"slirp_add_unix", (Function)slirp_add_unix},
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
