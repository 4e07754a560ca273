/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/caps.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/error.h"

#define CAP_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(cap_t, cap_free, NULL)

bool caps_parse(const char *name, uint64_t *ret_mask)
{
	g_autofree char *full = NULL;
	cap_value_t value;

	if (g_ascii_strcasecmp(name, "all") == 0) {
		*ret_mask = UINT64_MAX;
		return true;
	}
	full = g_ascii_strncasecmp(name, "cap_", 4) == 0 ? g_strdup(name)
							 : g_strconcat("cap_", name, NULL);
	/* libcap takes numbers too, and stops at the first character that it does not like */
	if (strspn(full, CAP_LETTERS) != strlen(full) || cap_from_name(full, &value) < 0)
		return false;
	*ret_mask = UINT64_C(1) << value;
	return true;
}

bool caps_drop_bounding(const SpecCapabilities *caps, GError **error)
{
	for (int i = 0; i < cap_max_bits(); i++) {
		/* who may drop none may be without it all the same */
		if (!(caps->bounding & UINT64_C(1) << i) && cap_drop_bound(i) < 0 &&
		    cap_get_bound(i) > 0)
			return error_errno(error, errno, "drop capability %d from the bounding set",
					   i);
	}
	return true;
}

/* Raise in flag whatever mask has and the kernel knows. */
static bool caps_fill(cap_t sets, cap_flag_t flag, uint64_t mask)
{
	for (int i = 0; i < cap_max_bits(); i++) {
		cap_value_t value = i;

		if (mask & UINT64_C(1) << i && cap_set_flag(sets, flag, 1, &value, CAP_SET) < 0)
			return false;
	}
	return true;
}

static bool caps_raise_ambient(uint64_t mask, GError **error)
{
	for (int i = 0; i < cap_max_bits(); i++) {
		if (mask & UINT64_C(1) << i && cap_set_ambient(i, CAP_SET) < 0)
			return error_errno(error, errno, "raise ambient capability %d", i);
	}
	return true;
}

/* What this process may have at most: rlc itself may run with less than everything. */
static uint64_t caps_held(void)
{
	g_auto(cap_t) sets = cap_get_proc();
	uint64_t mask = 0;

	for (int i = 0; sets && i < cap_max_bits(); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(sets, i, CAP_PERMITTED, &value) == 0 && value == CAP_SET)
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

bool caps_set(const SpecCapabilities *caps, uint32_t uid, GError **error)
{
	g_auto(cap_t) sets = cap_init();
	uint64_t allowed = caps->bounding & caps_held();
	uint64_t ambient = caps->ambient & allowed;
	uint64_t permitted = uid == 0 ? (caps->permitted & allowed) | ambient : ambient;
	uint64_t effective = uid == 0 ? (caps->effective & allowed) | ambient : ambient;
	uint64_t inheritable = ambient;

	if (caps->exact) {
		allowed = caps_held();
		permitted = caps->permitted & allowed;
		effective = caps->effective & permitted;
		inheritable = caps->inheritable & allowed;
		ambient = caps->ambient & permitted & inheritable;
	}
	if (!sets || !caps_fill(sets, CAP_PERMITTED, permitted) ||
	    !caps_fill(sets, CAP_EFFECTIVE, effective) ||
	    !caps_fill(sets, CAP_INHERITABLE, inheritable) || cap_set_proc(sets) < 0)
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
	g_auto(cap_t) sets = cap_get_proc();

	if (!sets || !caps_fill(sets, CAP_EFFECTIVE, caps_held()) || cap_set_proc(sets) < 0)
		return error_errno(error, errno, "raise capabilities");
	return true;
}
