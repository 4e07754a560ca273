/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

const bool library_is_static = false;

bool library_load(const char *library, const LibraryFunction *functions, size_t n, GError **error)
{
	void *handle = dlopen(library, RTLD_NOW);

	for (size_t i = 0; handle && i < n; i++) {
		void *found = dlsym(handle, functions[i].name);

		if (!found)
			handle = NULL;
		memcpy(functions[i].function, &found, sizeof found);
	}
	return handle || error_set(error, RLC_ERROR_UNSUPPORTED, "load %s: %s", library, dlerror());
}
