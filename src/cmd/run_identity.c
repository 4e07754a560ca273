/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about who the process is and what it may do. */
#include "cmd/run_table.h"

#include <sched.h>
#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"
#include "feature/caps.h"
#include "feature/user.h"

static bool set_user(RunParse *parse, const char *value, GError **error)
{
	return user_check(value, error) &&
	       run_value_replace(&parse->spec->process.user.name, value);
}

static bool set_group_add(RunParse *parse, const char *value, GError **error)
{
	if (!user_check_group(value, error))
		return false;
	g_ptr_array_add(parse->spec->process.user.group_names, g_strdup(value));
	return true;
}

/* One CONTAINER:HOST:COUNT. */
static bool take_idmap(GArray *map, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	guint64 numbers[3];

	if (g_strv_length(parts) != 3)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not CONTAINER:HOST:COUNT", text);
	for (int i = 0; i < 3; i++) {
		if (!run_value_number(parts[i], G_MAXUINT32 - 1, &numbers[i]))
			return error_set(error, RLC_ERROR_USAGE, "'%s' in '%s' is not an id",
					 parts[i], text);
	}
	if (numbers[2] == 0)
		return error_set(error, RLC_ERROR_USAGE, "the count in '%s' is 0", text);
	if (numbers[0] + numbers[2] > G_MAXUINT32 || numbers[1] + numbers[2] > G_MAXUINT32)
		return error_set(error, RLC_ERROR_USAGE, "'%s' goes beyond the last id, %u", text,
				 G_MAXUINT32 - 1);
	g_array_append_vals(map,
			    &(SpecIdMap){
				    .inside = (uint32_t)numbers[0],
				    .outside = (uint32_t)numbers[1],
				    .count = (uint32_t)numbers[2],
			    },
			    1);
	return true;
}

static bool take_idmaps(GArray *map, const char *value, GError **error)
{
	g_auto(GStrv) items = g_strsplit(value, ",", -1);

	if (!items[0])
		return error_set(error, RLC_ERROR_USAGE, "it is empty");
	for (char **item = items; *item; item++) {
		if (!take_idmap(map, *item, error))
			return false;
	}
	return true;
}

static bool set_userns(RunParse *parse, const char *value, GError **error)
{
	static const char map_prefix[] = "map=", auto_prefix[] = "auto:size=";

	if (g_str_has_prefix(value, map_prefix)) {
		parse->spec->rlc.userns = USERNS_MAP;
		value += strlen(map_prefix);
		return take_idmaps(parse->spec->linux_.uid_mappings, value, error) &&
		       take_idmaps(parse->spec->linux_.gid_mappings, value, error);
	}
	if (g_str_has_prefix(value, auto_prefix)) {
		guint64 size;

		if (!run_value_number(value + strlen(auto_prefix), G_MAXUINT32 - 1, &size) ||
		    size == 0)
			return error_set(error, RLC_ERROR_USAGE, "'%s' is not a number of ids",
					 value + strlen(auto_prefix));
		parse->spec->rlc.userns = USERNS_AUTO;
		parse->spec->rlc.userns_size = (uint32_t)size;
	} else if (strcmp(value, "auto") == 0) {
		parse->spec->rlc.userns = USERNS_AUTO;
	} else if (strcmp(value, "host") == 0) {
		parse->spec->rlc.userns = USERNS_HOST;
		parse->spec->linux_.namespaces &= ~(uint64_t)CLONE_NEWUSER;
	} else if (strcmp(value, "keep-id") == 0) {
		parse->spec->rlc.userns = USERNS_KEEP_ID;
	} else {
		return error_set(error, RLC_ERROR_USAGE,
				 "'%s' is not auto, host, keep-id or map=CONTAINER:HOST:COUNT",
				 value);
	}
	return true;
}

static bool set_uidmap(RunParse *parse, const char *value, GError **error)
{
	return take_idmaps(parse->spec->linux_.uid_mappings, value, error);
}

static bool set_gidmap(RunParse *parse, const char *value, GError **error)
{
	return take_idmaps(parse->spec->linux_.gid_mappings, value, error);
}

/* One name, or as podman has it several with commas between. */
static bool take_cap(uint64_t *mask, const char *value, GError **error)
{
	g_auto(GStrv) names = g_strsplit(*value ? value : ",", ",", -1);
	uint64_t bits;

	for (char **name = names; *name; name++) {
		if (!caps_parse(*name, &bits))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is no such capability, see capabilities(7)", *name);
		*mask |= bits;
	}
	return true;
}

static bool set_cap_add(RunParse *parse, const char *value, GError **error)
{
	return take_cap(&parse->caps_added, value, error);
}

static bool set_cap_drop(RunParse *parse, const char *value, GError **error)
{
	return take_cap(&parse->caps_dropped, value, error);
}

static bool set_time_ns(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	if (value)
		parse->spec->linux_.namespaces |= CLONE_NEWTIME;
	return true;
}

static const RunOption rows[] = {
	{"user", 'u', OPTION_ONCE, set_user, "USER[:GROUP]",
	 "run as this user: a name of the container's, or an id"},
	{"group-add", 0, OPTION_MANY, set_group_add, "GROUP", "one more supplementary group"},
	{"userns", 0, OPTION_ONCE, set_userns, "MODE",
	 "which ids it has: auto[:size=COUNT], host, keep-id or map=CONTAINER:HOST:COUNT"},
	{"uidmap", 0, OPTION_MANY, set_uidmap, "CONTAINER:HOST:COUNT", "exactly this user id map"},
	{"gidmap", 0, OPTION_MANY, set_gidmap, "CONTAINER:HOST:COUNT", "exactly this group id map"},
	{"cap-add", 0, OPTION_MANY, set_cap_add, "CAPABILITY",
	 "give it one more than the default set, or ALL"},
	{"cap-drop", 0, OPTION_MANY, set_cap_drop, "CAPABILITY",
	 "give it one less than the default set, or none: ALL"},
	{"time-ns", 0, OPTION_SWITCH, set_time_ns, NULL, "a time namespace of its own, too"},
};

const RunGroup run_identity_group = {"Identity and rights", rows, G_N_ELEMENTS(rows)};
