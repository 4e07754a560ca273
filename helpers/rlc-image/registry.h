/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registry: a Source that speaks the OCI distribution protocol (and Docker's, which it grew from).
 *
 * Mirrors of registries.conf are asked first.  A registry on this machine (localhost, 127.0.0.0/8,
 * ::1), and one that is called insecure, may speak plain HTTP.  What fails for the moment is tried
 * again, later and later, from where it broke off.
 */
#pragma once

#include "image/reference.h"
#include "rlc-image/source.h"

typedef struct {
	const char *auth_file;	 /* or NULL: the usual places */
	const char *credentials; /* USER[:PASSWORD], or NULL */
	bool insecure;		 /* --tls-verify=false */
} RegistryOptions;

Source *registry_open(const Reference *reference, const RegistryOptions *options, GError **error);

/*
 * The value of name in a challenge, Bearer realm="…",service="…" (RFC 6750, section 3), as a
 * registry may write it; NULL: it has none.  Pure.  Caller frees.
 */
char *registry_challenge_value(const char *challenge, const char *name);
