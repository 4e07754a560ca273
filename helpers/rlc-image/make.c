/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/reference.h"
#include "rlc-image/archive.h"
#include "rlc-image/blob.h"
#include "rlc-image/change.h"
#include "rlc-image/implied.h"
#include "rlc-image/merge.h"
#include "rlc-image/sweep.h"

typedef struct {
	const Store *store;
	const MakeOptions *options;
	StoreImage *base;    /* or NULL */
	StoreImage *like;    /* what the new one wishes; or NULL */
	GPtrArray *layers;   /* of Descriptor * */
	GPtrArray *diff_ids; /* of char * */
	Platform platform;
} Make;

static void make_clear(Make *make)
{
	store_image_free(make->base);
	store_image_free(make->like);
	g_ptr_array_unref(make->layers);
	g_ptr_array_unref(make->diff_ids);
	platform_clear(&make->platform);
}

static bool name_image(const char *text, char **ret, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(text, error);

	if (!reference)
		return false;
	if (reference->transport != TRANSPORT_DOCKER || reference->digest)
		return error_set(error, RLC_ERROR_USAGE, "name the image '%s': it is no NAME[:TAG]",
				 text);
	*ret = reference_name(reference);
	return true;
}

static bool set_platform(Make *make)
{
	const Platform *asked = make->options->platform;
	const StoreImage *base = make->base;

	make->platform = (Platform){
		g_strdup(base && base->os ? base->os : asked->os),
		g_strdup(base && base->architecture ? base->architecture : asked->architecture),
		g_strdup(base && base->architecture ? base->variant : asked->variant),
	};
	return true;
}

/* The layers of the image below. */
static bool take_layers(Make *make, GError **error)
{
	const StoreImage *base = make->base;
	g_autofree char *text = blob_read(make->store, base->manifest, error);
	g_autoptr(Manifest) manifest =
		text ? manifest_parse(text, strlen(text), NULL, base->name, error) : NULL;

	if (!manifest)
		return false;
	for (guint i = 0; i < manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
		const char *type = layer->media_type;

		/* Docker's words for the same in OCI's */
		if (g_str_has_prefix(type, MEDIA_DOCKER_LAYER))
			type = g_str_has_suffix(type, "gzip")	? MEDIA_OCI_LAYER "+gzip"
			       : g_str_has_suffix(type, "zstd") ? MEDIA_OCI_LAYER "+zstd"
								: MEDIA_OCI_LAYER;
		g_ptr_array_add(make->layers, descriptor_new(type, layer->digest, layer->size));
		store_list_add(make->diff_ids, g_ptr_array_index(base->layers, i));
	}
	return true;
}

/* What it stands on and what it wishes. The changes come before any work: they may be wrong. */
static bool prepare(Make *make, GError **error)
{
	const MakeOptions *options = make->options;
	const char *like = options->like ? options->like : options->base;

	make->base = options->base ? store_find(make->store, options->base, error) : NULL;
	if (options->base && !make->base)
		return false;
	make->like = like ? store_find(make->store, like, error) : store_image_new();
	if (!make->like)
		return false;
	for (char *const *change = options->changes; change && *change; change++) {
		if (!change_apply(make->like, *change, error))
			return false;
	}
	return set_platform(make) && (!make->base || take_layers(make, error));
}

static bool add_layer(Make *make, const char *archive, GError **error)
{
	auto_fd input = archive_open_input(archive, error);
	g_autofree char *diff_id = NULL, *shown = archive_shown(archive, STDIN_FILENO);
	Descriptor layer = {0};

	if (input < 0 || !archive_add_layer(make->store, input, shown, &layer, &diff_id, error))
		return false;
	g_ptr_array_add(make->layers, descriptor_new(layer.media_type, layer.digest, layer.size));
	descriptor_clear(&layer);
	store_list_add(make->diff_ids, diff_id);
	return true;
}

static char *write_config(const Make *make, GError **error)
{
	ManifestHistory history = {
		.created_by = make->options->created_by,
		.author = make->options->author,
		.comment = make->options->comment,
	};
	g_autofree char *base = NULL;

	if (make->base) {
		base = blob_read(make->store, make->base->config, error);
		if (!base)
			return NULL;
		history.base = base;
	}
	return manifest_write_config(&make->platform, make->diff_ids, make->like, &history);
}

/* Documents and a name for layers that are in the store. */
static bool add_image(Make *make, const char *name, GError **error)
{
	g_autofree char *text = write_config(make, error);
	g_autofree char *config = text ? blob_write(make->store, text, strlen(text), error) : NULL;
	Descriptor descriptor = {(char *)MEDIA_OCI_CONFIG, config, text ? strlen(text) : 0};
	g_autofree char *document = config ? manifest_write(&descriptor, make->layers) : NULL;
	g_autoptr(StoreImage) image = store_image_new();

	if (!document)
		return false;
	image->name = g_strdup(name);
	image->config = g_strdup(config);
	image->manifest = blob_write(make->store, document, strlen(document), error);
	image->index = g_strdup(image->manifest);
	image->pulled = time(NULL);
	image->size = strlen(text) + strlen(document);
	for (guint i = 0; i < make->layers->len; i++)
		image->size += ((const Descriptor *)g_ptr_array_index(make->layers, i))->size;
	if (!image->manifest ||
	    !manifest_read_config(text, strlen(text), make->layers->len, image, "configuration",
				  error) ||
	    !implied_adopt(make->store, image, error))
		return false;
	merge_layers(make->store, image);
	if (!blob_sync_names(make->store, error) || !store_put(make->store, image, error) ||
	    !sweep_write_index(make->store, error))
		return false;
	puts(store_image_id(image));
	return true;
}

bool make_image(const Store *store, const char *archive, const char *name,
		const MakeOptions *options, GError **error)
{
	Make make = {
		.store = store,
		.options = options,
		.layers = g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free),
		.diff_ids = g_ptr_array_new_with_free_func(g_free),
	};
	g_autofree char *full = NULL;
	auto_fd lock = -1;
	bool ok = name_image(name, &full, error);

	if (ok) {
		lock = store_lock(store, false, error);
		ok = lock >= 0 && prepare(&make, error) && add_layer(&make, archive, error) &&
		     add_image(&make, full, error);
	}
	make_clear(&make);
	return ok;
}
