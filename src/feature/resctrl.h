/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares of the processor's caches and of memory bandwidth: linux.intelRdt of the OCI, by the
 * file system resctrl (the kernel's Documentation/arch/x86/resctrl.rst).  A class of service is a
 * directory there; in it may be one more, below mon_groups, for the counters of one container.
 */
#pragma once

#include "model/container.h"

/* Is it fit for closID? "/" is the class of all that are in no other. */
bool resctrl_check_class(const char *name);

/* Refuse what this host has no resctrl for. */
bool resctrl_plan(const Spec *spec, Plan *plan, GError **error);

/* create: the class is there, and the container's init in it. */
bool resctrl_parent(Container *container, GError **error);

/*
 * For later verbs, by the record in the container's directory.  join: this process is where the
 * container is, and so are its children; release: what was made for it goes, but a class that has
 * others in it.  Both do nothing for a container without.
 */
bool resctrl_join(int dir, GError **error);
bool resctrl_release(int dir, GError **error);

/* update: other shares for the container's class. */
bool resctrl_change(int dir, const SpecRdt *asked, GError **error);

/* Of one domain, a cache of the last level and the memory behind it; bytes */
typedef struct {
	uint64_t occupancy, total, local;
} ResctrlCounters;

/* What a container may take, and what it takes. */
typedef struct {
	char *l3, *bandwidth;		/* lines of its class: "L3:0=7f0"; or NULL */
	char *root_l3, *root_bandwidth; /* the same of the root's class */
	GArray *counters; /* of ResctrlCounters, a domain each; none if they are others', too */
} ResctrlUsage;

void resctrl_usage_clear(ResctrlUsage *usage);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ResctrlUsage, resctrl_usage_clear)

/* events: false if the container is in no class of its own choice. */
bool resctrl_usage(int dir, ResctrlUsage *ret_usage);

/* The same with the root of the file system open. */
bool resctrl_enter_at(int root, const SpecRdt *asked, const char *id, int dir, pid_t pid,
		      GError **error);
bool resctrl_join_at(int root, int dir, pid_t pid, GError **error);
bool resctrl_release_at(int root, int dir, GError **error);
bool resctrl_usage_at(int root, int dir, ResctrlUsage *ret_usage);
bool resctrl_change_at(int root, int dir, const SpecRdt *asked, GError **error);
