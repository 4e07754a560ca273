/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "process" of a config.json. */
#include <linux/ioprio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "feature/caps.h"
#include "feature/process.h"
#include "feature/scheduling.h"
#include "oci/config.h"

/* --- user --- */

static bool take_umask(const FieldAt *at, void *target, GError **error)
{
	uint32_t umask;

	if (!field_take(at, FIELD_UINT32, &umask, error))
		return false;
	*(int64_t *)target = umask & 0777;
	return true;
}

static bool take_gid(const FieldAt *at, void *target, GError **error)
{
	uint32_t gid;

	if (!field_take(at, FIELD_UINT32, &gid, error))
		return false;
	g_array_append_val(*(GArray **)target, gid);
	return true;
}

static const Field user_fields[] = {
	{"uid", FIELD_UINT32, offsetof(SpecUser, uid), NULL, false},
	{"gid", FIELD_UINT32, offsetof(SpecUser, gid), NULL, false},
	{"umask", FIELD_CALL, offsetof(SpecUser, umask), take_umask, false},
	{"additionalGids", FIELD_EACH, offsetof(SpecUser, groups), take_gid, false},
	{"username", FIELD_CALL, 0, field_pass_string, false},
};

static bool take_user(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, user_fields, G_N_ELEMENTS(user_fields), target, error);
}

/* --- consoleSize --- */

static const Field size_fields[] = {
	{"height", FIELD_UINT32, offsetof(SpecProcess, rows), NULL, true},
	{"width", FIELD_UINT32, offsetof(SpecProcess, columns), NULL, true},
};

static bool take_size(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, size_fields, G_N_ELEMENTS(size_fields), target, error);
}

/* --- env --- */

/* What is no NAME=VALUE cannot be handed over. */
static bool take_env(const FieldAt *at, void *target, GError **error)
{
	GPtrArray *env = *(GPtrArray **)target;
	const char *text = field_string(at, error);

	if (!text)
		return false;
	if (*text == '=' || !strchr(text, '='))
		return field_wrong(at, error, "'%s' is not NAME=VALUE", text);
	g_ptr_array_insert(env, (gint)env->len - 1, g_strdup(text));
	return true;
}

static bool take_arg(const FieldAt *at, void *target, GError **error)
{
	GPtrArray *args = *(GPtrArray **)target;
	const char *text = field_string(at, error);

	if (text)
		g_ptr_array_insert(args, (gint)args->len - 1, g_strdup(text));
	return text != NULL;
}

static bool take_cwd(const FieldAt *at, void *target, GError **error)
{
	if (!field_take(at, FIELD_STRING, target, error))
		return false;
	return **(char **)target == '/' || field_wrong(at, error, "not an absolute path");
}

/* --- capabilities --- */

/* One that this build does not know is one that this kernel cannot give either. */
static bool take_capability(const FieldAt *at, void *target, GError **error)
{
	const char *name = field_string(at, error);
	uint64_t mask;

	if (!name)
		return false;
	if (g_str_has_prefix(name, "CAP_") && caps_parse(name, &mask))
		*(uint64_t *)target |= mask;
	else
		log_warn("ignoring unknown capability '%s'", name);
	return true;
}

#define CAPABILITY_SET(name)                                                                       \
	{                                                                                          \
#name, FIELD_EACH, offsetof(SpecCapabilities, name), take_capability, false        \
	}

static const Field capability_fields[] = {
	CAPABILITY_SET(bounding),  CAPABILITY_SET(effective), CAPABILITY_SET(inheritable),
	CAPABILITY_SET(permitted), CAPABILITY_SET(ambient),
};

static bool take_capabilities(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, capability_fields, G_N_ELEMENTS(capability_fields), target, error);
}

/* --- rlimits --- */

static bool take_resource(const FieldAt *at, void *target, GError **error)
{
	const char *name = field_string(at, error);
	g_autofree char *lower = NULL;

	if (!name)
		return false;
	if (g_str_has_prefix(name, "RLIMIT_"))
		lower = g_ascii_strdown(name + strlen("RLIMIT_"), -1);
	return (lower && process_rlimit_parse(lower, target)) ||
	       field_wrong(at, error, "'%s' is no limit", name);
}

