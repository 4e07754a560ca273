/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-seccomp/profile.h"

#include <errno.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "feature/caps.h"

#define ARCH_PREFIX   "SCMP_ARCH_"
#define OPTIMIZE_TREE 2 /* SCMP_FLTATR_CTL_OPTIMIZE: a binary search */

#define FLAG_WAIT_KILLABLE_RECV (1U << 5) /* Linux 5.19 */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

static const struct {
	const char *name;
	uint32_t action; /* without its number */
	bool numbered;
} actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
};

static const struct {
	const char *name;
	enum scmp_compare operation;
} comparisons[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

/* Without TSYNC, which is for programs of several threads. */
static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", 0},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FLAG_WAIT_KILLABLE_RECV},
};

/* A profile that is being read. */
typedef struct {
	const ProfileHost *host;
	Profile *out;
	const char *place; /* the member at hand, for errors */
} Reader;

/* --- JSON --- */

static bool wrong(const Reader *reader, const char *what, const char *value, GError **error)
{
	return error_set(error, RLC_ERROR_USAGE, "%s: %s%s%s", reader->place, what,
			 value ? ": " : "", value ? value : "");
}

/* A member that is a string; NULL where it is missing. */
static bool get_string(const Reader *reader, const json_t *object, const char *key,
		       const char **ret_text, GError **error)
{
	const json_t *member = json_object_get(object, key);

	*ret_text = NULL;
	if (member && !json_is_null(member) && !json_is_string(member))
		return wrong(reader, "not a string", key, error);
	*ret_text = json_string_value(member);
	return true;
}

/* A member that is a number from 0 on, if it is there. */
static bool get_number(const Reader *reader, const json_t *object, const char *key, uint64_t max,
		       uint64_t *number, GError **error)
{
	const json_t *member = json_object_get(object, key);

	if (!member || json_is_null(member))
		return true;
	if (!json_is_integer(member) || json_integer_value(member) < 0)
		return wrong(reader, "not a number from 0 on", key, error);
	*number = (uint64_t)json_integer_value(member);
	return *number <= max || wrong(reader, "too large", key, error);
}

/* A member that is a list of strings; NULL where it is missing. */
static bool get_strings(const Reader *reader, const json_t *object, const char *key,
			const json_t **ret_list, GError **error)
{
	const json_t *list = json_object_get(object, key);
	const json_t *element;
	size_t i;

	*ret_list = NULL;
	if (!list || json_is_null(list))
		return true;
	if (!json_is_array(list))
		return wrong(reader, "not a list", key, error);
	json_array_foreach(list, i, element)
	{
		if (!json_is_string(element))
			return wrong(reader, "not a list of strings", key, error);
	}
	*ret_list = list;
	return true;
}

static bool has_string(const json_t *list, const char *text)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		if (strcmp(json_string_value(element), text) == 0)
			return true;
	}
	return false;
}

/* --- actions --- */

/* podman's older way to say errnoRet: the name of an error, or a number. */
static bool get_errno_name(const Reader *reader, const json_t *object, const char *key,
			   uint64_t *number, GError **error)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {{"EPERM", EPERM},	 {"ENOSYS", ENOSYS},   {"EACCES", EACCES},
		     {"EINVAL", EINVAL}, {"ENOTSUP", ENOTSUP}, {"EAFNOSUPPORT", EAFNOSUPPORT}};
	const char *text;
	guint64 value;

	if (!get_string(reader, object, key, &text, error))
		return false;
	for (size_t i = 0; text && i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i].name, text) == 0) {
			*number = (uint64_t)names[i].number;
			return true;
		}
	}
	if (!text || !*text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &value, NULL))
		return wrong(reader, "no error that is known", text, error);
	*number = value;
	return true;
}

