/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USER[:GROUP] of --user, and what the container's /etc/passwd and /etc/group say about it.
 *
 * Numbers always are ids, even where a user of that name exists.  The two files belong to the image
 * and are hostile: they are read as bounded text, never through the C library's databases, which
 * would load plug-ins of the image.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/spec.h"

typedef struct {
	uint32_t uid, gid;
	GArray *groups; /* of uint32_t: the supplementary groups, gid not among them */
	char *home;	/* "/" for a user that the files do not know */
} User;

void user_clear(User *user);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(User, user_clear)

/* Is text of the form USER[:GROUP]? Names that start with a digit are refused, ids must fit. */
bool user_check(const char *text, GError **error);

/* Is text a group: a name or an id? For --group-add. */
bool user_check_group(const char *text, GError **error);

/*
 * Payload, after the pivot: resolve wanted against the files under etc_dirfd (the container's
 * /etc, or -1 where there is none).  ret_user is the caller's to clear.
 */
bool user_lookup(const SpecUser *wanted, int etc_dirfd, User *ret_user, GError **error);
