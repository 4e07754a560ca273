/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joining: a container in the network namespace of another (--network container:NAME), or in one
 * that was made elsewhere (--network ns:PATH).
 *
 * A network namespace belongs to a user namespace, and only who has rights there can enter it.  An
 * ordinary user has them in the user namespaces that he made, once he is inside; so his container
 * joins both, and has the ids of the other.  Mounts, processes, IPC and the hostname stay its own.
 * Root needs no user namespace for it, and keeps what --userns says.
 *
 * Nothing that a payload could have written is looked at: the supervisor of a container holds its
 * network namespace open and says in the state directory, which is its user's alone, by which
 * descriptor.
 */
#pragma once

#include "model/container.h"

/* Fill plan->join for NET_JOIN, and clear CLONE_NEWNET. Refuses what may not be joined. */
bool join_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * supervisor, after clone and before init closes itself to others: opens the container's namespaces
 * as container->join (for CONTROL_JOIN), and notes in the state directory where the descriptor of
 * its network namespace is to be found.
 */
bool join_offer(Container *container, GError **error);

/* supervisor: close what join_offer() opened; the namespaces may end. Idempotent. */
void join_cleanup(Container *container);

void join_free(JoinPlan *join);
