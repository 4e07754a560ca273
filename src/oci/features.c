/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this build can do, as features.md of the runtime specification has it. */
#include <jansson.h>
#include <stdio.h>
#include <sys/capability.h>

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

	for (cap_value_t i = 0; i < cap_max_bits(); i++) {
		char *lower = cap_to_name(i);
		g_autofree char *name = lower ? g_ascii_strup(lower, -1) : NULL;

		if (name)
			json_array_append_new(array, json_string(name));
		cap_free(lower);
	}
	return array;
}

static json_t *linux_features(void)
{
	static const char *const namespaces[] = {"cgroup", "ipc",  "mount", "network",
						 "pid",	   "time", "user",  "uts"};

	return json_pack("{sosos{sbsbsbsb}s{sb}s{sb}s{s{sb}}s{sb}s{sb}}", "namespaces",
			 strings(namespaces, G_N_ELEMENTS(namespaces)), "capabilities",
			 capabilities(), "cgroup", "v1", 0, "v2", 0, "systemd", 0, "systemdUser", 0,
			 "apparmor", "enabled", 0, "selinux", "enabled", 0, "mountExtensions",
			 "idmap", "enabled", 0, "intelRdt", "enabled", 0, "seccomp", "enabled", 0);
}

int verb_features(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	static const char *const hooks[] = {"prestart",	      "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};
	static const char *const options[] = {
		"acl",	     "async",	     "atime",	    "bind",	   "copy-symlink",
		"defaults",  "dev",	     "diratime",    "exec",	   "noatime",
		"nodev",     "nodiratime",   "noexec",	    "norelatime",  "nostrictatime",
		"nosuid",    "nosymfollow",  "private",	    "ratime",	   "rbind",
		"rdev",	     "rdiratime",    "relatime",    "rexec",	   "rnoatime",
		"rnodev",    "rnodiratime",  "rnoexec",	    "rnorelatime", "rnostrictatime",
		"rnosuid",   "rnosymfollow", "ro",	    "rprivate",	   "rrelatime",
		"rro",	     "rrw",	     "rshared",	    "rslave",	   "rstrictatime",
		"rsuid",     "rsymfollow",   "runbindable", "rw",	   "shared",
		"slave",     "strictatime",  "suid",	    "symfollow",   "tmpcopyup",
		"unbindable"};
	json_t *all;

	if (!verb_parse(globals, &argc, &argv, NULL, error))
		return -1;
	all = json_pack("{sssssososos{ss}}", "ociVersionMin", "1.0.0", "ociVersionMax", OCI_VERSION,
			"hooks", strings(hooks, G_N_ELEMENTS(hooks)), "mountOptions",
			strings(options, G_N_ELEMENTS(options)), "linux", linux_features(),
			"annotations", "io.rlc.version", RLC_VERSION);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return 0;
}
