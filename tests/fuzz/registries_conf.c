/* SPDX-License-Identifier: GPL-2.0-or-later */
/* registries.conf, and where an image is then asked for. */
#include "fuzz.h"
#include "rlc-image/registries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"debian", "quay.io/a/b:1", "localhost:5000/x"};
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GPtrArray) entries = registries_new();
	g_autoptr(GError) error = NULL;
	bool ok = registries_parse(text, "fuzz", entries, &error);

	fuzz_told(ok, error);
	for (size_t i = 0; ok && i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) why = NULL;
		g_autoptr(Reference) reference = reference_parse(names[i], NULL);
		g_autoptr(GPtrArray) endpoints = registries_endpoints(entries, reference, &why);

		fuzz_told(endpoints, why);
	}
	return 0;
}
