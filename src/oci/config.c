/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/config.h"

#include <sched.h>
#include <string.h>

#include "base/error.h"

static bool take_version(const FieldAt *at, void *target, GError **error)
{
	const char *version = field_string(at, error);

	(void)target;
	if (!version)
		return false;
	return g_str_has_prefix(version, "1.") || g_str_has_prefix(version, "0.") ||
	       field_wrong(at, error, "version '%s' of the specification is not known", version);
}

/* An empty name is none, as with runc. */
static bool take_name(const FieldAt *at, void *target, GError **error)
{
	if (!field_take(at, FIELD_STRING, target, error))
		return false;
	if (!**(char **)target)
		g_clear_pointer((char **)target, g_free);
	return true;
}

/* FIELD_CALL with offset 0: each section fills what it wants of the Spec. */
static const Field fields[] = {
	{"ociVersion", FIELD_CALL, 0, take_version, true},
	{"hostname", FIELD_CALL, offsetof(Spec, hostname), take_name, false},
	{"domainname", FIELD_CALL, offsetof(Spec, domainname), take_name, false},
	{"process", FIELD_CALL, 0, config_process, false},
	{"root", FIELD_CALL, 0, config_root, true},
	{"mounts", FIELD_EACH, 0, config_mount, false},
	{"hooks", FIELD_CALL, 0, config_hooks, false},
	{"annotations", FIELD_MAP, 0, config_annotation, false},
	{"linux", FIELD_CALL, 0, config_linux, false},
};

/* What a namespace is asked for without. */
static bool check_namespaces(const FieldAt *root, const Spec *spec, GError **error)
{
	const SpecLinux *linux_ = &spec->linux_;
	uint64_t own = linux_->namespaces;
	const struct {
		bool asked;
		uint64_t needed;
		const char *what;
	} rules[] = {
		{linux_->uid_mappings->len || linux_->gid_mappings->len, CLONE_NEWUSER,
		 "User namespace mappings specified, but user namespace isn't enabled in the "
		 "config"},
		{spec->hostname != NULL, CLONE_NEWUTS,
		 "hostname is set, but there is no uts namespace"},
		{spec->domainname != NULL, CLONE_NEWUTS,
		 "domainname is set, but there is no uts namespace"},
		{linux_->monotonic.set || linux_->boottime.set, CLONE_NEWTIME,
		 "timeOffsets are set, but there is no time namespace"},
		{linux_->net_devices->len > 0, CLONE_NEWNET,
		 "netDevices are set, but there is no network namespace of its own"},
		{spec->rlc.network.publish->len > 0 && spec->rlc.network.mode != NET_SLIRP, 0,
		 "the annotation io.rlc.publish is for the network slirp alone"},
		{linux_->namespaces & CLONE_NEWUSER, CLONE_NEWNS,
		 "there is a user namespace, but no mount namespace"},
	};

	if (spec->rlc.network.mode == NET_SLIRP && !(own & CLONE_NEWNET))
		return field_wrong(root, error,
				   "the annotation io.rlc.network asks for slirp, but there is no "
				   "network namespace of its own");
	for (guint i = 0; i < linux_->joined->len; i++)
		own |= g_array_index(linux_->joined, SpecNamespace, i).flag;
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		if (rules[i].asked && !(own & rules[i].needed))
			return field_wrong(root, error, "%s", rules[i].what);
	}
	return true;
}

/* config-linux.md, "Cgroup ownership": who has it mounted writable in a namespace of its own. */
static bool divides_cgroup(const Spec *spec)
{
	for (guint i = 0; i < spec->mounts->len; i++) {
		const SpecMount *mount = &g_array_index(spec->mounts, SpecMount, i);
		bool readonly = false;

		for (guint j = 0; j < mount->options->len; j++)
			readonly =
				readonly || strcmp(g_ptr_array_index(mount->options, j), "ro") == 0;
		if (g_strcmp0(mount->type, "cgroup") == 0 && !readonly)
			return spec->linux_.namespaces & CLONE_NEWCGROUP;
	}
	return false;
}

static bool joins_mounts(const SpecLinux *linux_)
{
	for (guint i = 0; i < linux_->joined->len; i++) {
		if (g_array_index(linux_->joined, SpecNamespace, i).flag == CLONE_NEWNS)
			return true;
	}
	return false;
}

/* The engine's words for it. Its mounts are always made in a namespace of their own. */
static void settle(Spec *spec)
{
	SpecMemory *memory = &spec->linux_.resources.memory;

	spec->rlc.oci = true;
	if (memory->limit > 0 && memory->swap == 0)
		memory->swap = -1; /* to limit it with memory is a default of rlc run's */
	spec->rlc.host_mounts =
		!(spec->linux_.namespaces & CLONE_NEWNS) && !joins_mounts(&spec->linux_);
	if (spec->rlc.host_mounts)
		spec->linux_.namespaces |= CLONE_NEWNS;
	spec->rlc.interactive = true;
	spec->rlc.userns = spec->linux_.namespaces & CLONE_NEWUSER ? USERNS_MAP : USERNS_DEFAULT;
	spec->rlc.cgroup_writable = divides_cgroup(spec);
	if (!(spec->linux_.namespaces & CLONE_NEWNET))
		spec->rlc.network.mode = NET_HOST;
}

Spec *config_read(const FieldDocument *document, GError **error)
{
	const FieldAt root = field_root(document);
	g_autoptr(Spec) spec = spec_new_bare();

	spec->process.capabilities.exact = true;
	spec->linux_.seccomp.kind = SECCOMP_NONE;
	spec->rlc.nested_userns = true; /* no word of the OCI forbids them */
	spec->rlc.network.mode = NET_NONE;
	if (!field_read(&root, fields, G_N_ELEMENTS(fields), spec, error) ||
	    !check_namespaces(&root, spec, error))
		return NULL;
	settle(spec);
	return g_steal_pointer(&spec);
}
