/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of rlc run: a line each, NAME=VALUE. */
#include <string.h>

#include "cmd/run_table.h"
#include "fuzz.h"

/* What opens a file that the value names, or looks at this host. */
static bool is_left_out(const char *line)
{
	return g_str_has_prefix(line, "env-file") || g_str_has_prefix(line, "help") ||
	       g_str_has_prefix(line, "security-opt=seccomp");
}

static void run_words(char **words, int count)
{
	g_auto(RunOptions) out = {0};
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) masked = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) unmasked = g_ptr_array_new_with_free_func(g_free);
	RunParse parse = {.out = &out, .env = env, .masked = masked, .unmasked = unmasked};
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) given = run_table_read(&run_table, count, words, &error);

	fuzz_told(given, error);
	if (!given)
		return;
	run_options_init(&out);
	parse.spec = out.spec;
	fuzz_told(run_table_apply(&parse, given, &error), error);
	if (!error)
		fuzz_spec_is_recorded(parse.spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(words, g_strdup("run"));
	for (char **line = lines; *line; line++) {
		if (**line && !is_left_out(*line))
			g_ptr_array_add(words, g_strconcat("--", *line, NULL));
	}
	g_ptr_array_add(words, NULL);
	run_words((char **)words->pdata, (int)words->len - 1);
	return 0;
}
