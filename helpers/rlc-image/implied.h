/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Implied directories: those that a layer's archive has files in but does not hold itself.  In an
 * overlay a layer's directory hides the attributes of the one below, so they are given those that
 * the directory has in the layers under it: /tmp stays 1777 when a layer brings no more than a file
 * in it.
 *
 * Images share layers, and are not to see in one what another has below it.  So the layer stays as
 * it was unpacked, with its marks, and the image gets a tree of its own, of hard links.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/store.h"

/*
 * On an implied directory; on the layer's root too, where it says what there is: IMPLIED_ROOT, the
 * root alone; IMPLIED_TREE, others as well; or IMPLIED_TREE_BUT_ROOT, others alone.
 */
#define IMPLIED_ATTR	      "user.rlc.implied"
#define IMPLIED_ROOT	      "r"
#define IMPLIED_TREE	      "t"
#define IMPLIED_TREE_BUT_ROOT "b"

/*
 * Find or make for each of the image's layers, which are in their place, the tree in which implied
 * directories have the attributes of the nearest layer below that has them: image->trees.
 */
bool implied_adopt(const Store *store, StoreImage *image, GError **error);
