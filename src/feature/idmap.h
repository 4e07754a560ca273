/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The id map: which ids of the host the ids inside are.  See user_namespaces(7), newuidmap(1).
 *
 * Three tiers for an ordinary user, tried in this order until the kernel takes one: his own id and
 * his subordinate ranges through shadow's newuidmap and newgidmap; the same through rlc's own shim;
 * his own id alone, which needs nobody's help but denies setgroups(2).  Root writes any map
 * himself, or has no user namespace at all.
 *
 * root's --userns=auto takes a range of the subordinate ids of a user "containers" (or else of
 * root) that no other running container has, so that neither the host nor another container has an
 * id in common with it.
 */
#pragma once

#include "model/container.h"

/* newuidmap and newgidmap of one make; both NULL where one of them is missing. */
typedef struct {
	char *newuidmap, *newgidmap;
} IdmapPrograms;

/* All that the choice of a map depends on beside the Spec. */
typedef struct {
	uid_t uid;
	gid_t gid;
	char *name;		   /* of the user, for messages; or NULL */
	uint32_t pool_count;	   /* root's --userns=auto: ids of each map */
	GArray *subuids, *subgids; /* of SubidRange */
	IdmapPrograms shadow, shim;
} IdmapCaller;

/*
 * Fill plan->idmap, and set or clear CLONE_NEWUSER in plan->clone_flags.  Looks at the caller, at
 * subid_ranges() and for the programs; changes nothing.  Refuses what the caller may not map.
 */
bool idmap_plan(const Spec *spec, Plan *plan, GError **error);

/* The pure heart of idmap_plan(): append the tiers for this caller. Root is who has uid 0. */
bool idmap_plan_for(const IdmapCaller *caller, const Spec *spec, GPtrArray *ret_tiers,
		    GError **error);

/*
 * The choice of root's --userns=auto: a range of plan->idmap.pool_count ids for each map that none
 * of taken_uids and taken_gids (of SpecIdMap) overlaps, as the one tier of the array returned.
 * Pure. NULL with *error set when the pool is used up.
 */
GPtrArray *idmap_choose(const Plan *plan, const GArray *taken_uids, const GArray *taken_gids,
			GError **error);

/* An empty array of IdmapTier * that frees them. */
GPtrArray *idmap_tiers_new(void);

/*
 * supervisor, after clone: write the maps of container->init_pid by the first tier that the kernel
 * takes, set container->tier, and send SYNC_MAPPED.  A tier that fails is logged as a warning; the
 * error is the last tier's.
 */
bool idmap_parent(Container *container, GError **error);

/*
 * init, first of all: wait for SYNC_MAPPED, become root inside (the first id inside, where 0 is
 * not mapped) without supplementary groups, with all capabilities; then make sure to die with the
 * supervisor and to be closed to ptrace(2).
 */
bool idmap_child(Container *container, GError **error);

/* Who entered init's user namespace: become root of it, as init does. */
bool idmap_become_root(const Plan *plan, GError **error);

/* supervisor: the user namespace of init, whose map is written; or -1. */
int idmap_open_userns(const Container *container, GError **error);

/*
 * For --explain: comments, and the shell commands that write the first tier's map for the process
 * $pid, which waits in its new user namespace.
 */
void idmap_explain(const Plan *plan, GString *script);

/*
 * For `rlc check`: have containers of this caller more than one id, as far as the host's files say?
 * False with what is missing, and how to get it.
 */
bool idmap_check_ranges(GError **error);

/* Has this owner of a file an id inside? Where not, not even root inside may change the file. */
bool idmap_covers_owner(const IdmapTier *tier, uid_t uid, gid_t gid);
