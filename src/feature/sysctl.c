/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/sysctl.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/namespace.h"

/* Which namespace a parameter belongs to, by what its name begins with. */
static const struct {
	const char *prefix;
	uint64_t flag;
} owners[] = {
	{"net.", CLONE_NEWNET},
	{"fs.mqueue.", CLONE_NEWIPC},
	{"kernel.msgmax", CLONE_NEWIPC},
	{"kernel.msgmnb", CLONE_NEWIPC},
	{"kernel.msgmni", CLONE_NEWIPC},
	{"kernel.sem", CLONE_NEWIPC},
	{"kernel.shmall", CLONE_NEWIPC},
	{"kernel.shmmax", CLONE_NEWIPC},
	{"kernel.shmmni", CLONE_NEWIPC},
	{"kernel.shm_rmid_forced", CLONE_NEWIPC},
	{"kernel.hostname", CLONE_NEWUTS},
	{"kernel.domainname", CLONE_NEWUTS},
	{"user.", CLONE_NEWUSER},
};

/* Of the namespaces that an OCI caller joins those are not among plan->enter that are the host's.
 */
static bool belongs_to_container(const char *name, const Plan *plan)
{
	uint64_t own = plan->spec->linux_.namespaces;

	for (guint i = 0; plan->enter && i < plan->enter->len; i++)
		own |= namespace_type(g_array_index(plan->enter, int, i));
	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
		if (g_str_has_prefix(name, owners[i].prefix))
			return own & owners[i].flag;
	}
	return false;
}

/* NAME of "NAME=VALUE", with dots between its parts: slashes do as well, and a name may have
 * either. */
static char *dotted_name(const char *assignment)
{
	char *name = g_strndup(assignment, strcspn(assignment, "="));

	if (strcspn(name, "/") < strcspn(name, "."))
		g_strdelimit(g_strdelimit(g_strdelimit(name, ".", '\001'), "/", '.'), "\001", '/');
	return name;
}

/* Of the file below /proc/sys: a slash of the dotted name is a dot (an interface eth0.1). */
static char *file_of(const char *assignment)
{
	char *name = dotted_name(assignment);

	return g_strdelimit(g_strdelimit(g_strdelimit(name, "/", '\001'), ".", '/'), "\001", '.');
}

/* What begins with a namespace's part of the tree stays in it. */
static bool leads_upwards(const char *assignment)
{
	g_autofree char *file = file_of(assignment);
	g_auto(GStrv) parts = g_strsplit(file, "/", -1);

	for (char **part = parts; *part; part++) {
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return true;
	}
	return false;
}

bool sysctl_plan(const Spec *spec, Plan *plan, GError **error)
{
	for (guint i = 0; i < spec->linux_.sysctl->len; i++) {
		const char *assignment = g_ptr_array_index(spec->linux_.sysctl, i);
		g_autofree char *name = dotted_name(assignment);

		if (leads_upwards(assignment) || !belongs_to_container(name, plan))
			return error_set(error, RLC_ERROR_USAGE,
					 "set '%s': no parameter of a namespace that this "
					 "container has of its own",
					 assignment);
	}
	return true;
}

bool sysctl_child(Container *container, GError **error)
{
	const GPtrArray *sysctl = container->plan->spec->linux_.sysctl;

	for (guint i = 0; i < sysctl->len; i++) {
		const char *assignment = g_ptr_array_index(sysctl, i);
		g_autofree char *file = file_of(assignment);
		g_autofree char *path = g_build_filename("/proc/sys", file, NULL);

		if (!fd_write_file(AT_FDCWD, path, strchr(assignment, '=') + 1, error)) {
			error_prefix(error, "set '%s': ", assignment);
			return false;
		}
	}
	return true;
}

void sysctl_explain(const Plan *plan, GString *script)
{
	const GPtrArray *sysctl = plan->spec->linux_.sysctl;

	for (guint i = 0; i < sysctl->len; i++) {
		const char *assignment = g_ptr_array_index(sysctl, i);
		g_autofree char *file = file_of(assignment);
		g_autofree char *value = g_shell_quote(strchr(assignment, '=') + 1);
		g_autofree char *path = g_strdup_printf("/proc/sys/%s", file);
		g_autofree char *quoted = g_shell_quote(path);

		g_string_append_printf(script, "printf '%%s' %s >%s\n", value, quoted);
	}
}
