/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/error.h"
#include "container/join.h"
#include "container/scratch.h"
#include "container/state.h"
#include "container/volumes_used.h"
#include "feature/cgroup.h"
#include "feature/devices.h"
#include "feature/exe_guard.h"
#include "feature/idmap.h"
#include "feature/names.h"
#include "feature/net.h"
#include "feature/net_publish.h"
#include "feature/process.h"
#include "feature/rootfs.h"
#include "feature/seccomp.h"
#include "feature/tty.h"
#include "feature/volume.h"

/* In this order: idmap needs what is joined, names needs the network's addresses, rootfs the id
 * map. */
static const struct {
	const char *name;
	bool (*plan)(const Spec *spec, Plan *plan, GError **error);
} hooks[] = {
	{"join", join_plan},	   {"idmap", idmap_plan},	  {"rootfs", rootfs_plan},
	{"scratch", scratch_plan}, {"volumes", volume_plan},	  {"volumes", volumes_used_plan},
	{"network", net_plan},	   {"publish", net_publish_plan}, {"names", names_plan},
	{"terminal", tty_plan},	   {"devices", devices_plan},	  {"cgroup", cgroup_plan},
	{"process", process_plan}, {"seccomp", seccomp_plan},	  {"guard", exe_guard_plan},
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

Plan *plan_new_for(const Spec *spec, const char *state_root, const char *id, GError **error)
{
	g_autoptr(Plan) plan = g_new0(Plan, 1);

	plan->spec = spec;
	plan->clone_flags = spec->linux_.namespaces;
	plan->mounts = g_array_new(FALSE, FALSE, sizeof(PlanMount));
	g_array_set_clear_func(plan->mounts, volume_clear);
	plan->devices = g_array_new(FALSE, FALSE, sizeof(PlanDevice));
	g_array_set_clear_func(plan->devices, devices_clear);
	plan->known = id != NULL;
	plan->id = id ? g_strdup(id) : plan_random_id(error);
	if (!plan->id || !state_plan(plan, state_root, error))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++) {
		if (!hooks[i].plan(spec, plan, error)) {
			g_prefix_error(error, "%s: ", hooks[i].name);
			return NULL;
		}
	}
	return g_steal_pointer(&plan);
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
	g_free(plan->seccomp.code);
	g_free(plan);
}
