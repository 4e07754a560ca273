/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the image, and where it is fetched from. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"

static bool set_pull(RunParse *parse, const char *value, GError **error)
{
	static const char *const policies[] = {
		[PULL_MISSING] = "missing",
		[PULL_ALWAYS] = "always",
		[PULL_NEVER] = "never",
		[PULL_NEWER] = "newer",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		if (strcmp(policies[i], value) == 0) {
			parse->out->pull = (RunPull)i;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_USAGE, "not one of missing, always, never, newer");
}

static bool set_platform(RunParse *parse, const char *value, GError **error)
{
	if (strchr(value, '/') == NULL || *value == '/' || g_str_has_suffix(value, "/"))
		return error_set(error, RLC_ERROR_USAGE, "not of the form OS/ARCH[/VARIANT]");
	return run_value_replace(&parse->out->platform, value);
}

static bool set_store(RunParse *parse, const char *value, GError **error)
{
	(void)parse;
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return g_setenv("RLC_STORE", value, TRUE);
}

static const RunOption rows[] = {
	{"pull", 0, OPTION_ONCE, set_pull, "WHEN",
	 "fetch the image: missing (default), always, never or newer"},
	{"platform", 0, OPTION_ONCE, set_platform, "OS/ARCH[/VARIANT]",
	 "of an image for several platforms, take this one"},
	{"store", 0, OPTION_ONCE, set_store, "DIR", "where images are kept"},
};

const RunGroup run_fetch_group = {"Image", rows, G_N_ELEMENTS(rows)};
