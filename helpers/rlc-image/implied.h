/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Implied directories: those that a layer's archive has files in but does not hold itself.  In an
 * overlay a layer's directory hides the attributes of the one below, so they are given those that
 * the directory has in the layers under it: /tmp stays 1777 when a layer brings no more than a file
 * in it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/store.h"

/*
 * On an implied directory while the layer waits to be adopted; on the layer's root too, where it
 * says what there is: IMPLIED_ROOT, the root alone; IMPLIED_TREE, others as well; or
 * IMPLIED_TREE_BUT_ROOT, others alone.
 */
#define IMPLIED_ATTR	      "user.rlc.implied"
#define IMPLIED_ROOT	      "r"
#define IMPLIED_TREE	      "t"
#define IMPLIED_TREE_BUT_ROOT "b"

/*
 * Give the implied directories of an image's layers, lowest first, the attributes of the nearest
 * layer below that has them.  Layers are in their place; one that has been adopted is done with.
 */
bool implied_adopt(const Store *store, const StoreImage *image, GError **error);
