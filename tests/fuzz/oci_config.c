/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.json of an OCI bundle. */
#include "fuzz.h"
#include "oci/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_auto(FieldDocument) document = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = NULL;

	if (field_parse("config.json", fuzz_text(data, size), &document, &error))
		spec = config_read(&document, &error);
	fuzz_told(spec, error);
	if (spec)
		fuzz_spec_is_recorded(spec);
	return 0;
}
