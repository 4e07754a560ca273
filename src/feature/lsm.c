/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/lsm_label.h"
#include "kernel/mount.h"

#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"

static bool is_asked(const char *name)
{
	return name && *name;
}

bool lsm_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecProcess *process = &spec->process;
	g_autofree char *apparmor = is_asked(process->apparmor_profile)
					    ? fd_read_file(AT_FDCWD, APPARMOR_ENABLED, 16, NULL)
					    : NULL;

	if (is_asked(process->apparmor_profile) && (!apparmor || *apparmor != 'Y'))
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use the AppArmor profile '%s': AppArmor is not enabled on this "
				 "host",
				 process->apparmor_profile);
	return lsm_label_plan(spec, plan, error);
}

void lsm_clear(LabelPlan *label)
{
	g_clear_pointer(&label->process, g_free);
	g_clear_pointer(&label->files, g_free);
}

bool lsm_child(Container *container, GError **error)
{
	(void)error;
	mount_set_label(container->plan->label.files);
	return true;
}

/* mount(8) of the lines below has one option more for what takes it. */
void lsm_explain(const Plan *plan, GString *script)
{
	if (!plan->label.files)
		return;
	g_string_append_printf(script,
			       "# fsconfig(\"context\") of all that is mounted from here on\n"
			       "mount() {\n"
			       "  case \" $* \" in\n"
			       "  *' -t tmpfs '* | *' -t devpts '* | *' -t overlay '*)\n"
			       "    command mount -o 'context=\"%s\"' \"$@\" ;;\n"
			       "  *) command mount \"$@\" ;;\n"
			       "  esac\n"
			       "}\n",
			       plan->label.files);
}

void lsm_explain_exec(const Plan *plan, GString *script)
{
	if (plan->label.process)
		g_string_append_printf(script, "printf %%s '%s' >/proc/self/attr/exec\n",
				       plan->label.process);
}

/* No file of the image's that lies where /proc should be. */
static int open_attribute(const char *path)
{
	auto_fd fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_type != PROC_SUPER_MAGIC) {
		errno = EPERM;
		return -1;
	}
	return fd_steal(&fd);
}

static bool set_attribute(const char *path, const char *fallback, const char *value, GError **error)
{
	auto_fd fd = open_attribute(path);

	if (fd < 0 && errno == ENOENT && fallback)
		fd = open_attribute(fallback);
	return (fd >= 0 && fd_write_all(fd, value, strlen(value))) ||
	       error_errno(error, errno, "tell the kernel '%s' of the program", value);
}

bool lsm_set(const Plan *plan, GError **error)
{
	const char *apparmor = plan->spec->process.apparmor_profile;
	g_autofree char *profile = g_strconcat("exec ", apparmor, NULL);

	if (is_asked(apparmor) &&
	    !set_attribute("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec", profile, error))
		return false;
	return !plan->label.process ||
	       set_attribute("/proc/self/attr/exec", NULL, plan->label.process, error);
}
