/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/digest.h"

#include <string.h>

#define PREFIX "sha256:"

bool digest_is_valid(const char *text)
{
	return strlen(text) == DIGEST_LENGTH && g_str_has_prefix(text, PREFIX) &&
	       strspn(digest_hex(text), "0123456789abcdef") == DIGEST_HEX;
}

const char *digest_hex(const char *digest)
{
	return digest + strlen(PREFIX);
}

char *digest_of(const void *data, size_t length)
{
	g_autofree char *hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, length);

	return g_strconcat(PREFIX, hex, NULL);
}
