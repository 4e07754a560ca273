/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "container/control.h"
#include "container/created.h"
#include "container/init.h"
#include "container/join.h"
#include "container/pidfile.h"
#include "container/run.h"
#include "container/scratch.h"
#include "container/state.h"
#include "container/streams.h"
#include "container/unpacked.h"
#include "container/volumes_used.h"
#include "feature/cgroup.h"
#include "feature/dev.h"
#include "feature/devices.h"
#include "feature/gate.h"
#include "feature/hooks.h"
#include "feature/idmap.h"
#include "feature/lsm.h"
#include "feature/mounts.h"
#include "feature/mounts_shift.h"
#include "feature/names.h"
#include "feature/net.h"
#include "feature/net_devices.h"
#include "feature/nodes.h"
#include "feature/proc.h"
#include "feature/process.h"
#include "feature/resctrl.h"
#include "feature/rootfs.h"
#include "feature/sys.h"
#include "feature/sysctl.h"
#include "feature/timens.h"
#include "feature/tty.h"
#include "feature/volume.h"
#include "image/builtin.h"
#include "kernel/sync.h"

/* clang-format off */

#define ALL STEP_ALL
#define RLC STEP_RLC /* a container of rlc's own commands: steps.h */
#define OCI STEP_OCI

/* The supervisor, or an OCI runtime's create: everything that needs the host. */
const Step parent_steps[] = {
	{"state",      RLC, state_parent,       state_explain},       /* say on disk that it exists */
	{"image",      RLC, unpacked_parent,    unpacked_explain},    /* its files, if it is built in */
	{"scratch",    RLC, scratch_parent,     scratch_explain},     /* a disk for what is written, if not memory */
	{"volumes",    RLC, volumes_used_parent,volumes_used_explain}, /* make those that are missing */
	{"control",    RLC, control_parent,     NULL},                /* where other commands reach it */
	{"gate",       OCI, gate_parent,        NULL},                /* where it will wait for its start */
	{"streams",    RLC, streams_parent,     NULL},                /* of a detached container: the log */
	{"cgroup",     ALL, cgroup_parent,      cgroup_explain},      /* what its limits hold, if any */
	{"clone",      ALL, run_clone,          run_clone_explain},   /* init, in new namespaces */
	{"record",     OCI, created_parent,     NULL},                /* say on disk who it is */
	{"cgroup-v1",  OCI, cgroup_enter,       NULL},                /* on a host of version 1 */
	{"resctrl",    OCI, resctrl_parent,     NULL},                /* its share of caches */
	{"offer",      RLC, join_offer,         NULL},                /* its namespaces, for others to join */
	{"idmap",      ALL, idmap_parent,       idmap_explain},       /* who is who inside */
	{"rootfs",     ALL, rootfs_parent,      rootfs_parent_explain}, /* root's files, by init's ids */
	{"share",      RLC, join_send_shm,      NULL},                /* /dev/shm of another container */
	{"shift",      RLC, volume_parent,      NULL},                /* volumes, by init's ids */
	{"shift",      OCI, mounts_shift_parent,NULL},                /* mounts that have an id map */
	{"network",    ALL, net_parent,         net_parent_explain},  /* the net process on init's tap, or a bridge */
	{"netdevices", OCI, net_devices_parent, NULL},                /* the host's, moved inside */
	{"hooks",      OCI, hooks_parent,       NULL},                /* the caller's programs, while the host is in sight */
	{"terminal",   ALL, tty_parent,         NULL},                /* the master of init's pty */
	{"limits",     ALL, cgroup_limit,       cgroup_limit_explain},
	{"cidfile",    RLC, state_write_cidfile,NULL},
	{"pidfile",    RLC, pidfile_parent,     NULL},
	{"start",      RLC, run_start,          NULL},                /* init is ready: let it exec */
	{"created",    OCI, gate_created,       NULL},                /* init is ready: let it wait */
	{NULL, ALL, NULL, NULL},
};