static bool get_action(const Reader *reader, const json_t *object, const char *key,
		       const char *errno_key, const char *errno_name_key, uint32_t *ret_action,
		       GError **error)
{
	const char *name;
	uint64_t number = EPERM;

	if (!get_string(reader, object, key, &name, error) ||
	    !get_errno_name(reader, object, errno_name_key, &number, error) ||
	    !get_number(reader, object, errno_key, UINT16_MAX, &number, error))
		return false;
	if (!name)
		return wrong(reader, "missing", key, error);
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*ret_action = actions[i].action | (actions[i].numbered ? (uint32_t)number : 0);
		return true;
	}
	return wrong(reader, "no action", name, error);
}

/* --- the filter as a whole --- */

static bool add_architecture(Reader *reader, const char *name, GError **error)
{
	g_autofree char *lower = NULL;
	uint32_t abi = 0;
	int r;

	if (g_str_has_prefix(name, ARCH_PREFIX)) {
		lower = g_ascii_strdown(name + strlen(ARCH_PREFIX), -1);
		abi = seccomp_arch_resolve_name(lower);
	}
	if (abi == 0)
		return wrong(reader, "no architecture", name, error);
	r = seccomp_arch_add(reader->out->filter, abi);
	if (r < 0 && r != -EEXIST)
		return wrong(reader, "no architecture that goes with the others", name, error);
	if (r == 0)
		g_array_append_vals(reader->out->newest, &(ProfileNewest){abi, -1}, 1);
	return true;
}

static bool add_architectures(Reader *reader, const json_t *list, GError **error)
{
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
	{
		if (!add_architecture(reader, json_string_value(name), error))
			return false;
	}
	return true;
}

/* docker's: the sub-architectures of the one that this machine is. */
static bool add_architecture_map(Reader *reader, const json_t *map, GError **error)
{
	const json_t *entry, *others;
	const char *name;
	size_t i;

	json_array_foreach(map, i, entry)
	{
		g_autofree char *lower = NULL;

		if (!get_string(reader, entry, "architecture", &name, error) ||
		    !get_strings(reader, entry, "subArchitectures", &others, error))
			return false;
		if (!name || !g_str_has_prefix(name, ARCH_PREFIX))
			return wrong(reader, "no architecture", name, error);
		lower = g_ascii_strdown(name + strlen(ARCH_PREFIX), -1);
		if (seccomp_arch_resolve_name(lower) == seccomp_arch_native() &&
		    !add_architectures(reader, others, error))
			return false;
	}
	return true;
}

static bool take_flags(Reader *reader, const json_t *list, GError **error)
{
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
	{
		size_t at = 0;

		while (at < G_N_ELEMENTS(flags) &&
		       strcmp(flags[at].name, json_string_value(name)) != 0)
			at++;
		if (at == G_N_ELEMENTS(flags))
			return wrong(reader, "no flag", json_string_value(name), error);
		reader->out->flags |= flags[at].flag;
	}
	return true;
}

