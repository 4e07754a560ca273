/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc check: which ids a container has. */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "check/check.h"
#include "check/trial.h"
#include "feature/idmap.h"

/* How many ids the lines of a uid_map(5) give. */
static guint64 count_ids(const char *map)
{
	g_auto(GStrv) lines = g_strsplit(map, "\n", -1);
	guint64 count = 0;

	for (char **line = lines; *line; line++) {
		const char *last = strrchr(*line, ' ');

		if (last)
			count += g_ascii_strtoull(last + 1, NULL, 10);
	}
	return count;
}

/* What rlc warned of on its way to a lesser map, if it did. */
static void take_warning(const Trial *trial, GError **error)
{
	g_auto(HintParts) parts = hint_split(trial->messages);

	if (parts.code && error)
		*error = g_error_new(RLC_ERROR, RLC_ERROR_UNSUPPORTED,
				     "%s [%s]\n  why: %s\n  fix: %s", parts.cause, parts.code,
				     parts.why, parts.fix);
	else
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "map ids: the container has one id alone: %s", trial->messages);
}

static CheckStatus probe_ids(char **ret_text, GError **error)
{
	static const char *const command[] = {"cat", "/proc/self/uid_map", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};
	guint64 count;

	if (!trial_run(spec, command, &trial, error))
		return CHECK_FAILED;
	if (!idmap_check_ranges(error))
		return CHECK_REDUCED;
	count = count_ids(trial.output);
	if (count <= 1) {
		take_warning(&trial, error);
		return CHECK_REDUCED;
	}
	*ret_text = geteuid() == 0
			    ? g_strdup("root's containers have the host's ids")
			    : g_strdup_printf("containers have %" G_GUINT64_FORMAT " ids", count);
	return CHECK_OK;
}

static CheckStatus probe_pool(char **ret_text, GError **error)
{
	static const char *const command[] = {"true", NULL};
	g_autoptr(Spec) spec = NULL;
	g_auto(Trial) trial = {0};

	if (check_no_concern(ret_text))
		return CHECK_OK;
	spec = trial_spec();
	spec->rlc.userns = USERNS_AUTO;
	if (!trial_run(spec, command, &trial, error))
		return CHECK_REDUCED;
	*ret_text = g_strdup("a container had ids of its own");
	return CHECK_OK;
}

const CheckProbe check_ids_probes[] = {
	{"ids", "container", "programs that change users, and files of others in images, fail",
	 probe_ids},
	{"userns-auto", "container", "--userns=auto fails", probe_pool},
	{0},
};
