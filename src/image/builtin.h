/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * builtin:busybox: the image that is always there.  Debian's static busybox, embedded in this
 * program by the build, one link for each of its applets, and the few files that programs expect.
 */
#pragma once

#include "model/container.h"

/* Changes with what builtin_fill() makes. */
extern const char builtin_digest[];

/*
 * init: fill the empty root of ROOT_BUILTIN; nothing to do for other kinds, and where it is laid
 * over container->unpacked.
 */
bool builtin_child(Container *container, GError **error);

/* Fill any empty directory with it. */
bool builtin_fill(int root, GError **error);

/* Its program alone, which has all applets in its shell, as a new file at path below dirfd. */
bool builtin_write_program(int dirfd, const char *path, GError **error);

void builtin_explain(const Plan *plan, GString *script);
