/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A throw-away overlay: the directory below is never written, whatever is written above goes to a
 * tmpfs that dies with the mount namespace.  See Documentation/filesystems/overlayfs.rst.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * init: lay an overlay over the directory lower (absolute) and attach it on top of "/".
 * Returns O_PATH-like descriptor of the new root's mount, or -1 with *error set.
 */
int overlay_stack(const char *lower, GError **error);

/* The same over the directory that mount refers to, which is attached; path is the host's. */
int overlay_stack_on(int mount, const char *path, GError **error);
