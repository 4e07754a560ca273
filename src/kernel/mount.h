/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts by file descriptor: the new mount API (fsopen(2), fsmount(2), open_tree(2), move_mount(2),
 * mount_setattr(2)) and openat2(2).
 *
 * A target inside a container's root is looked up once, by openat2 with RESOLVE_IN_ROOT, and used
 * by its descriptor from then on: a symbolic link of the image cannot lead outside, and nobody can
 * swap a path between check and use.  All of this runs in init, before the pivot.
 *
 * This header brings MOUNT_ATTR_* and MS_* from <linux/mount.h>; <sys/mount.h> clashes with it.
 */
#pragma once

#include <glib.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>

/* How a path inside a root may be resolved. */
typedef enum {
	MOUNT_FOLLOW,	   /* links are followed, within the root */
	MOUNT_NO_SYMLINKS, /* a link anywhere in the path is refused: ELOOP */
} MountResolve;

/*
 * A new instance of a file system, not attached anywhere. options: "key=value,flag,…" or NULL, a
 * value with commas in double quotes; attributes: MOUNT_ATTR_*. Returns its descriptor, or -1 with
 * RLC_ERRNO.
 */
int mount_new(const char *type, const char *options, uint64_t attributes, GError **error);

/* The same of a source: what the file system is on, a device say. */
int mount_new_of(const char *source, const char *type, const char *options, uint64_t attributes,
		 GError **error);

/*
 * The same by mount(2), for what older kernels do not take otherwise: attached on the directory
 * dirfd/name at once.  flags: MS_*.
 */
int mount_new_at(const char *type, const char *options, unsigned long flags, int dirfd,
		 const char *name, GError **error);

/*
 * From here on the files of every new tmpfs, devpts, overlay and mqueue have this label of SELinux
 * (mount(8): context=); NULL: what the policy says.  For the whole process; label is copied.
 */
void mount_set_label(const char *label);

/* A detached copy of the mount tree at dirfd/path (path "" for dirfd itself). Descriptor or -1. */
int mount_clone(int dirfd, const char *path, bool recursive, GError **error);

/* Change attributes and propagation (MS_PRIVATE, … or 0) of a mount. */
bool mount_change(int mount, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation,
		  GError **error);

/*
 * Shift the owners of all files of a detached mount, and of those below it (recursive), by the id
 * map of a user namespace: mount_setattr(2), MOUNT_ATTR_IDMAP.  Needs root of the host.
 */
bool mount_idmap(int mount, int userns, bool recursive, GError **error);

/* Attach a detached mount on the file or directory that target (O_PATH) refers to. */
bool mount_attach(int mount, int target, const char *path, GError **error);

/* Take an attached mount away again, whose descriptor this is; path is for messages. */
bool mount_detach(int mount, const char *path, GError **error);

/* Attach a detached mount on top of "/": paths go on meaning the old root, its descriptor the new.
 */
bool mount_stack(int mount, GError **error);

/* Make every mount of this namespace private, so that nothing done here is seen outside. */
bool mount_make_all_private(GError **error);

/* The same, but what is mounted or unmounted outside is seen here, where it was shared. */
bool mount_make_all_slaves(GError **error);

/* Open a path inside root as O_PATH. Descriptor, or -1 with RLC_ERRNO. */
int mount_open(int root, const char *path, MountResolve resolve, GError **error);

/*
 * The same, but a missing directory or (directory false) empty file is made, parents included.  A
 * path that links of the root lead into its procfs is refused (UNSUPPORTED).
 */
int mount_open_target(int root, const char *path, bool directory, MountResolve resolve,
		      GError **error);

/* mount_open_target() and mount_attach() in one. Closes nothing. */
bool mount_attach_in(int mount, int root, const char *path, bool directory, MountResolve resolve,
		     GError **error);

/*
 * pivot_root(2) into the mount that root refers to and let go of the old one, with all that is
 * stacked on it.  On success nothing lies above "/".
 */
bool mount_pivot(int root, GError **error);

/*
 * The other way to leave the old root: back into the mount namespace mounts, with the tree of
 * mounts at root as what it was, attached nowhere, and this process's "/".  It lives as long as
 * processes have it for their root.
 */
bool mount_leave(int root, int mounts, GError **error);

/* chroot(2) into the directory root, which may be no mount of this namespace. */
bool mount_chroot(int root, GError **error);
