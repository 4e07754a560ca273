/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/mount_options.h"

#include <string.h>

#include "kernel/mount.h"

/* What a word does to the attributes of one mount, or with an "r" in front to all below it too. */
static const struct {
	const char *word;
	uint64_t set, clear;
} attributes[] = {
	{"ro", MOUNT_ATTR_RDONLY, 0},
	{"rw", 0, MOUNT_ATTR_RDONLY},
	{"nosuid", MOUNT_ATTR_NOSUID, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID},
	{"nodev", MOUNT_ATTR_NODEV, 0},
	{"dev", 0, MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
	{"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
	{"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
	{"diratime", 0, MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

static const struct {
	const char *word;
	uint64_t type;
} propagations[] = {
	{"private", MS_PRIVATE},
	{"slave", MS_SLAVE},
	{"shared", MS_SHARED},
	{"unbindable", MS_UNBINDABLE},
};

/* Of no effect: what always holds, what no kernel knows any more. */
static const char *const ignored[] = {
	"defaults", "async",	  "nolazytime", "silent", "loud", "nomand", "acl",
	"noacl",    "noiversion", "user",	"nouser", "auto", "noauto", "nofail",
};

static void combine(uint64_t *set, uint64_t *clear, size_t i)
{
	*set = (*set & ~attributes[i].clear) | attributes[i].set;
	*clear = (*clear & ~attributes[i].set) | attributes[i].clear;
}

static bool take_attribute(PlanMount *mount, const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
		if (strcmp(word, attributes[i].word) == 0) {
			combine(&mount->attr_set, &mount->attr_clear, i);
			return true;
		}
		if (*word == 'r' && strcmp(word + 1, attributes[i].word) == 0) {
			combine(&mount->below_set, &mount->below_clear, i);
			return true;
		}
	}
	return false;
}

static bool take_propagation(PlanMount *mount, const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(propagations); i++) {
		bool recursive = *word == 'r' && strcmp(word + 1, propagations[i].word) == 0;

		if (!recursive && strcmp(word, propagations[i].word) != 0)
			continue;
		mount->propagation = propagations[i].type;
		mount->propagation_below = recursive;
		return true;
	}
	return false;
}

static bool take_flag(PlanMount *mount, const char *word)
{
	const struct {
		const char *word;
		bool *flag;
		bool value;
	} flags[] = {
		{"bind", &mount->recursive, false},	   {"rbind", &mount->recursive, true},
		{"tmpcopyup", &mount->copy, true},	   {"idmap", &mount->idmap, true},
		{"ridmap", &mount->idmap, true},	   {"ridmap", &mount->idmap_below, true},
		{"copy-symlink", &mount->keep_link, true},
	};
	bool taken = false;

	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
		if (strcmp(word, flags[i].word) != 0)
			continue;
		*flags[i].flag = flags[i].value;
		taken = true;
	}
	return taken;
}

bool mount_options_take(PlanMount *mount, const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++) {
		if (strcmp(word, ignored[i]) == 0)
			return true;
	}
	if (strcmp(word, "z") == 0 || strcmp(word, "Z") == 0) {
		mount->relabel = *word;
		return true;
	}
	return take_attribute(mount, word) || take_propagation(mount, word) ||
	       take_flag(mount, word);
}
