/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles of system calls, docker's and the OCI's. */
#include "fuzz.h"
#include "rlc-seccomp/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProfileHost host = {0xa80425fb, "amd64", {6, 1}};
	g_autofree char *text = fuzz_text(data, size);
	g_auto(Profile) profile = {0};
	g_autoptr(GError) error = NULL;
	bool ok = profile_parse(text, &host, &profile, &error);

	fuzz_told(ok, error);
	return 0;
}
