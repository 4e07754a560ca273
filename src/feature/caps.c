/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/caps.h"

#include <errno.h>
#include <linux/capability.h>

#include "base/error.h"
#include "kernel/capability.h"

bool caps_parse(const char *name, uint64_t *ret_mask)
{
	int capability;

	if (g_ascii_strcasecmp(name, "all") == 0) {
		*ret_mask = UINT64_MAX;
		return true;
	}
	capability = capability_find(g_ascii_strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name);
	if (capability < 0)
		return false;
	*ret_mask = UINT64_C(1) << capability;
	return true;
}

bool caps_drop_bounding(const SpecCapabilities *caps, GError **error)
{
	return capability_keep_bound(caps->bounding) ||
	       error_errno(error, errno, "drop capabilities from the bounding set");
}

static bool caps_raise_ambient(uint64_t mask, GError **error)
{
	for (int i = 0; i < 64; i++) {
		if (mask & UINT64_C(1) << i && !capability_raise_ambient(i))
			return error_errno(error, errno, "raise ambient capability %d", i);
	}
	return true;
}

/* What this process may have at most: rlc itself may run with less than everything. */
static uint64_t caps_held(void)
{
	Capabilities sets;

	return capability_get(&sets) ? sets.permitted : 0;
}

bool caps_set(const SpecCapabilities *caps, uint32_t uid, GError **error)
{
	uint64_t held = caps_held();
	uint64_t allowed = caps->bounding & held;
	uint64_t ambient = caps->ambient & allowed;
	Capabilities sets = {
		.permitted = uid == 0 ? (caps->permitted & allowed) | ambient : ambient,
		.effective = uid == 0 ? (caps->effective & allowed) | ambient : ambient,
		.inheritable = ambient,
	};

	if (caps->exact) {
		sets.permitted = caps->permitted & held;
		sets.effective = caps->effective & sets.permitted;
		sets.inheritable = caps->inheritable & held;
		ambient = caps->ambient & sets.permitted & sets.inheritable;
	}
	if (!capability_set(&sets))
		return error_errno(error, errno, "set capabilities");
	return caps_raise_ambient(ambient, error);
}

bool caps_keep_kill(GError **error)
{
	const uint64_t kill = UINT64_C(1) << CAP_KILL;
	const SpecCapabilities caps = {.bounding = kill, .permitted = kill, .effective = kill};

	return caps_set(&caps, 0, error);
}

bool caps_raise_permitted(GError **error)
{
	Capabilities sets;

	if (capability_get(&sets)) {
		sets.effective = sets.permitted;
		if (capability_set(&sets))
			return true;
	}
	return error_errno(error, errno, "raise capabilities");
}
