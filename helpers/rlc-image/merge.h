/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Merge: an image of many layers gets one directory more, with the files of all.
 *
 * An overlay looks for every name in every layer, so a container of a hundred layers would start
 * and run noticeably slower than one of a single layer.  The merged directory holds hard links to
 * the layers' files: it takes next to no room, and is made faster than a layer is unpacked.  It is
 * named as if it were a layer, by the chain id of the topmost (OCI image specification, config.md).
 */
#pragma once

#include "image/store.h"

/*
 * Make it, where the image has layers enough for it to matter and the file system can link.  All of
 * the layers must be in the store.  Where it cannot be made the image works without; that is said.
 */
void merge_layers(const Store *store, const StoreImage *image);
