/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces: one clone3(2) that makes them all. See namespaces(7). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The type (CLONE_NEW*) of the namespace that fd refers to, see ioctl_nsfs(2); 0: it is none. */
uint64_t namespace_type(int fd);

/*
 * Fork a child into the new namespaces that flags (CLONE_NEW*) name.  Returns like fork(2): 0 in
 * the child, the child's pid in the parent together with a pidfd (closed on exec), -1 with *error
 * set. The child's death raises SIGCHLD.  The process must have one thread.
 */
pid_t namespace_clone(uint64_t flags, int *ret_pidfd, GError **error);

/*
 * The same in namespaces that exist (descriptors for setns(2), -1 for none, a user namespace first)
 * and in a cgroup (the descriptor of its directory, or -1: the caller's), which a CLONE_NEWCGROUP
 * in flags makes the root of.  A process between enters them and forks; the child is the caller's
 * all the same.
 */
pid_t namespace_clone_in(const int *fds, size_t n, int cgroup, uint64_t flags, int *ret_pidfd,
			 GError **error);

/*
 * The same for namespaces with somebody inside who means harm: the child and the process between
 * are not dumpable before they can be seen from there, so that nobody can trace them, take their
 * descriptors or read their memory; execve(2) ends that.  It is also born with no more than
 * these capabilities (a bit mask), CAP_SYS_ADMIN for flags among them.  It has all descriptors of
 * the caller's, which it should close at once.
 */
pid_t namespace_clone_hidden(const int *fds, size_t n, int cgroup, uint64_t flags,
			     uint64_t capabilities, int *ret_pidfd, GError **error);

/* The pid of who has this pidfd, as this pid namespace knows him; -1 with *error. */
pid_t namespace_pid_of(int pidfd, GError **error);

/* "CLONE_NEWUSER|CLONE_NEWNS|…" for messages and --explain. Caller frees. */
char *namespace_flags_text(uint64_t flags);

/* The long options of unshare(1) for these flags, each with a blank in front. Caller frees. */
char *namespace_unshare_options(uint64_t flags);
