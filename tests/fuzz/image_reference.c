/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of images. */
#include "fuzz.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size), *name = NULL, *brief = NULL, *again = NULL;
	g_autoptr(GError) error = NULL, none = NULL;
	g_autoptr(Reference) reference = reference_parse(text, &error), read = NULL;

	fuzz_told(reference, error);
	if (!reference || reference->transport != TRANSPORT_DOCKER)
		return 0;
	name = reference_name(reference);
	g_assert_cmpuint(strlen(name), <=, 255);
	brief = reference_short_name(name);
	read = reference_parse(brief, &none);
	g_assert_no_error(none);
	again = reference_name(read);
	g_assert_cmpstr(again, ==, name);
	return 0;
}
