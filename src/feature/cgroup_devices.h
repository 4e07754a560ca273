/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices the processes of a cgroup may open or make: a BPF program on it, which the kernel
 * asks (BPF_PROG_TYPE_CGROUP_DEVICE).  Only root may attach one.  What a payload cannot reach by a
 * node of its /dev it cannot open anyway; the program holds also where a node comes from elsewhere.
 */
#pragma once

#include <glib.h>
#include <linux/bpf.h>
#include <stdbool.h>

#include "model/plan.h"

/*
 * All rules, the later ones stronger: every node may be made (mknod); resources.devices; what is in
 * every /dev may be used; and the plan's devices.  closed: those of resources begin with one that
 * refuses everything, as an OCI caller's do, and come in front.  Of SpecDeviceRule; caller frees.
 */
GArray *cgroup_devices_rules(const SpecResources *asked, bool closed, const GArray *devices);

/* The program that applies the rules, of struct bpf_insn: the last that fits decides. */
GArray *cgroup_devices_program(const GArray *rules);

/* supervisor: attach the program to an open cgroup. */
bool cgroup_devices_attach(int cgroup, const GArray *rules, GError **error);
