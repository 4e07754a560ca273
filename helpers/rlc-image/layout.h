/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts: images in directories.  oci: is the OCI image layout; dir: has manifest.json and one
 * file for each blob, named by its digits; a docker archive, once unpacked, has a manifest.json
 * that lists several images.
 */
#pragma once

#include "rlc-image/source.h"

/* An image of an OCI layout; inner: its ref.name, or NULL for the only one. Takes dir over. */
Source *layout_open_oci(int dir, const char *path, const char *inner, GError **error);

/* As skopeo's dir: writes it. Takes dir over. */
Source *layout_open_dir(int dir, const char *path, GError **error);

/*
 * An image of what `docker save` wrote, unpacked; inner: one of its names, or NULL for the only
 * one.  Layers without compression are blobs as they are.  Takes dir over.
 */
Source *layout_open_docker(int dir, const char *path, const char *inner, GError **error);

/* The names in an OCI layout or (docker) an unpacked docker archive. Array of char *. */
GPtrArray *layout_names(int dir, const char *path, bool docker, GError **error);
