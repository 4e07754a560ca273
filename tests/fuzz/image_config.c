/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations of images; health commands, too. */
#include <string.h>

#include "fuzz.h"
#include "image/manifest.h"

#define DIGEST "sha256:abababababababababababababababababababababababababababababababab"

/* What a configuration asks for is in the store's form afterwards, whole. */
static void check_stored(StoreImage *image)
{
	g_autoptr(GBytes) bytes = NULL, again = NULL;
	g_autoptr(StoreImage) read = NULL;
	g_autoptr(GError) error = NULL;
	size_t length;
	const void *data;

	image->index = g_strdup(DIGEST);
	image->manifest = g_strdup(DIGEST);
	image->config = g_strdup(DIGEST);
	bytes = store_image_serialize(image);
	data = g_bytes_get_data(bytes, &length);
	read = store_image_parse("x", data, length, &error);
	g_assert_no_error(error);
	again = store_image_serialize(read);
	g_assert_true(g_bytes_equal(bytes, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(StoreImage) image = store_image_new();
	g_autoptr(GError) error = NULL;
	guint layers = size > 0 && data[0] == ' ' ? 2 : 0;
	bool ok = manifest_read_config((const char *)data, size, layers, image, "fuzz", &error);
	fuzz_told(ok, error);
	if (!ok)
		return 0;
	for (guint i = 0; i < image->env->len; i++) {
		const char *variable = g_ptr_array_index(image->env, i);

		g_assert_true(!variable || (*variable != '=' && strchr(variable, '=')));
	}
	check_stored(image);
	return 0;
}
