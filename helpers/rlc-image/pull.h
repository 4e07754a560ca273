/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pull: an image of any Source becomes one of the store. */
#pragma once

#include "image/manifest.h"
#include "image/store.h"
#include "rlc-image/source.h"

typedef struct {
	const Platform *platform;
	bool quiet;
} PullOptions;

/*
 * Fetch what the store lacks and give the image its name.  A failure leaves no trace but parts of
 * blobs, which the next pull goes on with.  Caller frees what ret points to.
 */
bool pull_image(const Store *store, Source *source, const char *name, const PullOptions *options,
		StoreImage **ret, GError **error);
