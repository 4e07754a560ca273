/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a Plan: every feature's X_plan() hook in turn. Touches nothing. */
#pragma once

#include "model/plan.h"

/*
 * The plan of a new container with a new random id.  spec is borrowed and must outlive it.
 * state_root: where state is kept, or NULL for the default.  NULL with *error set if anything about
 * the spec must be refused on this host.  Free with plan_free().
 */
Plan *plan_new(const Spec *spec, const char *state_root, GError **error);

/* The same for a container that has a record, and is to be started again. */
Plan *plan_new_for(const Spec *spec, const char *state_root, const char *id, GError **error);

/* 64 random hexadecimal digits, of no container or volume yet. Caller frees. */
char *plan_random_id(GError **error);
/* The plan of a container with an id below the root (container/created.h) of an OCI front end's. */
Plan *plan_new_in(const Spec *spec, const char *root, const char *id, GError **error);

void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)