/* init: everything that happens inside. Up to "pivot" the host's files are still in sight. */
const Step child_steps[] = {
	{"offer",      RLC, join_offer_child,   NULL},                /* its namespaces, if nobody can see them */
	{"oom-score",  RLC, process_set_oom_score,NULL},              /* while /proc/self is its own */
	{"idmap",      ALL, idmap_child,        NULL},                /* become root of the namespace */
	{"sources",    RLC, volume_child_sources,NULL},               /* open what is bound, once */
	{"time",       OCI, timens_child,       NULL},                /* clocks of its own */
	{"label",      ALL, lsm_child,          lsm_explain},         /* SELinux's, of all that it mounts */
	{"private",    ALL, rootfs_private,     rootfs_private_explain},
	{"rootfs",     ALL, rootfs_child,       rootfs_explain},      /* stack the new root on the old */
	{"image",      RLC, builtin_child,      builtin_explain},     /* fill it, if nothing is there */
	{"keep",       RLC, rootfs_keep,        rootfs_keep_explain}, /* what is written over it, on a disk */
	{"network",    ALL, net_child,          net_explain},         /* lo, and a tap for the net process */
	{"netdevices", OCI, net_devices_child,  NULL},                /* lend a socket to move the host's */
	{"proc",       RLC, proc_child,         proc_explain},
	{"sys",        RLC, sys_child,          sys_explain},
	{"dev",        RLC, dev_child,          dev_explain},
	{"devices",    RLC, devices_child,      devices_explain},     /* more of the host's */
	{"names",      RLC, names_child,        names_explain},       /* hostname, /etc/hosts, resolv.conf */
	{"hostname",   OCI, names_child_oci,    NULL},
	{"volumes",    RLC, volume_child,       volume_explain},
	{"mounts",     OCI, mounts_child,       NULL},                /* /proc, /sys, /dev and all else */
	{"nodes",      OCI, nodes_child,        NULL},
	{"sysctl",     ALL, sysctl_child,       sysctl_explain},      /* of its namespaces */
	{"hooks",      OCI, hooks_child,        NULL},
	{"masks",      ALL, proc_mask,          proc_mask_explain},   /* hide what /proc and /sys reveal */
	{"pivot",      ALL, rootfs_pivot,       rootfs_pivot_explain}, /* the host is gone */
	{"terminal",   ALL, tty_child,          NULL},                /* a pty of its own */
	{"network-up", ALL, net_child_wait,     NULL},                /* no payload before it can ping */
	{"ready",      RLC, run_ready,          NULL},
	{"gate",       OCI, gate_take,          NULL},
	{"process",    ALL, init_run_payload,   init_explain},        /* user, limits, capabilities, exec */
	{NULL, ALL, NULL, NULL},
};

bool steps_is_for(StepFor made_for, const Spec *spec)
{
	return made_for == STEP_ALL || (made_for == STEP_OCI) == spec->rlc.oci;
}

/* clang-format on */

#ifdef RLC_FAULTS
/* The test build: RLC_FAULT=parent:NAME or child:NAME fails that step; RLC_FAULT=list lists all. */
static void steps_list(const char *process, const Step *steps, const Spec *spec)
{
	for (; steps->name; steps++) {
		if (steps_is_for(steps->made_for, spec))
			printf("%s:%s\n", process, steps->name);
	}
}

static bool steps_fault(const char *process, const Step *step, const Spec *spec, GError **error)
{
	const char *fault = g_getenv("RLC_FAULT");
	g_autofree char *here = g_strdup_printf("%s:%s", process, step->name);

	if (g_strcmp0(fault, "list") == 0) {
		steps_list("parent", parent_steps, spec);
		steps_list("child", child_steps, spec);
		exit(0);
	}
	return g_strcmp0(fault, here) != 0 ||
	       error_errno(error, EIO, "inject a fault in '%s'", here);
}
#else
static inline bool steps_fault(const char *process, const Step *step, const Spec *spec,
			       GError **error)
{
	(void)spec;
	(void)process;
	(void)step;
	(void)error;
	return true;
}
#endif

static void steps_add_time(GString *timing, const char *process, const Step *step, gint64 since)
{
	g_string_append_printf(timing, "rlc: timing: %-10s %-10s %8.3f ms\n", process, step->name,
			       (double)(g_get_monotonic_time() - since) / 1000.0);
}

/* init's last step ends in exec, so the times are printed before it. */
static void steps_print_times(GString *timing)
{
	fputs(timing->str, stderr);
	g_string_truncate(timing, 0);
}

/* Name the step, unless the other process failed first and named its own. */
static bool steps_failed(const Step *step, Container *container, GError **error)
{
	Sync *sync = container->sync;

	if (!sync || (!sync->peer_failed && !sync_last_words(sync, error)))
		error_prefix(error, "%s: ", step->name);
	return false;
}

bool steps_run(const Step *steps, Container *container, GError **error)
{
	const char *process = steps == parent_steps ? "parent" : "child";
	g_autoptr(GString) timing = g_string_new(NULL);
	bool timed = container->plan->spec->rlc.timing;

	for (const Step *step = steps; step->name; step++) {
		gint64 since = g_get_monotonic_time();

		if (!steps_is_for(step->made_for, container->plan->spec))
			continue;
		log_debug("%s: %s", process, step->name);
		if (timed && !step[1].name)
			steps_print_times(timing);
		if (!steps_fault(process, step, container->plan->spec, error) ||
		    !step->run(container, error))
			return steps_failed(step, container, error);
		if (timed)
			steps_add_time(timing, process, step, since);
	}
	if (timed)
		steps_print_times(timing);
	return true;
}
