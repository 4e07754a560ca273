/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about what keeps the process from harm to others. */
#include "cmd/run_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/run_values.h"

#define PROFILE_MAX (1 << 20)

static bool take_profile(SpecSeccomp *seccomp, const char *file, GError **error)
{
	auto_fd fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	run_value_replace(&seccomp->file, file);
	g_clear_pointer(&seccomp->profile, g_free);
	if (fd < 0)
		return error_errno(error, errno, "open '%s'", file);
	seccomp->profile = fd_read_all(fd, file, PROFILE_MAX, error);
	seccomp->kind = SECCOMP_PROFILE;
	return seccomp->profile != NULL;
}

static bool set_seccomp(RunParse *parse, const char *value, GError **error)
{
	SpecSeccomp *seccomp = &parse->spec->linux_.seccomp;

	if (strcmp(value, "unconfined") == 0)
		seccomp->kind = SECCOMP_NONE;
	else if (strcmp(value, "default") == 0 || strcmp(value, "builtin") == 0)
		seccomp->kind = SECCOMP_DEFAULT;
	else
		return take_profile(seccomp, value, error);
	return true;
}

static bool set_no_new_privileges(RunParse *parse, const char *value, GError **error)
{
	parse->no_new_privileges_given = true;
	return run_value_bool(value, &parse->spec->process.no_new_privileges, error);
}

static bool set_nested_userns(RunParse *parse, const char *value, GError **error)
{
	bool allow = strcmp(value, "allow") == 0;

	if (!allow && strcmp(value, "deny") != 0)
		return error_set(error, RLC_ERROR_USAGE, "neither allow nor deny");
	parse->spec->rlc.nested_userns = allow;
	return true;
}

static bool take_paths(const char *value, GPtrArray *paths, GError **error)
{
	g_auto(GStrv) words = g_strsplit(value, ":", -1);

	for (char **word = words; *word; word++) {
		if (**word != '/')
			return error_set(error, RLC_ERROR_USAGE, "'%s' is not an absolute path",
					 *word);
		g_ptr_array_add(paths, g_strdup(*word));
	}
	return true;
}

static bool set_mask(RunParse *parse, const char *value, GError **error)
{
	return take_paths(value, parse->masked, error);
}

/* What is neither hidden nor read-only any more: paths, patterns of them, or ALL. */
static bool set_unmask(RunParse *parse, const char *value, GError **error)
{
	bool all = g_ascii_strcasecmp(value, "all") == 0;

	return take_paths(all ? "/*" : value, parse->unmasked, error);
}

/* docker's name for it */
static bool set_writable_cgroups(RunParse *parse, const char *value, GError **error)
{
	return run_value_bool(value, &parse->spec->rlc.cgroup_writable, error);
}

/* unconfined: no profile is asked for, on whatever host */
static bool set_apparmor(RunParse *parse, const char *value, GError **error)
{
	char **profile = &parse->spec->process.apparmor_profile;

	if (strcmp(value, "unconfined") == 0) {
		g_clear_pointer(profile, g_free);
		return true;
	}
	for (const char *c = value; *c; c++) {
		if (g_ascii_iscntrl(*c))
			return error_set(error, RLC_ERROR_USAGE, "not a profile's name");
	}
	return *value ? run_value_replace(profile, value)
		      : error_set(error, RLC_ERROR_USAGE, "the profile's name is empty");
}

