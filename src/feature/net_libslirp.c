/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_libslirp.h"

#include "base/hint.h"
#include "base/library.h"

#define LIBRARY "libslirp.so.0"

NetLibslirp net_libslirp;

static const LibraryFunction functions[] = {
	{"slirp_new", &net_libslirp.new},
	{"slirp_input", &net_libslirp.input},
	{"slirp_pollfds_fill", &net_libslirp.pollfds_fill},
	{"slirp_pollfds_poll", &net_libslirp.pollfds_poll},
	{"slirp_add_hostxfwd", &net_libslirp.add_hostxfwd},
	{"slirp_add_unix", &net_libslirp.add_unix},
};

bool net_libslirp_load(GError **error)
{
	return library_load(LIBRARY, functions, G_N_ELEMENTS(functions), error) ||
	       hint_add(error, HINT_SLIRP_MISSING, NULL);
}
