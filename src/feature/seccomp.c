/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/seccomp.h"

#include <linux/capability.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/seccomp_listener.h"
#include "feature/seccomp_profile.h"
#include "kernel/filter.h"

/* What the default filter depends on. */
static uint64_t powers(const Spec *spec)
{
	uint64_t capabilities = spec->process.capabilities.bounding & ~FILTER_NESTED;

	return capabilities | (spec->rlc.nested_userns ? FILTER_NESTED : 0);
}

bool seccomp_allows_userns(const Spec *spec)
{
	return powers(spec) & (FILTER_NESTED | UINT64_C(1) << CAP_SYS_ADMIN);
}

static bool plan_profile(const Spec *spec, Plan *plan, GError **error)
{
	const SpecSeccomp *asked = &spec->linux_.seccomp;

	if (!seccomp_profile_plan(plan->state_root, asked->profile, powers(spec), &plan->seccomp,
				  error)) {
		if (asked->file)
			error_prefix(error, "'%s': ", asked->file);
		return false;
	}
	return !(plan->seccomp.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) ||
	       seccomp_listener_wanted(spec) ||
	       error_set(error, RLC_ERROR_UNSUPPORTED,
			 "use the profile: nobody listens for SCMP_ACT_NOTIFY");
}

bool seccomp_plan(const Spec *spec, Plan *plan, GError **error)
{
	if (spec->linux_.seccomp.kind == SECCOMP_NONE)
		return true;
	if (spec->linux_.seccomp.kind == SECCOMP_PROFILE)
		return plan_profile(spec, plan, error);
	plan->seccomp = (SeccompPlan){
		.code = filter_decide(&filter_payload, powers(spec)),
		.count = filter_payload.count,
	};
	return true;
}

bool seccomp_load(const Plan *plan, Sync *sync, GError **error)
{
	const SeccompPlan *seccomp = &plan->seccomp;
	auto_fd listener = -1;

	return !seccomp->code ||
	       (filter_load(seccomp->code, seccomp->count, seccomp->flags, &listener, error) &&
		seccomp_listener_give(plan->spec, sync, listener, error));
}
