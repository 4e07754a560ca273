/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SELinux: what its policy knows and allows, as the kernel says it in selinuxfs, and the label of
 * the next program, by proc_pid_attr(5).  A label (security context) is USER:ROLE:TYPE, and with a
 * policy of several levels USER:ROLE:TYPE:LEVEL.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Is there a policy on this host? */
bool selinux_is_enabled(void);

/* Does it forbid, rather than note what it would forbid? */
bool selinux_is_enforcing(void);

/* Has its policy levels, so that every label has one? */
bool selinux_has_levels(void);

/* The label of this process. Caller frees; NULL with RLC_ERRNO. */
char *selinux_own_label(GError **error);

/* Has the policy this label's user, role, type and level, and may they be together? */
bool selinux_knows(const char *label);

/* Give the file that fd (O_PATH will do) refers to a label. errno on failure. */
bool selinux_label_file(int fd, const char *label);

/*
 * Does the policy let source do this to target?  What it does not say (a class that it has not, or
 * a caller who may not ask) counts as yes: the kernel decides when the time comes.
 */
bool selinux_allows(const char *source, const char *target, const char *class,
		    const char *permission);

/*
 * The label that the host's policy has for containers: key is "process" or "file".  See
 * selinux_lxc_contexts_path(3).  Caller frees; NULL: it has none.
 */
char *selinux_container_label(const char *key);
