/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the namespaces that a container shares. */
#include "cmd/run_table.h"

#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"

/* container:NAME, host or private: into *field, or into the set of what is made. */
static bool take_share(Spec *spec, char **field, uint64_t namespace, const char *value,
		       GError **error)
{
	static const char prefix[] = "container:";

	if (field && g_str_has_prefix(value, prefix)) {
		value += strlen(prefix);
		if (!run_value_name(value, error))
			return false;
		spec->linux_.namespaces &= ~namespace;
		return run_value_replace(field, value);
	}
	if (strcmp(value, "host") == 0)
		spec->linux_.namespaces &= ~namespace;
	else if (strcmp(value, "private") != 0)
		return error_set(error, RLC_ERROR_USAGE, "neither host nor private%s",
				 field ? " nor container:NAME" : "");
	return true;
}

static bool set_pid(RunParse *parse, const char *value, GError **error)
{
	return take_share(parse->spec, &parse->spec->rlc.share.pid, CLONE_NEWPID, value, error);
}

/* docker's "shareable" is what every container is here */
static bool set_ipc(RunParse *parse, const char *value, GError **error)
{
	return strcmp(value, "shareable") == 0 ||
	       take_share(parse->spec, &parse->spec->rlc.share.ipc, CLONE_NEWIPC, value, error);
}

static bool set_uts(RunParse *parse, const char *value, GError **error)
{
	return take_share(parse->spec, &parse->spec->rlc.share.uts, CLONE_NEWUTS, value, error);
}

static bool set_cgroupns(RunParse *parse, const char *value, GError **error)
{
	return take_share(parse->spec, NULL, CLONE_NEWCGROUP, value, error);
}

static const RunOption rows[] = {
	{"pid", 0, OPTION_ONCE, set_pid, "MODE",
	 "whose processes it sees: private, host, container:NAME"},
	{"ipc", 0, OPTION_ONCE, set_ipc, "MODE",
	 "whose shared memory, /dev/shm too: private, host, container:NAME"},
	{"uts", 0, OPTION_ONCE, set_uts, "MODE", "whose hostname: private, host, container:NAME"},
	{"cgroupns", 0, OPTION_ONCE, set_cgroupns, "MODE",
	 "whose view of the cgroups: private or host"},
};

const RunGroup run_share_group = {"Sharing", rows, G_N_ELEMENTS(rows)};
