/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image of `rlc run`: what it wishes for its process, and how its layers become the root.
 *
 * An image is a stranger's work.  It speaks for its own process and nothing else: no variable of
 * the host, no path outside its root, no option of rlc's can be named by it.
 */
#pragma once

#include "cmd/run_options.h"
#include "image/store.h"

/*
 * Complete the Spec: arguments, variables, user, working directory and volumes, where flags win
 * over the image and the image over rlc's defaults.  image: NULL for --rootfs and the built-in one.
 * Looks at nothing but its arguments.  False if the image wishes for what cannot be.
 */
bool run_image_apply(RunOptions *options, const StoreImage *image, GError **error);

/* Layers that are held for a container as long as it lives: descriptors, closed with the array. */
GArray *run_image_holds_new(void);

/*
 * Find options->image (NULL: none) in the store, or fetch it as --pull says, hold its layers, make
 * them the root and complete the Spec; and the same with the images that are mounted (--mount).
 * *ret_exit_code: 0, or that of rlc-image, which said what is wrong.
 */
bool run_image_prepare(RunOptions *options, GArray *holds, int *ret_exit_code, GError **error);

/* Hold the layers of a container that is started again; NOT_FOUND where its image is gone. */
bool run_image_hold(const Spec *spec, GArray *holds, GError **error);
