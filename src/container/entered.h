/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.namespaces[] with a path: namespaces of others that a container has in place of its own. */
#pragma once

#include "model/container.h"

/*
 * Open them into plan->enter, a user namespace first.  Refuses what is no namespace of the type
 * that it was called.  One that we are in already is left out.
 */
bool entered_plan(const Spec *spec, Plan *plan, GError **error);

void entered_free(GArray *enter);
