/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests and indexes of images. */
#include "fuzz.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL, none = NULL;
	Platform platform = {"linux", "amd64", NULL};
	g_autoptr(Manifest) manifest =
		manifest_parse((const char *)data, size, NULL, "fuzz", &error);

	fuzz_told(manifest, error);
	if (manifest && manifest->is_index) {
		const IndexEntry *entry = manifest_choose(manifest, &platform, "fuzz", &none);

		fuzz_told(entry, none);
	} else if (manifest) {
		g_autofree char *text = manifest_write(&manifest->config, manifest->layers);

		g_assert_cmpuint(manifest->layers->len, <=, MANIFEST_LAYERS_MAX);
		g_assert_nonnull(text);
	}
	return 0;
}