static const Field rlimit_fields[] = {
	{"type", FIELD_CALL, offsetof(SpecRlimit, resource), take_resource, true},
	{"soft", FIELD_UINT64, offsetof(SpecRlimit, soft), NULL, true},
	{"hard", FIELD_UINT64, offsetof(SpecRlimit, hard), NULL, true},
};

static bool take_rlimit(const FieldAt *at, void *target, GError **error)
{
	GArray *rlimits = *(GArray **)target;
	SpecRlimit rlimit = {0};

	if (!field_read(at, rlimit_fields, G_N_ELEMENTS(rlimit_fields), &rlimit, error))
		return false;
	for (guint i = 0; i < rlimits->len; i++) {
		if (g_array_index(rlimits, SpecRlimit, i).resource == rlimit.resource)
			return field_wrong(at, error, "this limit is there twice");
	}
	g_array_append_val(rlimits, rlimit);
	return true;
}

/* --- scheduler, ioPriority --- */

typedef struct {
	const char *name;
	uint64_t value;
} Word;

static bool take_word(const FieldAt *at, const Word *words, size_t n, uint64_t *ret, GError **error)
{
	const char *name = field_string(at, error);

	for (size_t i = 0; name && i < n; i++) {
		if (strcmp(name, words[i].name) == 0) {
			*ret = words[i].value;
			return true;
		}
	}
	return name && field_wrong(at, error, "'%s' is none of the words for it", name);
}

/* sched(7) and sched_setattr(2) */
static bool take_policy(const FieldAt *at, void *target, GError **error)
{
	static const Word words[] = {{"SCHED_OTHER", 0},   {"SCHED_FIFO", 1}, {"SCHED_RR", 2},
				     {"SCHED_BATCH", 3},   {"SCHED_ISO", 4},  {"SCHED_IDLE", 5},
				     {"SCHED_DEADLINE", 6}};
	uint64_t policy;

	if (!take_word(at, words, G_N_ELEMENTS(words), &policy, error))
		return false;
	*(uint32_t *)target = (uint32_t)policy;
	return true;
}

