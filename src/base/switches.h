/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --SWITCH=true and --SWITCH=false, which GOption takes both for the switch given.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Make of "--SWITCH=true" the switch, and take "--SWITCH=false" out of the words, before GOption
 * reads them.  argv[0] is the program; it ends with NULL, and *argc is changed as well.  strict:
 * the first word that is no option ends them.  Other values are refused: RLC_ERROR_USAGE.
 */
bool switches_decide(int *argc, char **argv, const GOptionEntry *entries, bool strict,
		     GError **error);
