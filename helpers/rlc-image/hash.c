/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/hash.h"

#include <glib.h>

void hash_start(Hash *hash)
{
	sha256_init(hash);
}

void hash_add(Hash *hash, const void *data, size_t length)
{
	sha256_update(hash, length, data);
}

char *hash_digest(Hash *hash)
{
	uint8_t bytes[SHA256_DIGEST_SIZE];
	GString *text = g_string_new("sha256:");

	sha256_digest(hash, sizeof bytes, bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}
