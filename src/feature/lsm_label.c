/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/lsm_label.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hint.h"
#include "kernel/selinux.h"
#include "kernel/tree.h"

#define CATEGORIES 1024 /* of every policy that descends from the reference policy: c0 to c1023 */

/* rlc's own labels, of selinux/rlc.cil */
#define OWN_TYPE    "rlc_payload_t"
#define OWN_PROCESS "system_u:system_r:" OWN_TYPE
#define OWN_FILE    "system_u:object_r:rlc_payload_file_t"

/* A label in its parts; level is NULL without one. */
typedef struct {
	char *user, *role, *type, *level;
} Label;

static void label_clear(Label *label)
{
	g_free(label->user);
	g_free(label->role);
	g_free(label->type);
	g_free(label->level);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Label, label_clear)

static bool label_parse(const char *text, Label *ret)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 4);
	guint count = g_strv_length(parts);

	if (count < 3)
		return false;
	*ret = (Label){g_strdup(parts[0]), g_strdup(parts[1]), g_strdup(parts[2]),
		       g_strdup(parts[3])};
	return true;
}

static char *label_text(const Label *label)
{
	return g_strjoin(":", label->user, label->role, label->type, label->level, NULL);
}

static void set_part(char **part, const char *value)
{
	if (!value)
		return;
	g_free(*part);
	*part = g_strdup(value);
}

/* What was asked for, for messages: the parts that were given, or what it would mostly be. */
static char *asked_text(const SpecSelinux *asked)
{
	const char *const given[] = {asked->user, asked->role, asked->type, asked->level};
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
		if (given[i])
			g_string_append_printf(text, "%s%s", text->len ? ":" : "", given[i]);
	}
	if (text->len == 0)
		g_string_append(text, OWN_TYPE);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* --- what was not asked for --- */

/* Of containers' "process" or "file": ours where the policy has it, or else the host's. */
static bool default_label(const char *key, const char *own, Label *ret)
{
	g_autofree char *ours = g_strconcat(own, selinux_has_levels() ? ":s0" : "", NULL);
	g_autofree char *hosts = selinux_knows(ours) ? NULL : selinux_container_label(key);

	return (hosts && label_parse(hosts, ret)) || label_parse(ours, ret);
}

/* The level with two categories that come from the id. */
static char *level_of(const char *id, const char *level)
{
	char digits[9] = {0};
	unsigned long number, low, high;

	memcpy(digits, id, 8);
	number = strtoul(digits, NULL, 16);
	low = number % (CATEGORIES - 1);
	high = low + 1 + (number / CATEGORIES) % (CATEGORIES - 1 - low);
	return g_strdup_printf("%s:c%lu,c%lu", level, low, high);
}

/* The level without categories, which every container can reach */
static char *level_shared(const char *level)
{
	return level ? g_strndup(level, strcspn(level, ":-")) : NULL;
}

/* --- the plan --- */

static bool compose(const SpecSelinux *asked, const char *id, LabelPlan *ret, GError **error)
{
	g_auto(Label) process = {0}, files = {0};

	if (!default_label("process", OWN_PROCESS, &process) ||
	    !default_label("file", OWN_FILE, &files))
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "label a container: the host's lxc_contexts cannot be read");
	set_part(&process.user, asked->user);
	set_part(&process.role, asked->role);
	set_part(&process.type, asked->type);
	set_part(&files.type, asked->file_type);
	if (asked->level) {
		set_part(&process.level, asked->level);
	} else if (selinux_has_levels()) {
		g_autofree char *base = level_shared(process.level);
		g_autofree char *level = level_of(id, base ? base : "s0");

		set_part(&process.level, level);
	}
	set_part(&files.level, process.level);
	ret->process = label_text(&process);
	ret->files = label_text(&files);
	if (!asked->file_type && !selinux_knows(ret->files))
		g_clear_pointer(&ret->files, g_free); /* a policy that has none */
	return true;
}

/*
 * What the kernel would say only when the payload's program is to be started; or not at all, for
 * standard streams that a program may not have become /dev/null.
 */
static const struct {
	const char *class, *permission;
	bool by_payload; /* it to us, not we to it: of the streams, which an OCI caller made */
	bool no_new_privileges; /* of a payload with that alone */
} needed[] = {
	{"process", "transition", false, false},
	{"process2", "nnp_transition", false, true},
	{"fd", "use", true, false},
	{"fifo_file", "write", true, false},
};

