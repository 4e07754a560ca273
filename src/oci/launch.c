/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/config.h"
#include "oci/pidfile.h"

static char *describe(const Container *container, pid_t pid, const char *status)
{
	return bundle_describe(container->describe_data, pid, status);
}

/* --- the options --- */

/* The caller's paths: he does not stand in the bundle. */
static void make_absolute(char **path)
{
	char *absolute = *path ? g_canonicalize_filename(*path, NULL) : NULL;

	g_free(*path);
	*path = absolute;
}

static bool check_fds(int count, GError **error)
{
	for (int fd = STDERR_FILENO + 1; fd <= STDERR_FILENO + count; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return error_errno(error, errno, "preserve descriptor %d", fd);
	}
	return count >= 0 ||
	       error_set(error, RLC_ERROR_USAGE, "--preserve-fds %d: negative", count);
}

/* Files of socket activation, sd_listen_fds(3), are among those that stay. */
static int listen_fds(Spec *spec)
{
	const char *count = g_getenv("LISTEN_FDS");
	g_autofree char *assignment = NULL;
	int n = count ? (int)g_ascii_strtoll(count, NULL, 10) : 0;

	if (n <= 0)
		return 0;
	assignment = g_strdup_printf("LISTEN_FDS=%d", n);
	spec_set_env(spec, assignment);
	spec_set_env(spec, "LISTEN_PID=1");
	return n;
}

static bool check_terminal(const Spec *spec, const LaunchOptions *options, bool detached,
			   GError **error)
{
	if (spec->process.terminal && detached && !options->console_socket)
		return error_set(error, RLC_ERROR_USAGE,
				 "cannot allocate tty if the runtime will detach without setting "
				 "console socket");
	if (options->console_socket && (!spec->process.terminal || !detached))
		return error_set(error, RLC_ERROR_USAGE,
				 "cannot use console socket if the runtime will not detach or "
				 "allocate tty");
	return true;
}

/* --systemd-cgroup and --cgroup-manager, as runc and crun have them */
static bool choose_cgroup(Spec *spec, const OciGlobals *globals, const char *id, GError **error)
{
	const char *manager = globals->cgroup_manager;
	char **path = &spec->linux_.cgroups_path;
	g_auto(GStrv) parts = NULL;

	if (manager && strcmp(manager, "cgroupfs") != 0 && strcmp(manager, "systemd") != 0 &&
	    strcmp(manager, "disabled") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "use the cgroup manager '%s': there are cgroupfs, systemd and "
				 "disabled",
				 manager);
	if (g_strcmp0(manager, "disabled") == 0)
		spec->rlc.cgroups = CGROUPS_DISABLED;
	spec->rlc.cgroup_systemd = globals->systemd_cgroup || g_strcmp0(manager, "systemd") == 0;
	if (*path && !**path)
		g_clear_pointer(path, g_free);
	if (!spec->rlc.cgroup_systemd)
		return true;
	if (!*path)
		*path = g_strdup_printf(":rlc:%s", id);
	parts = g_strsplit(*path, ":", -1);
	return g_strv_length(parts) == 3 ||
	       error_set(error, RLC_ERROR_USAGE,
			 "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			 "cgroups, got \"%s\" instead",
			 *path);
}

static bool apply_options(Spec *spec, const LaunchOptions *options, GError **error)
{
	int preserved = options->preserve_fds + listen_fds(spec);

	spec->rlc.preserve_fds = (unsigned)preserved;
	spec->rlc.keep_keyring = options->no_new_keyring;
	spec->rlc.console_socket = g_strdup(options->console_socket);
	return check_fds(preserved, error) && check_terminal(spec, options, options->detach, error);
}

/* --- the container --- */

static bool enter_bundle(const char *bundle, char **ret_path, GError **error)
{
	if (bundle && chdir(bundle) < 0)
		return error_errno(error, errno, "open the bundle '%s'", bundle);
	*ret_path = g_get_current_dir();
	return true;
}

static bool make(Launch *launch, const LaunchOptions *options, const char *root, GError **error)
{
	launch->plan = plan_new_in(launch->spec, root, launch->id, error);
	if (!launch->plan)
		return false;
	launch->sync = (Sync){.fd = -1};
	launch->container = container_closed(launch->plan, &launch->sync);
	launch->container.describe = describe;
	launch->container.describe_data = launch->state;
	if (!container_create(&launch->container, error))
		return false;
	created_refresh(&launch->created);
	if (pidfile_write(options->pid_file, launch->container.init_pid, error))
		return true;
	container_undo(&launch->container);
	return false;
}

static bool save_and_make(Launch *launch, const LaunchOptions *options, const char *bundle,
			  const FieldDocument *document, const char *root, GError **error)
{
	if (!created_make(root, launch->id, &launch->created, error))
		return false;
	if (bundle_save(&launch->created, launch->id, bundle, launch->spec, document, error))
		launch->state = bundle_state(&launch->created, error);
	if (launch->state && make(launch, options, root, error))
		return true;
	created_remove(root, launch->id, &launch->created, NULL);
	return false;
}

static void launch_clear(Launch *launch)
{
	json_decref(launch->state);
	created_close(&launch->created);
	g_clear_pointer(&launch->plan, plan_free);
	g_clear_pointer(&launch->spec, spec_free);
	g_clear_pointer(&launch->id, g_free);
}

bool launch_create(const OciGlobals *globals, LaunchOptions *options, const char *id,
		   Launch *ret_launch, GError **error)
{
	g_auto(FieldDocument) document = {0};
	g_autofree char *bundle = NULL;

	*ret_launch = (Launch){.id = g_strdup(id), .created = {.dir = -1, .lock = -1}};
	signal(SIGCHLD, SIG_DFL); /* ignored by the caller it would keep us from exit statuses */
	make_absolute(&options->pid_file);
	make_absolute(&options->console_socket);
	if (created_check_id(id, error) && enter_bundle(options->bundle, &bundle, error) &&
	    field_load(BUNDLE_CONFIG, &document, error))
		ret_launch->spec = config_read(&document, error);
	if (ret_launch->spec && apply_options(ret_launch->spec, options, error) &&
	    choose_cgroup(ret_launch->spec, globals, id, error) &&
	    save_and_make(ret_launch, options, bundle, &document, globals->root, error))
		return true;
	launch_clear(ret_launch);
	return false;
}

void launch_leave(Launch *launch)
{
	container_let_go(&launch->container);
	launch_clear(launch);
}
