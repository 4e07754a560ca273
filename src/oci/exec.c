/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "container/control.h"
#include "container/enter.h"
#include "container/join.h"
#include "feature/caps.h"
#include "feature/cgroup_handle.h"
#include "feature/resctrl.h"
#include "feature/scheduling.h"
#include "oci/bundle.h"
#include "oci/config.h"
#include "oci/pidfile.h"
#include "oci/verb.h"

typedef struct {
	char *process, *console_socket, *pid_file, *cwd, *user, *apparmor, *label, *cgroup;
	char **env, **caps, **groups;
	int preserve_fds;
	gboolean detach, tty, no_new_privs, ignore_paused;
} ExecOptions;

/* started() has no data of its own: one process is one exec. */
static const char *pid_file;
static CgroupHandle own_cgroup = {.directory = -1};

static bool command_started(const Container *container, GError **error)
{
	cgroup_handle_leave(&own_cgroup);
	return pidfile_write(pid_file, container->init_pid, error);
}

/* The container's state, which the command is told by. */
static char *describe(const Container *container, pid_t pid, const char *status)
{
	const Created *created = container->describe_data;
	json_t *state = bundle_state(created, NULL);
	char *text = state ? bundle_describe(state, created->pid, status) : g_strdup("{}");

	(void)pid; /* the command's, which is no container's */
	json_decref(state);
	return text;
}

/* --- the process --- */

static void replace(char **text, const char *by)
{
	if (!by)
		return;
	g_free(*text);
	*text = g_strdup(by);
}

static bool is_empty(const char *text)
{
	return !text || !*text;
}

/*
 * What a process says nothing of is as for the container's own, with runc and crun as well: no
 * capabilities would be a surprise, and no profile a way out of the container's.
 */
static void inherit(SpecProcess *process, SpecProcess *own, bool has_capabilities)
{
	GArray *rlimits = own->rlimits;

	if (!has_capabilities)
		process->capabilities = own->capabilities;
	if (is_empty(process->apparmor_profile))
		replace(&process->apparmor_profile, own->apparmor_profile);
	if (is_empty(process->selinux_label))
		replace(&process->selinux_label, own->selinux_label);
	if (process->rlimits->len > 0)
		return;
	own->rlimits = process->rlimits;
	process->rlimits = rlimits;
}

/* Take another's process in place of one's own. */
static void swap_process(Spec *a, Spec *b)
{
	SpecProcess process = a->process;

	a->process = b->process;
	b->process = process;
}

static bool read_process(Spec *spec, const char *path, GError **error)
{
	g_auto(FieldDocument) document = {0};
	g_autoptr(Spec) read = spec_new_bare();
	FieldAt root;

	if (!field_load(path, &document, error))
		return false;
	root = field_root(&document);
	read->process.capabilities.exact = true;
	if (!config_process(&root, read, error))
		return false;
	inherit(&read->process, &spec->process,
		json_is_object(json_object_get(root.value, "capabilities")));
	swap_process(spec, read);
	return true;
}

static bool parse_id(const char *text, const char *option, uint32_t *ret_id, GError **error)
{
	char *end;
	guint64 id = g_ascii_strtoull(text, &end, 10);

	if (end == text || *end || id > UINT32_MAX)
		return error_set(error, RLC_ERROR_USAGE, "parse %s '%s': not an id", option, text);
	*ret_id = (uint32_t)id;
	return true;
}

static bool set_user(SpecUser *user, const char *text, GError **error)
{
	g_auto(GStrv) parts = text ? g_strsplit(text, ":", 2) : NULL;

	if (!parts)
		return true;
	return parse_id(parts[0], "--user", &user->uid, error) &&
	       (!parts[1] || parse_id(parts[1], "--user", &user->gid, error));
}

static bool add_groups(SpecUser *user, char **groups, GError **error)
{
	for (char **group = groups; group && *group; group++) {
		uint32_t gid;

		if (!parse_id(*group, "--additional-gids", &gid, error))
			return false;
		g_array_append_val(user->groups, gid);
	}
	return true;
}

/*
 * Who is not root has over its exec what is ambient, which takes inheritable.  root has no need of
 * either: what is inheritable would outlive its becoming another user (CVE-2022-29162).
 */
static bool add_capabilities(SpecProcess *process, char **names, GError **error)
{
	SpecCapabilities *set = &process->capabilities;

	for (char **name = names; name && *name; name++) {
		uint64_t mask;

		if (!caps_parse(*name, &mask))
			return error_set(error, RLC_ERROR_USAGE, "parse --cap '%s': no capability",
					 *name);
		set->bounding |= mask;
		set->effective |= mask;
		set->permitted |= mask;
		if (process->user.uid == 0)
			continue;
		set->inheritable |= mask;
		set->ambient |= mask;
	}
	return true;
}

/* The container's own process, with another command and what the options say. */
static bool change_process(Spec *spec, const ExecOptions *options, char **command, GError **error)
{
	SpecProcess *process = &spec->process;

	if (!*command)
		return error_set(error, RLC_ERROR_USAGE, "exec: no command, and no --process");
	g_ptr_array_set_size(process->args, 0);
	g_ptr_array_add(process->args, NULL);
	for (; *command; command++)
		spec_add_arg(spec, *command);
	for (char **assignment = options->env; assignment && *assignment; assignment++)
		spec_set_env(spec, *assignment);
	process->terminal = options->tty;
	process->no_new_privileges = process->no_new_privileges || options->no_new_privs;
	replace(&process->cwd, options->cwd);
	replace(&process->apparmor_profile, options->apparmor);
	replace(&process->selinux_label, options->label);
	return set_user(&process->user, options->user, error) &&
	       add_groups(&process->user, options->groups, error) &&
	       add_capabilities(process, options->caps, error);
}

