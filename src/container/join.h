/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joining: a container in namespaces of another (--network, --pid, --ipc, --uts container:NAME), or
 * in a network namespace that was made elsewhere (--network ns:PATH).
 *
 * A namespace belongs to a user namespace, and only who has rights there can enter it.  An
 * ordinary user has them in the user namespaces that he made, once he is inside; so his container
 * joins both, and has the ids of the other.  Mounts, and what is not joined, stay its own.
 * Root needs no user namespace for it, and keeps what --userns says.
 *
 * Nothing that a payload could have written is looked at: the supervisor of a container holds its
 * network namespace open and says in the state directory, which is its user's alone, by which
 * descriptor.
 */
#pragma once

#include "model/container.h"

/*
 * Fill plan->join, and clear in plan->clone_flags what is joined.  Refuses what may not be, and an
 * ordinary user's mixture of containers, of which each has its own user namespace.
 */
bool join_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * supervisor, after clone and before init closes itself to others: opens the container's namespaces
 * as container->join (for CONTROL_JOIN), and notes in the state directory where the descriptor of
 * its network namespace is to be found.
 */
bool join_offer(Container *container, GError **error);

/*
 * supervisor: clone init into what is joined (NULL: nothing), and into a cgroup (-1: ours).  In the
 * pid namespace of another container nobody can look at it from the first moment on.
 */
pid_t join_clone(const JoinPlan *join, int cgroup, uint64_t flags, int *ret_pidfd, GError **error);

/* init, in another's pid namespace: join_offer()'s part, for not even its supervisor sees it. */
bool join_offer_child(Container *container, GError **error);

/* supervisor: send init the /dev/shm of the container whose IPC namespace is joined. */
bool join_send_shm(Container *container, GError **error);

/* Has the container ended whose pid namespace was joined? Then it took all in it along. */
bool join_first_ended(const JoinPlan *join);

/*
 * OCI, where no supervisor holds them: the namespaces of a process, in ControlJoin's order from
 * CONTROL_USER on (fds has CONTROL_JOIN_COUNT elements); -1 for those that are ours as well.  What
 * was opened is the caller's to close, on failure too.
 */
bool join_open(pid_t pid, int *fds, GError **error);

/* supervisor: close what join_offer() opened; the namespaces may end. Idempotent. */
void join_cleanup(Container *container);

void join_free(JoinPlan *join);
