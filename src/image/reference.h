/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * References: how a user names an image, and the places one can come from or go to.
 *
 *     [docker://]NAME[:TAG][@DIGEST]    a registry; NAME is [HOST[:PORT]/]PATH
 *     oci:DIR[:REF]                     a directory in OCI image layout
 *     oci-archive:FILE[:REF]            the same as a tar file
 *     docker-archive:FILE[:NAME:TAG]    the tar file of `docker save`
 *     dir:DIR                           a directory as skopeo's dir: writes it
 *     builtin:busybox                   the image inside rlc
 *
 * A NAME without a host is docker.io's, and without a slash docker.io/library's.  The grammar is
 * that of the distribution project and nothing looser; a whole name has no more than 255
 * characters, so that it can be a file name.  Pure functions.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	TRANSPORT_DOCKER,
	TRANSPORT_OCI,
	TRANSPORT_OCI_ARCHIVE,
	TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_DIR,
	TRANSPORT_BUILTIN,
} Transport;

typedef struct {
	Transport transport;
	/* TRANSPORT_DOCKER */
	char *host;	  /* "docker.io", "localhost:5000", "[::1]:5000" */
	char *repository; /* "library/debian" */
	char *tag;	  /* "latest" where neither a tag nor a digest is given; else may be NULL */
	char *digest;	  /* "sha256:…", or NULL; where there is one, the tag means nothing */
	/* the others: directory, file, or the name of a built-in image */
	char *path;
	char *inner; /* the image's name in there, or NULL for the only one */
} Reference;

void reference_free(Reference *reference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reference, reference_free)

/* Parse what a user typed. NULL with RLC_ERROR_USAGE, which says what is wrong with it. */
Reference *reference_parse(const char *text, GError **error);

/*
 * The whole name of a TRANSPORT_DOCKER reference, which names an image in the store:
 * "docker.io/library/debian:12", or "…@sha256:…" without the tag where a digest is given.
 */
char *reference_name(const Reference *reference);

/* As short as it can be typed for the same image: "debian:12". For listings. */
char *reference_short_name(const char *name);
