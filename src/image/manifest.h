/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests, indexes and configurations: the JSON documents of an image, in OCI's and in Docker's
 * words.  They come from strangers: the size is bounded, media types are checked against what the
 * document holds (CVE-2021-41190), digests and sizes are of the right form, and whatever is not as
 * it should be is an error with line and column or with the name of the member.
 *
 * Only rlc-image and the unit tests use this: rlc itself reads the store's own form (store.h) and
 * never loads a JSON parser.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/store.h"

#define MANIFEST_MAX	    (4 << 20) /* bytes of any of these documents */
#define MANIFEST_LAYERS_MAX 500

#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER	      "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar"

typedef struct {
	char *media_type;
	char *digest;
	uint64_t size;
} Descriptor;

typedef struct {
	char *os, *architecture, *variant; /* variant may be NULL */
} Platform;

typedef struct {
	Descriptor descriptor;
	Platform platform; /* members NULL where the index does not say */
	char *ref_name;	   /* annotation org.opencontainers.image.ref.name, or NULL */
} IndexEntry;

/* An index or a manifest: exactly one of the two. */
typedef struct {
	bool is_index;
	char *media_type;
	GPtrArray *entries; /* index: of IndexEntry * */
	Descriptor config;  /* manifest */
	GPtrArray *layers;  /* manifest: of Descriptor *, lowest first */
} Manifest;

void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/*
 * text is length bytes and may hold NULs, which are refused.  media_type: what the source says it
 * is, or NULL.  what names the document in errors.
 */
Manifest *manifest_parse(const char *text, size_t length, const char *media_type, const char *what,
			 GError **error);

/* "linux/arm64/v8" or NULL for this machine's. Platform is cleared by platform_clear(). */
bool platform_parse(const char *text, Platform *ret_platform, GError **error);
void platform_clear(Platform *platform);
char *platform_text(const Platform *platform);

/* The entry of an index for a platform; NOT_FOUND says which there are. Borrowed. */
const IndexEntry *manifest_choose(const Manifest *index, const Platform *platform, const char *what,
				  GError **error);

/*
 * Read a configuration into image: platform, times, diff ids (as many as layers) and what the
 * image's maker wishes for processes.  Members of Env that are not NAME=VALUE are left out.
 */
bool manifest_read_config(const char *text, size_t length, guint layers, StoreImage *image,
			  const char *what, GError **error);

/* What the history of an image says of its topmost layer. */
typedef struct {
	const char *base; /* configuration of the image below, whose history goes on; or NULL */
	const char *created_by;	      /* the command that made it */
	const char *author, *comment; /* or NULL */
} ManifestHistory;

/*
 * Write documents of our own. diff_ids: of char *; layers: of Descriptor *.  The configuration
 * takes what a process wants from like (may be NULL).  Caller frees.
 */
char *manifest_write_config(const Platform *platform, GPtrArray *diff_ids, const StoreImage *like,
			    const ManifestHistory *history);
char *manifest_write(const Descriptor *config, GPtrArray *layers);

void descriptor_clear(Descriptor *descriptor);
void descriptor_free(Descriptor *descriptor);
Descriptor *descriptor_new(const char *media_type, const char *digest, uint64_t size);
