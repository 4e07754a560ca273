/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/check.h"

#include <string.h>
#include <unistd.h>

static const CheckProbe *const topics[] = {
	check_host_probes,
	check_ids_probes,
	check_files_probes,
	check_network_probes,
};

const char *check_status_name(CheckStatus status)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",
		[CHECK_REDUCED] = "reduced",
		[CHECK_FAILED] = "failed",
		[CHECK_SKIPPED] = "skipped",
	};

	return names[status];
}

bool check_no_concern(char **ret_text)
{
	if (geteuid() == 0)
		return false;
	*ret_text = g_strdup("of no concern to an ordinary user");
	return true;
}

static void finding_free(gpointer data)
{
	CheckFinding *finding = data;

	g_free(finding->text);
	hint_parts_clear(&finding->problem);
	g_free(finding);
}

/* The probe that is needed and did not get through, or NULL. */
static const CheckFinding *find_obstacle(const GPtrArray *findings, const char *needs)
{
	for (guint i = 0; needs && i < findings->len; i++) {
		const CheckFinding *finding = g_ptr_array_index(findings, i);

		if (strcmp(finding->probe, needs) == 0 && finding->status >= CHECK_FAILED)
			return finding;
	}
	return NULL;
}

static CheckFinding *probe_run(const CheckProbe *probe, const GPtrArray *findings)
{
	CheckFinding *finding = g_new0(CheckFinding, 1);
	const CheckFinding *obstacle = find_obstacle(findings, probe->needs);
	g_autoptr(GError) error = NULL;

	finding->probe = probe->name;
	finding->cost = probe->cost;
	if (obstacle) {
		finding->status = CHECK_SKIPPED;
		finding->problem.cause = g_strdup_printf("it needs '%s'", obstacle->probe);
		return finding;
	}
	finding->status = probe->run(&finding->text, &error);
	if (error) {
		hint_add_common(&error);
		finding->problem = hint_split(error->message);
	}
	return finding;
}

GPtrArray *check_run(void)
{
	GPtrArray *findings = g_ptr_array_new_with_free_func(finding_free);

	for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
		for (const CheckProbe *probe = topics[i]; probe->name; probe++)
			g_ptr_array_add(findings, probe_run(probe, findings));
	}
	return findings;
}