static bool take_scheduler_flag(const FieldAt *at, void *target, GError **error)
{
	static const Word words[] = {
		{"SCHED_FLAG_RESET_ON_FORK", 0x01}, {"SCHED_FLAG_RECLAIM", 0x02},
		{"SCHED_FLAG_DL_OVERRUN", 0x04},    {"SCHED_FLAG_KEEP_POLICY", 0x08},
		{"SCHED_FLAG_KEEP_PARAMS", 0x10},   {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
		{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}};
	uint64_t flag;

	if (!take_word(at, words, G_N_ELEMENTS(words), &flag, error))
		return false;
	*(uint64_t *)target |= flag;
	return true;
}

static const Field scheduler_fields[] = {
	{"policy", FIELD_CALL, offsetof(SpecScheduler, policy), take_policy, true},
	{"nice", FIELD_INT, offsetof(SpecScheduler, nice), NULL, false},
	{"priority", FIELD_UINT32, offsetof(SpecScheduler, priority), NULL, false},
	{"flags", FIELD_EACH, offsetof(SpecScheduler, flags), take_scheduler_flag, false},
	{"runtime", FIELD_UINT64, offsetof(SpecScheduler, runtime), NULL, false},
	{"deadline", FIELD_UINT64, offsetof(SpecScheduler, deadline), NULL, false},
	{"period", FIELD_UINT64, offsetof(SpecScheduler, period), NULL, false},
};

static bool take_scheduler(const FieldAt *at, void *target, GError **error)
{
	((SpecScheduler *)target)->set = true;
	return field_read(at, scheduler_fields, G_N_ELEMENTS(scheduler_fields), target, error);
}

typedef struct {
	uint64_t io_class;
	int priority;
} IoPriority;

static bool take_io_class(const FieldAt *at, void *target, GError **error)
{
	static const Word words[] = {{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
				     {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
				     {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}};

	return take_word(at, words, G_N_ELEMENTS(words), target, error);
}

static const Field io_priority_fields[] = {
	{"class", FIELD_CALL, offsetof(IoPriority, io_class), take_io_class, true},
	{"priority", FIELD_INT, offsetof(IoPriority, priority), NULL, false},
};

static bool take_io_priority(const FieldAt *at, void *target, GError **error)
{
	IoPriority asked = {0};

	if (!field_read(at, io_priority_fields, G_N_ELEMENTS(io_priority_fields), &asked, error))
		return false;
	if (asked.priority < 0 || asked.priority > 7)
		return field_wrong(at, error, "priority %d is not between 0 and 7", asked.priority);
	*(int *)target = (int)(asked.io_class << IOPRIO_CLASS_SHIFT) | asked.priority;
	return true;
}

#define CPUS_MAX 4096

static bool take_processors(const FieldAt *at, void *target, GError **error)
{
	const char *text = field_string(at, error);
	g_auto(GStrv) words = text ? g_strsplit(text, " ", -1) : NULL; /* blanks mean nothing */
	g_autofree char *list = words ? g_strjoinv("", words) : NULL;

	if (!list)
		return false;
	if (*list && !scheduling_parse_list(list, CPUS_MAX, NULL))
		return field_wrong(at, error, "'%s' is no list of numbers", text);
	g_free(*(char **)target);
	*(char **)target = g_steal_pointer(&list);
	return true;
}

static const Field affinity_fields[] = {
	{"initial", FIELD_CALL, offsetof(SpecProcess, affinity_initial), take_processors, false},
	{"final", FIELD_CALL, offsetof(SpecProcess, affinity_final), take_processors, false},
};

static bool take_affinity(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, affinity_fields, G_N_ELEMENTS(affinity_fields), target, error);
}

static bool take_oom_score(const FieldAt *at, void *target, GError **error)
{
	SpecProcess *process = target;

	if (!field_take(at, FIELD_INT, &process->oom_score_adj, error))
		return false;
	process->oom_score_adj_set = true;
	return (process->oom_score_adj >= -1000 && process->oom_score_adj <= 1000) ||
	       field_wrong(at, error, "not between -1000 and 1000");
}

static const Field process_fields[] = {
	{"terminal", FIELD_BOOL, offsetof(SpecProcess, terminal), NULL, false},
	{"consoleSize", FIELD_CALL, 0, take_size, false},
	{"user", FIELD_CALL, offsetof(SpecProcess, user), take_user, false},
	{"args", FIELD_EACH, offsetof(SpecProcess, args), take_arg, false},
	{"commandLine", FIELD_CALL, 0, field_pass_string, false},
	{"env", FIELD_EACH, offsetof(SpecProcess, env), take_env, false},
	{"cwd", FIELD_CALL, offsetof(SpecProcess, cwd), take_cwd, true},
	{"capabilities", FIELD_CALL, offsetof(SpecProcess, capabilities), take_capabilities, false},
	{"rlimits", FIELD_EACH, offsetof(SpecProcess, rlimits), take_rlimit, false},
	{"apparmorProfile", FIELD_STRING, offsetof(SpecProcess, apparmor_profile), NULL, false},
	{"selinuxLabel", FIELD_STRING, offsetof(SpecProcess, selinux_label), NULL, false},
	{"noNewPrivileges", FIELD_BOOL, offsetof(SpecProcess, no_new_privileges), NULL, false},
	{"oomScoreAdj", FIELD_CALL, 0, take_oom_score, false},
	{"scheduler", FIELD_CALL, offsetof(SpecProcess, scheduler), take_scheduler, false},
	{"execCPUAffinity", FIELD_CALL, 0, take_affinity, false},
	{"ioPriority", FIELD_CALL, offsetof(SpecProcess, io_priority), take_io_priority, false},
};

bool config_process(const FieldAt *at, void *spec, GError **error)
{
	return field_read(at, process_fields, G_N_ELEMENTS(process_fields),
			  &((Spec *)spec)->process, error);
}
