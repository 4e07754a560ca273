/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Make: images of our own, from a layer's archive. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/manifest.h"
#include "image/store.h"

typedef struct {
	const Platform *platform; /* where base does not say */
	const char *base;     /* an image of the store, on top of which the layer goes; or NULL */
	const char *like;     /* another, whose wishes it takes without its layers; or NULL */
	char *const *changes; /* texts for change_apply(), NULL at the end; or NULL */
	const char *created_by, *author, *comment; /* the last two may be NULL */
} MakeOptions;

/*
 * Take the archive (a path, or "-" for standard input) as the topmost layer of an image, give it
 * this name (NAME[:TAG]), and print its id.
 */
bool make_image(const Store *store, const char *archive, const char *name,
		const MakeOptions *options, GError **error);
