/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/error.h"
#include "container/created.h"
#include "container/entered.h"
#include "container/join.h"
#include "container/scratch.h"
#include "container/state.h"
#include "container/steps.h"
#include "container/volumes_used.h"
#include "feature/cgroup.h"
#include "feature/devices.h"
#include "feature/exe_guard.h"
#include "feature/idmap.h"
#include "feature/lsm.h"
#include "feature/mounts.h"
#include "feature/names.h"
#include "feature/net.h"
#include "feature/net_publish.h"
#include "feature/process.h"
#include "feature/resctrl.h"
#include "feature/rootfs.h"
#include "feature/seccomp.h"
#include "feature/sysctl.h"
#include "feature/timens.h"
#include "feature/tty.h"
#include "feature/volume.h"

/*
 * In this order: idmap needs what is joined, names needs the network's addresses, rootfs the id
 * map.
 */
static const struct {
	const char *name;
	bool (*plan)(const Spec *spec, Plan *plan, GError **error);
	StepFor made_for;
} hooks[] = {
	{"join", join_plan, STEP_RLC},
	{"namespaces", entered_plan, STEP_OCI},
	{"idmap", idmap_plan, STEP_ALL},
	{"rootfs", rootfs_plan, STEP_ALL},
	{"scratch", scratch_plan, STEP_RLC},
	{"volumes", volume_plan, STEP_RLC},
	{"volumes", volumes_used_plan, STEP_RLC},
	{"mounts", mounts_plan, STEP_OCI},
	{"time", timens_plan, STEP_OCI},
	{"network", net_plan, STEP_ALL},
	{"publish", net_publish_plan, STEP_ALL},
	{"names", names_plan, STEP_RLC},
	{"sysctl", sysctl_plan, STEP_ALL},
	{"terminal", tty_plan, STEP_ALL},
	{"devices", devices_plan, STEP_RLC},
	{"cgroup", cgroup_plan, STEP_ALL},
	{"resctrl", resctrl_plan, STEP_OCI},
	{"security", lsm_plan, STEP_ALL},
	{"process", process_plan, STEP_ALL},
	{"seccomp", seccomp_plan, STEP_ALL},
	{"guard", exe_guard_plan, STEP_ALL},
};

char *plan_random_id(GError **error)
{
	uint8_t bytes[32];
	GString *id = NULL;

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
		error_errno(error, errno, "draw a random id");
		return NULL;
	}
	id = g_string_sized_new(2 * sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		g_string_append_printf(id, "%02x", bytes[i]);
	return g_string_free(id, FALSE);
}

static Plan *plan_begin(const Spec *spec)
{
	Plan *plan = g_new0(Plan, 1);

	plan->spec = spec;
	plan->clone_flags = spec->linux_.namespaces;
	plan->mounts = g_array_new(FALSE, FALSE, sizeof(PlanMount));
	g_array_set_clear_func(plan->mounts, volume_clear);
	plan->devices = g_array_new(FALSE, FALSE, sizeof(PlanDevice));
	g_array_set_clear_func(plan->devices, devices_clear);
	return plan;
}

static bool plan_run_hooks(Plan *plan, GError **error)
{
	const Spec *spec = plan->spec;

	for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++) {
		if (!steps_is_for(hooks[i].made_for, spec) || hooks[i].plan(spec, plan, error))
			continue;
		error_prefix(error, "%s: ", hooks[i].name);
		return false;
	}
	return true;
}

Plan *plan_new_for(const Spec *spec, const char *state_root, const char *id, GError **error)
{
	g_autoptr(Plan) plan = plan_begin(spec);

	plan->known = id != NULL;
	plan->id = id ? g_strdup(id) : plan_random_id(error);
	if (!plan->id || !state_plan(plan, state_root, error) || !plan_run_hooks(plan, error))
		return NULL;
	return g_steal_pointer(&plan);
}

Plan *plan_new_in(const Spec *spec, const char *root, const char *id, GError **error)
{
	g_autoptr(Plan) plan = plan_begin(spec);

	plan->id = g_strdup(id);
	plan->state_root = created_cache(root);
	plan->state_dir = g_build_filename(root, id, NULL);
	return plan_run_hooks(plan, error) ? g_steal_pointer(&plan) : NULL;
}

Plan *plan_new(const Spec *spec, const char *state_root, GError **error)
{
	return plan_new_for(spec, state_root, NULL, error);
}

void plan_free(Plan *plan)
{
	if (!plan)
		return;
	g_free(plan->id);
	g_clear_pointer(&plan->join, join_free);
	g_clear_pointer(&plan->enter, entered_free);
	g_clear_pointer(&plan->idmap.tiers, g_ptr_array_unref);
	g_clear_pointer(&plan->idmap.pool_uids, g_array_unref);
	g_clear_pointer(&plan->idmap.pool_gids, g_array_unref);
	free(plan->rootfs.path); /* realpath(3) allocated it */
	g_clear_pointer(&plan->mounts, g_array_unref);
	g_clear_pointer(&plan->devices, g_array_unref);
	cgroup_plan_clear(&plan->cgroup);
	g_clear_pointer(&plan->net.host_nameservers, g_ptr_array_unref);
	g_clear_pointer(&plan->net.publish, g_array_unref);
	g_free(plan->net.bridge);
	g_free(plan->net.resolv_conf);
	g_free(plan->names.hostname);
	g_free(plan->names.hosts);
	g_free(plan->state_root);
	g_free(plan->state_dir);
	g_free(plan->scratch);
	lsm_clear(&plan->label);
	g_free(plan->seccomp.code);
	g_free(plan);
}
