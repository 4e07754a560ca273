/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's record: its Spec and its status. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GError) error = NULL, wrong = NULL;
	g_autoptr(Spec) spec = record_parse_spec(text, &error);
	g_auto(Status) status = {0};

	fuzz_told(spec, error);
	if (spec)
		fuzz_spec_is_recorded(spec);
	fuzz_told(record_parse_status(text, &status, &wrong), wrong);
	if (!wrong) {
		g_autofree char *written = record_format_status(&status);

		g_assert_nonnull(written);
	}
	return 0;
}
