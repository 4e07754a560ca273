/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_libslirp.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"
#include "base/hint.h"

#define LIBRARY "libslirp.so.0"

NetLibslirp net_libslirp;

static bool find_function(void *library, const char *name, void *ret_function)
{
	void *found = dlsym(library, name);

	memcpy(ret_function, &found, sizeof found);
	return found;
}

bool net_libslirp_load(GError **error)
{
	NetLibslirp *slirp = &net_libslirp;
	void *library = dlopen(LIBRARY, RTLD_NOW);

	if (library && find_function(library, "slirp_new", &slirp->new) &&
	    find_function(library, "slirp_input", &slirp->input) &&
	    find_function(library, "slirp_pollfds_fill", &slirp->pollfds_fill) &&
	    find_function(library, "slirp_pollfds_poll", &slirp->pollfds_poll) &&
	    find_function(library, "slirp_add_hostxfwd", &slirp->add_hostxfwd) &&
	    find_function(library, "slirp_add_unix", &slirp->add_unix))
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "load %s: %s", LIBRARY, dlerror());
	return hint_add(error, HINT_SLIRP_MISSING, NULL);
}
