/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source: where an image comes from, be it a registry or a directory. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/manifest.h"

/* Takes the next bytes of a blob; false with *error set ends the transfer. */
typedef bool (*SourceSink)(gpointer data, const void *bytes, size_t length, GError **error);

typedef struct Source Source;

struct Source {
	/*
	 * A manifest or an index: of this digest, or (NULL) of what the reference names.  ret_type
	 * is what the source says it is, or NULL.  The caller verifies digests.
	 */
	bool (*read_manifest)(Source *source, const char *digest, char **ret_text,
			      size_t *ret_length, char **ret_type, GError **error);

	/* Bytes of a blob from offset to its end, in order. The caller verifies them. */
	bool (*read_blob)(Source *source, const Descriptor *blob, uint64_t offset, SourceSink sink,
			  gpointer data, GError **error);

	void (*free)(Source *source);

	char *name;   /* that the image has there, or NULL */
	char *digest; /* that its manifest or index has to have, or NULL */
};

static inline void source_free(Source *source)
{
	if (source)
		source->free(source);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)
