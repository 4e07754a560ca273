/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/volume_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hint.h"
#include "feature/idmap.h"
#include "feature/mount_options.h"
#include "kernel/mount.h"

#define NAME_LONGEST	200
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

bool volume_check_name(const char *name, GError **error)
{
	size_t length = strlen(name);

	if (length > 0 && length <= NAME_LONGEST && g_ascii_isalnum(*name) &&
	    strspn(name, NAME_CHARACTERS) == length)
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "volume name '%.*s': it begins with a letter or digit, and has letters, "
			 "digits, '_', '.' and '-', %d at most",
			 NAME_LONGEST, name, NAME_LONGEST);
}

void volume_clear(gpointer plan_mount)
{
	PlanMount *mount = plan_mount;

	g_free(mount->destination);
	g_free(mount->type);
	g_free(mount->source);
	g_free(mount->subpath);
	g_free(mount->volume);
	g_clear_pointer(&mount->layers, g_ptr_array_unref);
	g_free(mount->data);
}

/* What rlc itself does, of no meaning to the kernel. */
static bool apply_own_word(PlanMount *mount, const char *word)
{
	static const struct {
		const char *word;
		size_t flag; /* of bool, in PlanMount */
		bool value;
	} words[] = {
		{"copy", offsetof(PlanMount, copy), true},
		{"nocopy", offsetof(PlanMount, copy), false},
		{"notmpcopyup", offsetof(PlanMount, copy), false},
		{"U", offsetof(PlanMount, chown), true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*(bool *)((char *)mount + words[i].flag) = words[i].value;
			return true;
		}
	}
	return false;
}

static bool apply_setting(PlanMount *mount, const char *word)
{
	if (g_str_has_prefix(word, "subpath=")) {
		g_free(mount->subpath);
		mount->subpath = g_strdup(word + strlen("subpath="));
		return true;
	}
	if (!mount->layers || !g_str_has_prefix(word, VOLUME_LAYER))
		return false;
	g_ptr_array_add(mount->layers, g_strdup(word + strlen(VOLUME_LAYER)));
	return true;
}

static bool apply_options(const SpecMount *asked, PlanMount *mount, GError **error)
{
	g_autoptr(GString) data = g_string_new(NULL);

	for (guint i = 0; asked->options && i < asked->options->len; i++) {
		const char *word = g_ptr_array_index(asked->options, i);

		if (!word || mount_options_take(mount, word) || apply_own_word(mount, word) ||
		    apply_setting(mount, word))
			continue;
		if (strcmp(mount->type, "tmpfs") != 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "mount '%s': unknown option '%s' for a %s",
					 mount->destination, word, mount->type);
		g_string_append_printf(data, "%s%s", data->len ? "," : "", word);
	}
	mount->data = data->len ? g_string_free(g_steal_pointer(&data), FALSE) : NULL;
	return true;
}

/* Device nodes work only where the source shows that they are wanted, or the option dev says so. */
static bool is_of_devices(const char *source, const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) || strcmp(source, "/dev") == 0 ||
	       g_str_has_prefix(source, "/dev/");
}

/* A bind's source is opened by init, in its own mount namespace; here it must only exist. */
static bool plan_bind(const SpecMount *asked, PlanMount *mount, GError **error)
{
	struct stat st;

	mount->source = realpath(asked->source, NULL);
	if (!mount->source || stat(mount->source, &st) < 0)
		return error_errno(error, errno, "open '%s', to be mounted on '%s'", asked->source,
				   asked->destination);
	mount->source_is_dir = S_ISDIR(st.st_mode);
	mount->recursive = true;
	if (!is_of_devices(mount->source, &st))
		mount->attr_set = MOUNT_ATTR_NODEV;
	return true;
}

/* Root's own volumes and images belong to root, who may have no id inside: they are shifted. */
static bool is_stranger_inside(const Plan *plan)
{
	return geteuid() == 0 && !idmap_covers_owner(g_ptr_array_index(plan->idmap.tiers, 0), 0, 0);
}