static Spec *make_spec(const Created *created, const ExecOptions *options, char **command,
		       GError **error)
{
	g_autoptr(Spec) spec = bundle_spec(created, error);

	if (!spec || !(options->process ? read_process(spec, options->process, error)
					: change_process(spec, options, command, error)))
		return NULL;
	if (spec->process.terminal && options->detach && !options->console_socket) {
		error_set(error, RLC_ERROR_USAGE,
			  "cannot allocate tty if the runtime will detach without setting console "
			  "socket");
		return NULL;
	}
	g_clear_pointer(&spec->hostname, g_free);
	spec->rlc.detach = options->detach;
	spec->rlc.preserve_fds = (unsigned)options->preserve_fds;
	if (spec->process.terminal)
		spec->rlc.console_socket = g_strdup(options->console_socket);
	return g_steal_pointer(&spec);
}

/* --- the container --- */

/* Of one that has no mount namespace of its own. */
static bool open_root(pid_t init, int *ret_root, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/root", init);

	*ret_root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret_root >= 0 || error_errno(error, errno, "open '%s'", path);
}

/*
 * Opened after its pidfd, and while that says that it lives: they are of no other process that got
 * the same number.
 */
static bool open_namespaces(const Created *created, const Spec *spec, int *fds, int *ret_root,
			    GError **error)
{
	auto_fd init = created_pidfd(created);
	bool ok = init >= 0 && join_open(created->pid, fds, error) &&
		  (!spec->rlc.host_mounts || open_root(created->pid, ret_root, error));

	if (init >= 0 && !ok)
		return false;
	fds[CONTROL_PIDFD] = created_pidfd(created);
	return fds[CONTROL_PIDFD] >= 0 ||
	       error_set(error, RLC_ERROR_STATE, "cannot exec in a stopped container");
}

static bool enter_cgroup(const Created *created, const ExecOptions *options, int *ret_cgroup,
			 GError **error)
{
	if (!cgroup_handle_open(created->dir, &own_cgroup, error))
		return false;
	if (!options->ignore_paused && cgroup_handle_is_frozen(&own_cgroup))
		return error_set(error, RLC_ERROR_STATE,
				 "cannot exec in a paused container (use --ignore-paused to "
				 "override)");
	return cgroup_handle_enter(&own_cgroup, options->cgroup, ret_cgroup, error);
}

int verb_exec(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	ExecOptions options = {0};
	const GOptionEntry entries[] = {
		{"process", 'p', 0, G_OPTION_ARG_FILENAME, &options.process,
		 "the process as JSON, as in config.json", "FILE"},
		{"console-socket", 0, 0, G_OPTION_ARG_FILENAME, &options.console_socket,
		 "who takes the terminal", "SOCKET"},
		{"pid-file", 0, 0, G_OPTION_ARG_FILENAME, &options.pid_file,
		 "where the command's pid is written", "FILE"},
		{"detach", 'd', 0, G_OPTION_ARG_NONE, &options.detach, "do not wait for its end",
		 NULL},
		{"tty", 't', 0, G_OPTION_ARG_NONE, &options.tty, "give it a terminal", NULL},
		{"cwd", 0, 0, G_OPTION_ARG_STRING, &options.cwd, "where it starts", "DIR"},
		{"env", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &options.env, "set a variable",
		 "NAME=VALUE"},
		{"user", 'u', 0, G_OPTION_ARG_STRING, &options.user, "who it is", "UID[:GID]"},
		{"additional-gids", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &options.groups,
		 "one more group", "GID"},
		{"cap", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &options.caps, "one more capability",
		 "CAP"},
		{"apparmor", 0, 0, G_OPTION_ARG_STRING, &options.apparmor, "AppArmor profile",
		 "NAME"},
		{"process-label", 0, 0, G_OPTION_ARG_STRING, &options.label, "SELinux label",
		 "LABEL"},
		{"no-new-privs", 0, 0, G_OPTION_ARG_NONE, &options.no_new_privs, "set no_new_privs",
		 NULL},
		{"preserve-fds", 0, 0, G_OPTION_ARG_INT, &options.preserve_fds,
		 "pass so many descriptors above the streams on", "N"},
		{"ignore-paused", 0, 0, G_OPTION_ARG_NONE, &options.ignore_paused,
		 "also of one that is paused: it runs when that is resumed", NULL},
		{"cgroup", 0, 0, G_OPTION_ARG_STRING, &options.cgroup,
		 "the cgroup within the container's", "PATH"},
		{NULL},
	};
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_autofree char *cache = created_cache(globals->root);
	g_autoptr(Spec) spec = NULL;
	EnterCaller caller = {command_started, describe, &created, -1};
	int fds[CONTROL_JOIN_COUNT], cgroup = -1, code;
	bool ok;

	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !created_open(globals->root, argv[1], false, &created, error))
		return -1;
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = -1;
	pid_file = options.pid_file;
	spec = make_spec(&created, &options, argv + 2, error);
	if (!spec || !scheduling_set_affinity(spec->process.affinity_initial, error) ||
	    !resctrl_join(created.dir, error) ||
	    !open_namespaces(&created, spec, fds, &caller.root, error) ||
	    !enter_cgroup(&created, &options, &cgroup, error))
		return -1;
	ok = enter_oci(spec, cache, fds, cgroup, &caller, &code, error);
	cgroup_handle_clear(&own_cgroup);
	fd_close(&caller.root);
	return ok ? code : -1;
}
