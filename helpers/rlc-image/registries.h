/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * containers-registries.conf(5), version 2: where an image's registry is to be asked.
 *
 * Read are [[registry]] (prefix, location, insecure, blocked, mirror-by-digest-only) and
 * [[registry.mirror]] (location, insecure, pull-from-mirror) of the user's file, else of
 * /etc/containers/registries.conf, and of the files in registries.conf.d beside either.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/reference.h"

typedef struct {
	char *host;	  /* HOST[:PORT] to connect to */
	char *repository; /* there */
	bool insecure;
} Endpoint;

typedef struct {
	char *prefix, *location; /* either may be NULL */
	bool insecure, blocked;
	bool by_digest;	    /* its mirrors know no tags */
	GPtrArray *mirrors; /* of RegistryMirror * */
} RegistryEntry;

typedef struct {
	char *location;
	char *only; /* "digest-only", "tag-only"; anything else, or NULL: all */
	bool insecure;
} RegistryMirror;

/* Parse the text of one file, adding to entries (of RegistryEntry *). what is for messages. Pure.
 */
bool registries_parse(const char *text, const char *what, GPtrArray *entries, GError **error);
GPtrArray *registries_new(void);

/* Where to ask for an image: mirrors first, itself last. Array of Endpoint *. Pure. */
GPtrArray *registries_endpoints(const GPtrArray *entries, const Reference *reference,
				GError **error);

/* The same with this user's and this machine's files. */
GPtrArray *registries_find(const Reference *reference, GError **error);