static bool check_allowed(const Spec *spec, const char *label, GError **error)
{
	g_autofree char *current = selinux_is_enforcing() ? selinux_own_label(error) : NULL;

	if (!current)
		return !selinux_is_enforcing();
	if (strcmp(current, label) == 0)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
		const char *source = needed[i].by_payload ? label : current;
		const char *target = needed[i].by_payload ? current : label;

		if ((needed[i].no_new_privileges && !spec->process.no_new_privileges) ||
		    (needed[i].by_payload && spec->rlc.oci) ||
		    selinux_allows(source, target, needed[i].class, needed[i].permission))
			continue;
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "use the SELinux label '%s': the policy does not allow '%s' to '%s' "
			  "(%s %s)",
			  label, source, target, needed[i].class, needed[i].permission);
		return hint_add(error, HINT_SELINUX_TRANSITION, NULL);
	}
	return true;
}

static bool check_known(const char *label, GError **error)
{
	if (!label || selinux_knows(label))
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED,
		  "use the SELinux label '%s': the policy of this host has no such label", label);
	return hint_add(error, HINT_SELINUX_LABEL, NULL);
}

/* Their labels are the host's business: other programs stop working when they change. */
static const char *const not_relabelled[] = {
	"/",	"/bin",	    "/boot",	"/dev",	      "/etc",	   "/home",
	"/lib", "/lib64",   "/media",	"/mnt",	      "/opt",	   "/proc",
	"/run", "/root",    "/sbin",	"/srv",	      "/sys",	   "/tmp",
	"/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/usr/share",
	"/var", "/var/lib", "/var/log", "/var/run",   "/var/tmp",
};

static bool is_not_relabelled(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(not_relabelled); i++) {
		if (strcmp(path, not_relabelled[i]) == 0)
			return true;
	}
	return strcmp(path, g_get_home_dir()) == 0;
}

static bool check_mounts(const Plan *plan, GError **error)
{
	for (guint i = 0; plan->mounts && i < plan->mounts->len; i++) {
		const PlanMount *mount = &g_array_index(plan->mounts, PlanMount, i);

		if (!mount->relabel || !mount->source || !is_not_relabelled(mount->source))
			continue;
		return error_set(error, RLC_ERROR_USAGE,
				 "mount '%s': with %c all below '%s' would get another label for "
				 "SELinux, and programs of the host need the one it has; bind a "
				 "directory below it",
				 mount->destination, mount->relabel, mount->source);
	}
	return true;
}

static const char *asked_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

bool lsm_label_plan(const Spec *spec, Plan *plan, GError **error)
{
	const SpecSelinux *asked = &spec->rlc.selinux;
	g_autofree char *text = asked->asked ? asked_text(asked) : NULL;
	const char *process = asked_or_null(spec->process.selinux_label);
	const char *files = asked_or_null(spec->linux_.mount_label);
	const char *first = text ? text : process ? process : files;
	LabelPlan *label = &plan->label;

	if (!asked->asked && !process && !files)
		return true;
	if (!selinux_is_enabled())
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "use the SELinux label '%s': SELinux is not enabled on this host",
				 first);
	if (asked->asked && !compose(asked, plan->id, label, error))
		return false;
	set_part(&label->process, process);
	set_part(&label->files, files);
	return check_known(label->process, error) && check_known(label->files, error) &&
	       (!label->process || check_allowed(spec, label->process, error)) &&
	       (!label->files || check_mounts(plan, error));
}

bool lsm_label_files(const Plan *plan, int fd, const char *source, bool shared, GError **error)
{
	g_auto(Label) label = {0};
	g_autofree char *level = NULL, *text = NULL;

	if (!plan->label.files)
		return true;
	if (!label_parse(plan->label.files, &label))
		return error_set(error, RLC_ERROR_USAGE, "label '%s': '%s' is no label", source,
				 plan->label.files);
	level = shared ? level_shared(label.level) : NULL;
	set_part(&label.level, level);
	text = label_text(&label);
	if (tree_label(fd, text, error))
		return true;
	error_prefix(error, "label '%s' for SELinux: ", source);
	return false;
}
