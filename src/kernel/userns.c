/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/userns.h"

#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"

#define MAP_FILE "/proc/self/uid_map"
#define MAP_MAX	 65536

bool userns_is_host(void)
{
	g_autofree char *map = fd_read_file(AT_FDCWD, MAP_FILE, MAP_MAX, NULL);
	unsigned inside, outside, count;

	return !map || sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 ||
	       count == UINT32_MAX;
}

uid_t userns_outer_uid(void)
{
	g_autofree char *map = fd_read_file(AT_FDCWD, MAP_FILE, MAP_MAX, NULL);
	g_auto(GStrv) lines = g_strsplit(map ? map : "", "\n", -1);
	uid_t own = geteuid();

	for (char **line = lines; *line; line++) {
		unsigned inside, outside, count;

		if (sscanf(*line, "%u %u %u", &inside, &outside, &count) == 3 && own >= inside &&
		    own - inside < count)
			return outside + (own - inside);
	}
	return own;
}
