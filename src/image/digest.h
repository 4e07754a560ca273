/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Digests as the OCI image specification writes them: "sha256:" and 64 lower-case hexadecimal
 * digits.  No other algorithm is taken: a name that lets the sender choose a weak one is no proof.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define DIGEST_HEX    64				  /* digits */
#define DIGEST_LENGTH (sizeof "sha256:" - 1 + DIGEST_HEX) /* characters, without NUL */

/* Is text a digest, and nothing else? */
bool digest_is_valid(const char *text);

/* The digits of a valid digest: a pointer into it. */
const char *digest_hex(const char *digest);

/* "sha256:…" of data. For small things: what streams is hashed by rlc-image. Caller frees. */
char *digest_of(const void *data, size_t length);
