/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 of what streams by: nettle's, which uses the processor's instructions for it. */
#pragma once

#include <nettle/sha2.h>
#include <stddef.h>

typedef struct sha256_ctx Hash;

void hash_start(Hash *hash);
void hash_add(Hash *hash, const void *data, size_t length);

/* "sha256:…" of all that was added. Ends the hash. Caller frees. */
char *hash_digest(Hash *hash);
