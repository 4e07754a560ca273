/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the state of all containers is: state.h. */
#pragma once

#include <glib.h>

/*
 * Choose the directory of all state: root if given, else RLC_ROOT, else $XDG_RUNTIME_DIR/rlc (for
 * root: /run/rlc), else a directory of our own in /run/user or /tmp, saying so.  Makes that
 * directory, for that is how it is known to be usable, and nothing in it.
 */
char *state_root_choose(const char *root, GError **error);
