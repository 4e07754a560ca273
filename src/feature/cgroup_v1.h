/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of version 1, for containers of an OCI front end: callers on such hosts give a path, and
 * the container is at that path in every hierarchy.  See cgroups(7), "Cgroups version 1".
 *
 * Root's alone.  rlc's own commands make none: what they promise takes version 2.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "model/spec.h"

/* Is /sys/fs/cgroup a directory of hierarchies of version 1? */
bool cgroup_v1_is_mounted(void);

/*
 * What to write, in order: "CONTROLLER.FILE=VALUE", of which the first word names the hierarchy.
 * "FILE?=VALUE" is left out where there is no such file.  Caller frees; NULL with *error if version
 * 1 has no such limit.
 */
GPtrArray *cgroup_v1_lines(const SpecResources *resources, bool with_devices, GError **error);

/* Is any process in it, in whichever hierarchy? */
bool cgroup_v1_is_used(const char *path);

/* Make the cgroup at path ("/a/b") in every hierarchy that is mounted, parents as well. */
bool cgroup_v1_make(const char *path, GError **error);

/* Put a process (0: this one) into it, in every hierarchy. */
bool cgroup_v1_enter(const char *path, pid_t pid, GError **error);

/*
 * The paths that this process is in, for cgroup_v1_return(): so rlc-oci exec has its child born in
 * a container's.  Caller frees.
 */
GPtrArray *cgroup_v1_own(void);
void cgroup_v1_return(const GPtrArray *own);

bool cgroup_v1_write(const char *path, const GPtrArray *lines, GError **error);

/* A file "CONTROLLER.NAME" of it. Caller frees; NULL: there is none. */
char *cgroup_v1_read(const char *path, const char *file);

/* The directory that knows of all of its processes; NULL: there is none. Caller frees. */
char *cgroup_v1_directory(const char *path);

bool cgroup_v1_is_frozen(const char *path);
bool cgroup_v1_freeze(const char *path, bool freeze, GError **error);

/* Kill what is left in it, and remove it. One that is not there is no error. */
bool cgroup_v1_remove(const char *path, GError **error);
