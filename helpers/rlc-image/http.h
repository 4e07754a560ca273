/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP: one GET or POST after the other over libcurl, in whatever process asks. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "rlc-image/source.h"

typedef struct Http Http;

typedef struct {
	long status;	    /* of HTTP; 0: the server was not reached */
	bool tls_failed;    /* the other side does not speak TLS, or not so that we trust it */
	bool transient;	    /* trying again may help */
	long retry_after;   /* seconds, as the server asked; 0: it did not */
	char *content_type; /* without parameters; or NULL */
	char *challenge;    /* WWW-Authenticate, or NULL */
	char *body;	    /* of an answer that is no success: the first 4 KiB; or NULL */
} HttpResponse;

void http_response_clear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, http_response_clear)

/*
 * host: HOST[:PORT], whose certificates are looked for in the certs.d directories of containers
 * and docker.  insecure: certificates are not checked, and plain HTTP may be asked for and
 * redirected to.
 */
Http *http_new(const char *host, bool insecure, GError **error);
void http_free(Http *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Http, http_free)

/*
 * GET url, or POST form (if not NULL).  headers: NULL terminated, or NULL; the Authorization among
 * them is never sent to another host.  The body of a success goes to sink, from offset on (a range,
 * or all of it with the start passed over).  False with *error set when no answer came, or not all
 * of it; an answer that says no is true, with its status.
 */
bool http_request(Http *http, const char *url, const char *form, const char *const *headers,
		  uint64_t offset, SourceSink sink, gpointer data, HttpResponse *ret,
		  GError **error);

/* A sink for small answers: appends to a GString, at most MANIFEST_MAX. */
bool http_to_string(gpointer string, const void *bytes, size_t length, GError **error);
