/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subordinate ids: the ranges that the host grants a user beside his own id.  See subuid(5),
 * subgid(5) and, for the sources, nsswitch.conf(5).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
	uint32_t start, count; /* start + count never passes 4294967295, which is no id */
} SubidRange;

typedef enum {
	SUBID_UID,
	SUBID_GID
} SubidKind;

/*
 * The ranges that text, as of /etc/subuid or /etc/subgid, grants to the user of this name (may be
 * NULL) or numeric uid (for /etc/subgid too), in the order of the file.  A line that is not
 * strictly NAME:START:COUNT in decimal grants nothing.  Pure.  Returns an array of SubidRange.
 */
GArray *subid_parse(const char *text, const char *name, uid_t uid);

/* Does text, as of /etc/nsswitch.conf, name a source of subordinate ids other than the files? Pure.
 */
bool subid_needs_library(const char *nsswitch);

/*
 * The ranges of a user of this host.  The files are read directly; only where nsswitch.conf names
 * another source is libsubid loaded and asked, so that nobody else pays for loading it.  Never
 * fails: what cannot be read grants nothing, and the log says so at level info.
 */
GArray *subid_ranges(SubidKind kind, const char *name, uid_t uid);

/* Is every id of start … start+count-1 within the ranges? They may adjoin and overlap. Pure. */
bool subid_covers(const GArray *ranges, uint32_t start, uint32_t count);

/*
 * The ranges without own and without ids that an earlier range has, so that together they can stand
 * in one map: the kernel takes none that overlaps.  Pure.
 */
GArray *subid_disjoint(const GArray *ranges, uint32_t own);