/*
 * Where it is, container/volumes_used says.  A throw-away container gains nothing by an anonymous
 * volume that goes with it: a directory of its root does as well, and costs nothing.
 */
static bool plan_volume(const SpecMount *asked, Plan *plan, PlanMount *mount, GError **error)
{
	if (asked->source && !volume_check_name(asked->source, error))
		return false;
	mount->volume = g_strdup(asked->source);
	mount->anonymous = !asked->source && plan->spec->rlc.detach;
	mount->attr_set = MOUNT_ATTR_NODEV;
	mount->source_is_dir = mount->copy = true;
	mount->idmap = is_stranger_inside(plan);
	return true;
}

static bool plan_kind(const SpecMount *asked, Plan *plan, PlanMount *mount, GError **error)
{
	if (strcmp(asked->type, "bind") == 0)
		return plan_bind(asked, mount, error);
	if (strcmp(asked->type, "volume") == 0)
		return plan_volume(asked, plan, mount, error);
	if (strcmp(asked->type, "tmpfs") == 0) {
		mount->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
		return true;
	}
	if (strcmp(asked->type, "image") == 0) {
		mount->layers = g_ptr_array_new_with_free_func(g_free);
		mount->idmap = is_stranger_inside(plan);
		mount->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		return true;
	}
	return error_set(error, RLC_ERROR_UNSUPPORTED, "mount '%s': unknown type '%s'",
			 mount->destination, asked->type);
}

static bool check_destination(const char *destination, GError **error)
{
	if (!g_path_is_absolute(destination))
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '%s': the path inside must be absolute", destination);
	if (strcmp(destination, "/") == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '/': that is the rootfs; use --rootfs");
	if (strcmp(destination, "/proc") == 0 || g_str_has_prefix(destination, "/proc/"))
		return error_set(error, RLC_ERROR_USAGE,
				 "mount on '%s': nothing may cover /proc, which tells programs "
				 "who they are",
				 destination);
	return true;
}

/* The host's own directories are not to change hands by a slip of the keyboard. */
static bool check_chown(const PlanMount *mount, GError **error)
{
	if (!mount->chown || mount->volume || (mount->source && strchr(mount->source + 1, '/')))
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "mount '%s': with U all that is below '%s' would change its owner; chown "
			 "what is meant by hand",
			 mount->destination, mount->source ? mount->source : mount->type);
}

/* mount_setattr(2): only who is root over the file system, which was mounted on the host. */
static bool check_idmap(const Plan *plan, const PlanMount *mount, GError **error)
{
	g_autoptr(GError) refused = NULL;

	if (!mount->idmap || (geteuid() == 0 && !plan->join))
		return true;
	error_set(&refused, RLC_ERROR_UNSUPPORTED,
		  "mount '%s': idmap is for root, and not in another container's user namespace",
		  mount->destination);
	hint_add(&refused, HINT_VOLUME_IDMAP, NULL);
	g_propagate_error(error, g_steal_pointer(&refused));
	return false;
}

static bool plan_one(const SpecMount *asked, Plan *plan, PlanMount *mount, GError **error)
{
	mount->destination = g_canonicalize_filename(asked->destination, "/");
	mount->type = g_strdup(asked->type);
	return check_destination(asked->destination, error) &&
	       check_destination(mount->destination, error) &&
	       plan_kind(asked, plan, mount, error) && apply_options(asked, mount, error) &&
	       check_chown(mount, error) && check_idmap(plan, mount, error);
}

bool volume_plan(const Spec *spec, Plan *plan, GError **error)
{
	for (guint i = 0; i < spec->mounts->len; i++) {
		PlanMount mount = {0};

		if (!plan_one(&g_array_index(spec->mounts, SpecMount, i), plan, &mount, error)) {
			volume_clear(&mount);
			return false;
		}
		g_array_append_val(plan->mounts, mount);
	}
	return true;
}
