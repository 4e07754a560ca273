/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kept: the directory of a container that stays when it has ended.
 *
 *     STORE/kept/ID         all that state.h says of a container, on a disk
 *     STORE/kept/ID/name    its name, if it has one
 *     STORE/kept/ID/layers  the digits of its image's layers, which rlc-image leaves alone
 *     STORE/kept/ID/root    what it wrote: see scratch.h
 *     ROOT/containers/ID    a link to STORE/kept/ID
 *
 * ROOT is gone after a reboot.  Whoever makes it anew puts a link for each kept container in it,
 * and its name into ROOT/names; the locks are free then, so the sweep that follows finds which of
 * them ran, and writes down how they ended.  The link is made before the directory and goes after
 * it: one that leads nowhere is the rest of a removal, or of a start, that was cut short.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

#define KEPT_NAME "name"

/* STORE/kept/ID, whether it is there or not. Caller frees. */
char *kept_path(const char *id);

/* Where the link containers/ID leads; NULL if it is none. Caller frees. */
char *kept_target(int containers, const char *id);

/* Make the link and the directory. ROOT/lock is held, as it is for all that follow. */
bool kept_make(int containers, const char *id, GError **error);

/* Remove the directory, which is empty, and the link; or a link that leads nowhere. */
void kept_remove(int containers, const char *id);

/* Write down its name; NULL: it has none. Does nothing for a container that is not kept. */
bool kept_set_name(int containers, const char *id, const char *name, GError **error);

/* The layers of its image, as a text for STORE_KEPT_LAYERS; NULL: it has none. Caller frees. */
char *kept_layers(const Spec *spec);

/* Links and names of all that are there, in directories that are new. */
void kept_adopt(int containers, int names);
