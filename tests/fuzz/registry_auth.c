/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth.json; and a registry's challenge, which is the first line. */
#include <string.h>

#include "fuzz.h"
#include "rlc-image/auth.h"
#include "rlc-image/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size), *helper = NULL, *key = NULL;
	g_autofree char *challenge = g_strndup(text, strcspn(text, "\n"));
	g_autofree char *realm = registry_challenge_value(challenge, "realm");
	g_auto(Credentials) credentials = {0};
	g_autoptr(GError) error = NULL;
	const char *json = text[strlen(challenge)] ? text + strlen(challenge) + 1 : text;
	bool ok = credentials_parse(json, "fuzz", "quay.io", "a/b", &credentials, &helper, &key,
				    &error);

	fuzz_told(ok, error);
	g_assert_true(!realm || !strchr(realm, '"'));
	g_assert_true(!helper || !strchr(helper, '/')); /* it is a program's name */
	return 0;
}
