/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc.conf. */
#include "cmd/run_config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(RunGiven));
	g_autoptr(GError) error = NULL;

	g_array_set_clear_func(given, (GDestroyNotify)run_given_clear);
	fuzz_told(run_config_parse(&run_table, "rlc.conf", text, given, &error), error);
	for (guint i = 0; i < given->len; i++) {
		const RunGiven *one = &g_array_index(given, RunGiven, i);

		g_assert_true(one->option && one->value && one->place);
	}
	return 0;
}
