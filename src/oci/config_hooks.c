/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "hooks" of a config.json. */
#include "oci/config.h"

static bool take_timeout(const FieldAt *at, void *target, GError **error)
{
	int *timeout = target;

	return field_take(at, FIELD_INT, timeout, error) &&
	       (*timeout > 0 || field_wrong(at, error, "not above 0"));
}

static const Field hook_fields[] = {
	{"path", FIELD_STRING, offsetof(SpecHook, path), NULL, true},
	{"args", FIELD_STRINGS, offsetof(SpecHook, args), NULL, false},
	{"env", FIELD_STRINGS, offsetof(SpecHook, env), NULL, false},
	{"timeout", FIELD_CALL, offsetof(SpecHook, timeout), take_timeout, false},
};

static bool take_hook(const FieldAt *at, void *target, GError **error)
{
	GArray *hooks = *(GArray **)target;
	SpecHook *hook;
	SpecHook empty = {
		.args = g_ptr_array_new_with_free_func(g_free),
		.env = g_ptr_array_new_with_free_func(g_free),
	};

	g_array_append_val(hooks, empty);
	hook = &g_array_index(hooks, SpecHook, hooks->len - 1);
	if (!field_read(at, hook_fields, G_N_ELEMENTS(hook_fields), hook, error))
		return false;
	if (*hook->path != '/')
		return field_wrong(at, error, "the path '%s' is not absolute", hook->path);
	if (hook->args->len == 0)
		g_ptr_array_add(hook->args, g_strdup(hook->path));
	g_ptr_array_add(hook->args, NULL);
	g_ptr_array_add(hook->env, NULL);
	return true;
}

#define HOOKS(name, kind)                                                                          \
	{                                                                                          \
		name, FIELD_EACH, offsetof(Spec, hooks[kind]), take_hook, false                    \
	}

static const Field kind_fields[] = {
	HOOKS("prestart", HOOK_PRESTART),
	HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
	HOOKS("createContainer", HOOK_CREATE_CONTAINER),
	HOOKS("startContainer", HOOK_START_CONTAINER),
	HOOKS("poststart", HOOK_POSTSTART),
	HOOKS("poststop", HOOK_POSTSTOP),
};

bool config_hooks(const FieldAt *at, void *spec, GError **error)
{
	return field_read(at, kind_fields, G_N_ELEMENTS(kind_fields), spec, error);
}
