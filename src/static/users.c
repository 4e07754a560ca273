/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C library's look-ups of users, for the rlc of one static file.  Its own would load modules of
 * the host (nsswitch.conf(5)), of another C library than the one inside: so users are those of
 * /etc/passwd, for rlc and for GLib.
 */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PASSWD "/etc/passwd"

/* The entry with this name, or where it is NULL, with this id.  0, and *result NULL for none. */
static int look_up(const char *name, uid_t uid, struct passwd *entry, char *buffer, size_t size,
		   struct passwd **result)
{
	FILE *file = fopen(PASSWD, "re");
	int failed = 0;

	*result = NULL;
	if (!file)
		return errno == ENOENT ? 0 : errno;
	while (failed == 0) {
		struct passwd *found;

		failed = fgetpwent_r(file, entry, buffer, size, &found);
		if (failed == 0 &&
		    (name ? strcmp(entry->pw_name, name) == 0 : entry->pw_uid == uid)) {
			*result = entry;
			break;
		}
	}
	fclose(file);
	return failed == ENOENT ? 0 : failed;
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
	return look_up(NULL, uid, entry, buffer, size, result);
}

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
	       struct passwd **result)
{
	return look_up(name, 0, entry, buffer, size, result);
}

struct passwd *getpwuid(uid_t uid)
{
	static struct passwd entry;
	static char buffer[4096];
	struct passwd *result;

	errno = getpwuid_r(uid, &entry, buffer, sizeof buffer, &result);
	return result;
}
