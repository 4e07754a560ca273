/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a name in the store. */
#include "fuzz.h"
#include "image/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL, none = NULL;
	g_autoptr(StoreImage) image = store_image_parse("x", data, size, &error), read = NULL;
	g_autoptr(GBytes) bytes = NULL, again = NULL;
	const void *written;
	size_t length;

	fuzz_told(image, error);
	if (!image)
		return 0;
	bytes = store_image_serialize(image);
	written = g_bytes_get_data(bytes, &length);
	read = store_image_parse("x", written, length, &none);
	g_assert_no_error(none);
	again = store_image_serialize(read);
	g_assert_true(g_bytes_equal(bytes, again));
	return 0;
}
