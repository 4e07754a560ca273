/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of --env-file. */
#include <string.h>

#include "base/fd.h"
#include "cmd/run_table.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_fd fd = fuzz_file(data, size);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	RunGiven given = {.option = run_table_find(&run_table, "env-file"), .value = path};
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(RunGiven));
	g_auto(RunOptions) out = {0};
	RunParse parse = {.out = &out};
	g_autoptr(GError) error = NULL;

	g_array_append_val(all, given);
	run_options_init(&out);
	fuzz_told(run_table_apply(&parse, all, &error), error);
	for (guint i = 0; i < out.env->len; i++) {
		const char *variable = g_ptr_array_index(out.env, i);

		g_assert_true(*variable != '=' && strchr(variable, '='));
	}
	return 0;
}