static bool is_label_word(const char *word)
{
	return *word && !word[strspn(word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.,:-")];
}

/* USER:ROLE:TYPE[:LEVEL] */
static bool set_whole_label(SpecSelinux *label, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit(value, ":", 4);

	if (g_strv_length(words) < 3 || !is_label_word(words[0]) || !is_label_word(words[1]) ||
	    !is_label_word(words[2]) || (words[3] && !is_label_word(words[3])))
		return error_set(
			error, RLC_ERROR_USAGE,
			"not enable, disable, user:, role:, type:, level: or filetype:WORD, "
			"or a whole label, USER:ROLE:TYPE[:LEVEL]");
	return run_value_replace(&label->user, words[0]) &&
	       run_value_replace(&label->role, words[1]) &&
	       run_value_replace(&label->type, words[2]) &&
	       (!words[3] || run_value_replace(&label->level, words[3]));
}

/* In parts, as docker and podman have it, or whole; what is not said rlc chooses: lsm_label.h */
static bool set_label(RunParse *parse, const char *value, GError **error)
{
	SpecSelinux *label = &parse->spec->rlc.selinux;
	const struct {
		const char *prefix;
		char **part;
	} parts[] = {
		{"user:", &label->user},	  {"role:", &label->role},
		{"type:", &label->type},	  {"level:", &label->level},
		{"filetype:", &label->file_type},
	};

	if (strcmp(value, "disable") == 0) {
		spec_selinux_clear(label);
		return true;
	}
	label->asked = true;
	if (strcmp(value, "enable") == 0)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		size_t length = strlen(parts[i].prefix);

		if (strncmp(value, parts[i].prefix, length) == 0 && is_label_word(value + length))
			return run_value_replace(parts[i].part, value + length);
	}
	return set_whole_label(label, value, error);
}

static const struct {
	const char *name;
	RunSetter set;
} security_options[] = {
	{"seccomp", set_seccomp},      {"no-new-privileges", set_no_new_privileges},
	{"userns", set_nested_userns}, {"mask", set_mask},
	{"unmask", set_unmask},	       {"writable-cgroups", set_writable_cgroups},
	{"apparmor", set_apparmor},    {"label", set_label},
};

static bool set_security_opt(RunParse *parse, const char *value, GError **error)
{
	size_t length = strcspn(value, "=:"); /* docker once wrote seccomp:unconfined */
	const char *rest = value[length] ? value + length + 1 : "true";

	for (size_t i = 0; i < G_N_ELEMENTS(security_options); i++) {
		const char *name = security_options[i].name;

		if (strlen(name) == length && strncmp(name, value, length) == 0)
			return security_options[i].set(parse, rest, error);
	}
	return error_set(error, RLC_ERROR_USAGE,
			 "not seccomp, apparmor, label, no-new-privileges, userns, mask, unmask or "
			 "writable-cgroups=VALUE");
}

static bool set_privileged(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->privileged = value != NULL;
	return true;
}

static void unmask(GPtrArray *paths, const char *pattern)
{
	for (guint i = paths->len; i-- > 0;) {
		if (g_pattern_match_simple(pattern, g_ptr_array_index(paths, i)))
			g_ptr_array_remove_index(paths, i);
	}
}

/* /dev has them anyway, of its own kind. */
static bool is_made_anyway(const char *path)
{
	static const char *const paths[] = {
		"/dev/null", "/dev/zero",    "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
		"/dev/ptmx", "/dev/console", "/dev/pts",  "/dev/shm",	 "/dev/mqueue"};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (strcmp(paths[i], path) == 0)
			return true;
	}
	return false;
}

static void add_devices(GArray *devices, const char *directory)
{
	g_autoptr(GDir) list = g_dir_open(directory, 0, NULL);
	const char *name;

	while (list && (name = g_dir_read_name(list))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		SpecDevice device = {.mode = -1, .uid = -1, .gid = -1, .access = "rwm"};
		struct stat st;

		if (is_made_anyway(path) || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			add_devices(devices, path);
		if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
			continue;
		device.source = g_strdup(path);
		device.path = g_strdup(path);
		g_array_append_val(devices, device);
	}
}

/* Within its own namespaces nothing is held back. */
static void finish_privileged(RunParse *parse)
{
	Spec *spec = parse->spec;

	if (spec->linux_.seccomp.kind == SECCOMP_DEFAULT)
		spec->linux_.seccomp.kind = SECCOMP_NONE;
	if (!parse->no_new_privileges_given)
		spec->process.no_new_privileges = false;
	spec->rlc.nested_userns = true;
	spec->rlc.privileged = true;
	if (geteuid() == 0 &&
	    (spec->rlc.userns == USERNS_DEFAULT || spec->rlc.userns == USERNS_HOST))
		add_devices(spec->linux_.devices, "/dev");
	g_ptr_array_add(parse->unmasked, g_strdup("/*"));
}

void run_security_finish(RunParse *parse)
{
	SpecLinux *linux_ = &parse->spec->linux_;

	if (parse->privileged)
		finish_privileged(parse);
	for (guint i = 0; i < parse->unmasked->len; i++) {
		unmask(linux_->masked_paths, g_ptr_array_index(parse->unmasked, i));
		unmask(linux_->readonly_paths, g_ptr_array_index(parse->unmasked, i));
	}
	g_ptr_array_extend_and_steal(linux_->masked_paths, g_ptr_array_ref(parse->masked));
}

static const RunOption rows[] = {
	{"security-opt", 0, OPTION_MANY, set_security_opt, "NAME=VALUE",
	 "seccomp=FILE|unconfined, apparmor=PROFILE|unconfined, label=enable|disable|PART, "
	 "no-new-privileges=BOOL, userns=allow, mask=PATHS, "
	 "unmask=PATHS|ALL"},
	{"privileged", 0, OPTION_SWITCH, set_privileged, NULL,
	 "all capabilities of its namespaces, nothing masked, no filter"},
};

const RunGroup run_security_group = {"Security", rows, G_N_ELEMENTS(rows)};
