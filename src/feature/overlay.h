/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A throw-away overlay: the directory below is never written, whatever is written above goes to a
 * tmpfs that dies with the mount namespace, or to the directory scratch (an absolute path of the
 * host, owned by root inside; NULL: a tmpfs).  See Documentation/filesystems/overlayfs.rst.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * init: lay an overlay over the directory lower (absolute) and attach it on top of "/".
 * Returns O_PATH-like descriptor of the new root's mount, or -1 with *error set.
 */
int overlay_stack(const char *lower, const char *scratch, GError **error);

/*
 * init: the same over the layers of an image, at least one, topmost first (absolute paths of
 * directories in which nothing is mounted).  Where the kernel refuses an overlay over them they are
 * copied into memory, which is said.
 */
int overlay_stack_layers(const GPtrArray *layers, const char *scratch, GError **error);

/* The same over layers that are detached mounts: descriptors, topmost first. */
int overlay_stack_layer_mounts(const GArray *mounts, GError **error);

/* The same over the directory that mount refers to, which is attached; path is the host's. */
int overlay_stack_on(int mount, const char *path, GError **error);
