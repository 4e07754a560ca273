/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this build can do, as features.md of the runtime specification has it. */
#include <jansson.h>
#include <stdio.h>

#include "feature/cgroup_property.h"
#include "kernel/capability.h"
#include "oci/verb.h"

static json_t *strings(const char *const *texts, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

static json_t *capabilities(void)
{
	json_t *array = json_array();

	for (int i = 0; capability_name(i); i++) {
		g_autofree char *lower = g_strconcat("cap_", capability_name(i), NULL);
		g_autofree char *name = g_ascii_strup(lower, -1);

		json_array_append_new(array, json_string(name));
	}
	return array;
}

#define STRINGS(...)                                                                               \
	strings((const char *const[]){__VA_ARGS__},                                                \
		G_N_ELEMENTS(((const char *const[]){__VA_ARGS__})))

/* What a filter can be made for on this processor */
#if defined __x86_64__
#define SECCOMP_ARCHS "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64"
#elif defined __aarch64__
#define SECCOMP_ARCHS "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"
#elif defined __riscv
#define SECCOMP_ARCHS "SCMP_ARCH_RISCV64"
#elif defined __powerpc64__
#define SECCOMP_ARCHS "SCMP_ARCH_PPC64LE"
#else
#define SECCOMP_ARCHS "SCMP_ARCH_S390X"
#endif

/* What rlc-seccomp knows: helpers/rlc-seccomp/profile.c */
static json_t *seccomp(void)
{
	return json_pack("{sbsosososo}", "enabled", 1, "actions",
			 STRINGS("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
				 "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
				 "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"),
			 "operators",
			 STRINGS("SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE",
				 "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"),
			 "archs", STRINGS(SECCOMP_ARCHS), "supportedFlags",
			 STRINGS("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
				 "SECCOMP_FILTER_FLAG_TSYNC"));
}

static json_t *memory_policy(void)
{
	return json_pack(
		"{soso}", "modes",
		STRINGS("MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL",
			"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE"),
		"flags",
		STRINGS("MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"));
}

static json_t *linux_features(void)
{
	return json_pack("{soso s{sbsbsbsbsb} so s{sb}s{sb} s{s{sb}} s{sbsbsb} so s{sb}}",
			 "namespaces",
			 STRINGS("cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"),
			 "capabilities", capabilities(), "cgroup", "v1", 1, "v2", 1, "systemd", 1,
			 "systemdUser", 1, "rdma", 1, "seccomp", seccomp(), "apparmor", "enabled",
			 1, "selinux", "enabled", 1, "mountExtensions", "idmap", "enabled", 1,
			 "intelRdt", "enabled", 1, "schemata", 1, "monitoring", 1, "memoryPolicy",
			 memory_policy(), "netDevices", "enabled", 1);
}

int verb_features(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	static const char *const hooks[] = {"prestart",	      "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};
	static const char *const options[] = {
		"acl",		"async",	"atime",       "bind",
		"copy-symlink", "defaults",	"dev",	       "diratime",
		"exec",		"idmap",	"noatime",     "nodev",
		"nodiratime",	"noexec",	"norelatime",  "nostrictatime",
		"nosuid",	"nosymfollow",	"private",     "ratime",
		"rbind",	"rdev",		"rdiratime",   "ridmap",
		"relatime",	"rexec",	"rnoatime",    "rnodev",
		"rnodiratime",	"rnoexec",	"rnorelatime", "rnostrictatime",
		"rnosuid",	"rnosymfollow", "ro",	       "rprivate",
		"rrelatime",	"rro",		"rrw",	       "rshared",
		"rslave",	"rstrictatime", "rsuid",       "rsymfollow",
		"runbindable",	"rw",		"shared",      "slave",
		"strictatime",	"suid",		"symfollow",   "tmpcopyup",
		"unbindable"};
	json_t *all;

	if (!verb_parse(globals, &argc, &argv, NULL, error))
		return -1;
	all = json_pack("{sssssososos{ss}so}", "ociVersionMin", "1.0.0", "ociVersionMax",
			OCI_VERSION, "hooks", strings(hooks, G_N_ELEMENTS(hooks)), "mountOptions",
			strings(options, G_N_ELEMENTS(options)), "linux", linux_features(),
			"annotations", "io.rlc.version", RLC_VERSION,
			"potentiallyUnsafeConfigAnnotations",
			STRINGS("io.rlc.network", "io.rlc.publish", CGROUP_PROPERTY));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return 0;
}