static bool start_filter(Reader *reader, const json_t *root, GError **error)
{
	Profile *out = reader->out;
	const json_t *names, *flag_names;

	reader->place = "the profile";
	if (!get_action(reader, root, "defaultAction", "defaultErrnoRet", "defaultErrno",
			&out->default_action, error) ||
	    !get_strings(reader, root, "architectures", &names, error) ||
	    !get_strings(reader, root, "flags", &flag_names, error))
		return false;
	out->filter = seccomp_init(out->default_action);
	if (!out->filter)
		return wrong(reader, "no default action that this kernel knows", NULL, error);
	seccomp_attr_set(out->filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
	seccomp_attr_set(out->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	g_array_append_vals(out->newest, &(ProfileNewest){seccomp_arch_native(), -1}, 1);
	return add_architectures(reader, names, error) &&
	       add_architecture_map(reader, json_object_get(root, "archMap"), error) &&
	       take_flags(reader, flag_names, error);
}

/* --- rules --- */

static bool has_capability(const ProfileHost *host, const char *name)
{
	uint64_t mask;

	return caps_parse(name, &mask) && (host->capabilities & mask) == mask;
}

/* Is the kernel this one or newer? */
static bool has_kernel(const ProfileHost *host, const char *version)
{
	unsigned major = 0, minor = 0;

	sscanf(version, "%u.%u", &major, &minor);
	return host->kernel[0] > major || (host->kernel[0] == major && host->kernel[1] >= minor);
}

/* docker's includes and excludes. */
static bool rule_holds(const Reader *reader, const json_t *rule, bool *ret_holds, GError **error)
{
	static const char *const keys[] = {"includes", "excludes"};
	const ProfileHost *host = reader->host;

	*ret_holds = true;
	for (size_t excludes = 0; excludes < G_N_ELEMENTS(keys); excludes++) {
		const json_t *condition = json_object_get(rule, keys[excludes]);
		const json_t *caps, *processors, *cap;
		const char *kernel;
		size_t i, held = 0;

		if (!get_strings(reader, condition, "caps", &caps, error) ||
		    !get_strings(reader, condition, "arches", &processors, error) ||
		    !get_string(reader, condition, "minKernel", &kernel, error))
			return false;
		json_array_foreach(caps, i, cap) held +=
			has_capability(host, json_string_value(cap));
		if (excludes ? held > 0 : held < json_array_size(caps))
			*ret_holds = false;
		if (json_array_size(processors) > 0 &&
		    has_string(processors, host->processor) == (excludes != 0))
			*ret_holds = false;
		if (kernel && has_kernel(host, kernel) == (excludes != 0))
			*ret_holds = false;
	}
	return true;
}

static bool get_comparison(const Reader *reader, const json_t *arg, struct scmp_arg_cmp *ret,
			   GError **error)
{
	uint64_t index = UINT64_MAX, value = 0, value_two = 0;
	const char *name;

	if (!get_number(reader, arg, "index", UINT64_MAX, &index, error) ||
	    !get_number(reader, arg, "value", UINT64_MAX, &value, error) ||
	    !get_number(reader, arg, "valueTwo", UINT64_MAX, &value_two, error) ||
	    !get_string(reader, arg, "op", &name, error))
		return false;
	if (index > 5)
		return wrong(reader, "a system call has arguments 0 to 5", "index", error);
	for (size_t i = 0; name && i < G_N_ELEMENTS(comparisons); i++) {
		if (strcmp(comparisons[i].name, name) == 0) {
			*ret = (struct scmp_arg_cmp){(unsigned)index, comparisons[i].operation,
						     value, value_two};
			return true;
		}
	}
	return wrong(reader, "no comparison", name, error);
}

static bool get_comparisons(const Reader *reader, const json_t *rule, GArray *comparisons_,
			    GError **error)
{
	const json_t *args = json_object_get(rule, "args"), *arg;
	size_t i;

	if (args && !json_is_null(args) && !json_is_array(args))
		return wrong(reader, "not a list", "args", error);
	json_array_foreach(args, i, arg)
	{
		struct scmp_arg_cmp comparison;

		if (!get_comparison(reader, arg, &comparison, error))
			return false;
		g_array_append_val(comparisons_, comparison);
	}
	return true;
}

static bool compares_twice(const GArray *comparisons_)
{
	unsigned seen = 0;

	for (guint i = 0; i < comparisons_->len; i++) {
		unsigned bit = 1U << g_array_index(comparisons_, struct scmp_arg_cmp, i).arg;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

/* All of them have to hold; but two of one argument are alternatives, as other runtimes have it. */
static int add_call(Profile *out, uint32_t action, int call, const GArray *comparisons_)
{
	const struct scmp_arg_cmp *all = (const void *)comparisons_->data;
	int r = 0;

	if (!compares_twice(comparisons_))
		return seccomp_rule_add_array(out->filter, action, call, comparisons_->len, all);
	for (guint i = 0; r == 0 && i < comparisons_->len; i++)
		r = seccomp_rule_add_array(out->filter, action, call, 1, &all[i]);
	return r;
}

static void note_newest(Profile *out, const char *name)
{
	for (guint i = 0; i < out->newest->len; i++) {
		ProfileNewest *newest = &g_array_index(out->newest, ProfileNewest, i);

		newest->number =
			MAX(newest->number, seccomp_syscall_resolve_name_arch(newest->abi, name));
	}
}

/* A name that is not known here is no error: profiles name calls of all kernels and processors. */
static bool add_named(Reader *reader, const char *name, uint32_t action, const GArray *comparisons_,
		      GError **error)
{
	int call = seccomp_syscall_resolve_name(name);
	int r;

	note_newest(reader->out, name);
	if (call == __NR_SCMP_ERROR || action == reader->out->default_action)
		return true;
	r = add_call(reader->out, action, call, comparisons_);
	return r == 0 || wrong(reader, g_strerror(-r), name, error);
}

static bool add_names(Reader *reader, const json_t *rule, uint32_t action,
		      const GArray *comparisons_, GError **error)
{
	const json_t *names, *name;
	const char *single;
	size_t i;

	if (!get_strings(reader, rule, "names", &names, error) ||
	    !get_string(reader, rule, "name", &single, error))
		return false;
	if (!single && json_array_size(names) == 0)
		return wrong(reader, "missing", "names", error);
	json_array_foreach(names, i, name)
	{
		if (!add_named(reader, json_string_value(name), action, comparisons_, error))
			return false;
	}
	return !single || add_named(reader, single, action, comparisons_, error);
}

static bool add_rule(Reader *reader, const json_t *rule, GError **error)
{
	g_autoptr(GArray) comparisons_ = g_array_new(FALSE, FALSE, sizeof(struct scmp_arg_cmp));
	uint32_t action;
	bool holds;

	if (!json_is_object(rule))
		return wrong(reader, "not an object", NULL, error);
	if (!rule_holds(reader, rule, &holds, error) ||
	    !get_action(reader, rule, "action", "errnoRet", "errno", &action, error) ||
	    !get_comparisons(reader, rule, comparisons_, error))
		return false;
	if (!holds)
		return true;
	if (action == SCMP_ACT_NOTIFY)
		reader->out->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	return add_names(reader, rule, action, comparisons_, error);
}

static bool add_rules(Reader *reader, const json_t *rules, GError **error)
{
	const json_t *rule;
	size_t i;

	if (rules && !json_is_null(rules) && !json_is_array(rules))
		return wrong(reader, "not a list", "syscalls", error);
	json_array_foreach(rules, i, rule)
	{
		g_autofree char *place = g_strdup_printf("syscalls[%zu]", i);

		reader->place = place;
		if (!add_rule(reader, rule, error))
			return false;
	}
	return true;
}

bool profile_parse(const char *text, const ProfileHost *host, Profile *ret_profile, GError **error)
{
	json_error_t place;
	g_autoptr(json_t) root = json_loads(text, JSON_REJECT_DUPLICATES, &place);
	g_auto(Profile) profile = {
		.newest = g_array_new(FALSE, FALSE, sizeof(ProfileNewest)),
	};
	Reader reader = {.host = host, .out = &profile};

	if (!root)
		return error_set(error, RLC_ERROR_USAGE, "line %d, column %d: %s", place.line,
				 place.column, place.text);
	if (!json_is_object(root))
		return error_set(error, RLC_ERROR_USAGE, "not an object");
	if (!start_filter(&reader, root, error) ||
	    !add_rules(&reader, json_object_get(root, "syscalls"), error))
		return false;
	/* it is about notifications, and the kernel refuses it where there are none */
	if (!(profile.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		profile.flags &= ~FLAG_WAIT_KILLABLE_RECV;
	*ret_profile = profile;
	profile = (Profile){0};
	return true;
}

void profile_clear(Profile *profile)
{
	if (profile->filter)
		seccomp_release(profile->filter);
	profile->filter = NULL;
	g_clear_pointer(&profile->newest, g_array_unref);
}
