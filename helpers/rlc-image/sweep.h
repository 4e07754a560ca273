/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweep: what no name of the store leads to is removed; index.json says what is there. */
#pragma once

#include "image/store.h"

/* Write index.json and oci-layout anew from the names, for other programs to read. */
bool sweep_write_index(const Store *store, GError **error);

/*
 * Remove blobs, layers and leftovers that no image needs, but for layers in use.  Waits until
 * nobody adds to the store.  ret_removed (caller frees): digests of what went.
 */
bool sweep_store(const Store *store, GPtrArray **ret_removed, GError **error);
