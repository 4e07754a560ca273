/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The container's cgroup (version 2), from the plan to its end.
 *
 * One is made if a limit needs it, and for a detached container also if it can be had.  One in the
 * foreground without limits goes without: neither a directory nor a talk with systemd is on the way
 * to it.
 */
#pragma once

#include "model/container.h"

/*
 * File of the container's state, of three lines: the directory of its cgroup; the unit of its
 * scope; where its supervisor stepped aside to.  "-" stands for none.  Of version 1 the first is
 * "v1:PATH".
 */
#define CGROUP_RECORD "cgroup"

/* Fill plan->cgroup, or refuse what was asked for. Needs plan->devices. */
bool cgroup_plan(const Spec *spec, Plan *plan, GError **error);
void cgroup_plan_clear(CgroupPlan *plan);

/*
 * supervisor, before clone: make it and open it as container->cgroup, where the plan has one.  What
 * is to be removed again is on record before.
 */
bool cgroup_parent(Container *container, GError **error);

/* create, after clone: what could not be born in its cgroup, of version 1, is put there. */
bool cgroup_enter(Container *container, GError **error);

/* supervisor, when init has opened what it needs: the limits, from here on. */
bool cgroup_limit(Container *container, GError **error);

/* supervisor: what is frozen runs again, to be told something. */
void cgroup_thaw(const Container *container);

/* supervisor: how many of its processes the kernel has killed for want of memory. */
uint64_t cgroup_oom_kills(const Container *container);

/* "killed by the memory limit of 64m", when that is so. Caller frees. */
char *cgroup_oom_text(const Container *container);

/* What the record says. */
typedef struct {
	char *directory; /* of the container's cgroup; NULL: it has none */
	char *v1;	 /* path in the hierarchies of version 1; or NULL */
	char *unit, *aside;
} CgroupRecord;

/* Of the container of whose state this is the directory; nothing in it where there is none. */
void cgroup_record_read(int dir, CgroupRecord *ret_record);
void cgroup_record_parse(const char *text, CgroupRecord *ret_record);
void cgroup_record_clear(CgroupRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CgroupRecord, cgroup_record_clear)

/* Is the container paused, of whose state this is the directory? */
bool cgroup_is_paused(int dir);

/*
 * Get this process to where it may put others into the container's cgroup, if it is not there: into
 * the scope of the supervisor's.
 */
bool cgroup_approach(const CgroupRecord *record, GError **error);

/*
 * Kill what is left in it, and remove what the record in the state directory dir names.  false: it
 * is still there.  Idempotent; any process of the container's user may do it.
 */
bool cgroup_release(int dir, GError **error);

void cgroup_explain(const Plan *plan, GString *script);
void cgroup_limit_explain(const Plan *plan, GString *script);
