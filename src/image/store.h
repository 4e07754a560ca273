/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Store: the images of one user on this machine.
 *
 *     oci-layout, index.json   an OCI image layout for other programs to read; made from names/
 *     blobs/sha256/HEX         manifests, configurations and layers as they came
 *     names/NAME               one small file for each name: the image as a StoreImage
 *     layers/HEX/diff          a layer's files by its diff id, ready to be an overlay's lower; or
 *                              by a digest of its chain, with directories as they are in the layers
 *                              below, where its archive says nothing of them (implied.h)
 *     kept/ID/layers           the digits of the layers of a container that is kept, one a line: as
 *                              long as it is there, so are they
 *     tmp/                     what is being made
 *     lock, index.lock
 *
 * names/ is the truth; a name appears by rename(2), when all that it stands for is on the disk.
 *
 * Layers are made for an overlay with "userxattr": a whiteout is a character device 0:0, an opaque
 * directory carries user.overlay.opaque=y.  Owners are the ids inside the id map of the user's
 * containers; where that map has one id alone, the owner of a file lies in its extended attribute
 * user.rlc.owner as "UID:GID".
 *
 * Locks (flock(2)): who adds to the store holds `lock` shared, who removes holds it exclusively.
 * Whoever uses a layer holds layers/HEX shared, and a layer so held is never removed.
 *
 * Reading needs neither libcurl, libarchive nor a JSON parser, and no user namespace.  All writing
 * but that of names happens in rlc-image, inside the id map.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define STORE_KEPT	  "kept"
#define STORE_KEPT_LAYERS "layers"

typedef struct {
	char *path; /* absolute */
	int dir;    /* O_RDONLY | O_DIRECTORY */
} Store;

/* An image of the store. Strings that are not set are NULL, lists are never NULL. */
typedef struct {
	char *name;	/* reference_name() of what was pulled, loaded or tagged */
	char *index;	/* digest that the name has at its source, of an index or of the manifest */
	char *manifest; /* digest */
	char *config;	/* digest; its digits are the image's id */
	char *os, *architecture, *variant;
	int64_t created;   /* seconds since 1970; 0: unknown */
	int64_t pulled;	   /* seconds since 1970 */
	uint64_t size;	   /* bytes of all blobs */
	GPtrArray *layers; /* of char *: diff ids (digests), lowest first */
	GPtrArray *trees;  /* of char *: for each layer which of layers/; empty: its diff id */
	/* The configuration, as the image's maker wrote it: hostile */
	GPtrArray *entrypoint, *cmd; /* of char *, NULL terminated like all lists here */
	GPtrArray *env;		     /* of char *: each is NAME=VALUE, nothing else comes here */
	GPtrArray *ports;	     /* of char *: "80/tcp" */
	GPtrArray *volumes;	     /* of char *: paths inside */
	GPtrArray *labels;	     /* of char *: NAME=VALUE */
	char *user, *workdir, *stop_signal;
	GPtrArray *healthcheck; /* of char *: Test: "CMD", "CMD-SHELL" or "NONE" first */
	int64_t health_interval, health_timeout, health_start_period; /* nanoseconds; 0: default */
	int64_t health_start_interval;				      /* the same */
	int64_t health_retries;					      /* 0: default */
} StoreImage;

StoreImage *store_image_new(void);
void store_image_free(StoreImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreImage, store_image_free)

/* Append a copy of text to a list of an image, which stays NULL terminated. */
void store_list_add(GPtrArray *list, const char *text);

/* The image's id: digits of its configuration's digest. */
const char *store_image_id(const StoreImage *image);

/* Digest: under which of layers/ are the files of layer i? Borrowed. */
const char *store_image_tree(const StoreImage *image, guint i);

/* The chain id of the uppermost of the lowest count layers, of which there is one. Caller frees. */
char *store_image_chain_of(const StoreImage *image, guint count);

/*
 * The chain id of the topmost layer, under which layers/ may have the layers merged into one; NULL
 * for an image of so few that it never does.  Caller frees.
 */
char *store_image_chain(const StoreImage *image);

/*
 * Where the store is: $RLC_STORE, else /var/lib/rlc for root, else $XDG_DATA_HOME/rlc or
 * ~/.local/share/rlc.  --store DIR sets RLC_STORE.  Caller frees.
 */
char *store_default_path(void);

/* An overlay cannot hold whiteouts of another, so that layers with deletions cannot be unpacked. */
bool store_is_on_overlay(const char *path);

/*
 * Open the store at path (NULL: the default), and make it if create.  Without create a store that
 * does not exist is RLC_ERROR_NOT_FOUND.  One that is not the caller's, or open to others, or
 * behind a link that another user made, is refused.  Who writes anything below the store opens it
 * by this first.
 */
Store *store_open(const char *path, bool create, GError **error);
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/*
 * The image that text names: a reference as typed, or at least 3 digits of an image's id (also as
 * sha256:…).  RLC_ERROR_NOT_FOUND where there is none, USAGE where text is no reference or names
 * two images by the start of their ids, FAILED where the file of that name is damaged.
 */
StoreImage *store_find(const Store *store, const char *text, GError **error);

/* All images, sorted by name. NULL with *error set. Array of StoreImage *, freed with it. */
GPtrArray *store_images(const Store *store, GError **error);

/*
 * Hold a layer for as long as the descriptor is open: that of layers/HEX, whose "diff" is the
 * layer's root (to be opened inside the id map: the owner of files is there).  It closes on exec.
 * NOT_FOUND where the layer has been removed.  Who runs an image holds its layers before anything
 * else, and keeps them until the container ends.
 */
int store_hold_layer(const Store *store, const char *diff_id, GError **error);

/* Give an image, all of whose blobs and layers are in the store, its name. Replaces. */
bool store_put(const Store *store, const StoreImage *image, GError **error);

/*
 * Take a name away; NOT_FOUND where there is none.  What nothing names any more is removed by
 * rlc-image.
 */
bool store_remove_name(const Store *store, const char *name, GError **error);

/* Take `lock`: exclusive to remove, else shared. Waits, and says so. Descriptor or -1.
 */
int store_lock(const Store *store, bool exclusive, GError **error);

/* The file format of names/: pure. Caller frees; parse refuses what is truncated or not well
 * formed. */
GBytes *store_image_serialize(const StoreImage *image);
StoreImage *store_image_parse(const char *name, const void *data, size_t length, GError **error);
