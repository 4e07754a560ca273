/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc.conf: defaults for the options of `rlc run`, see rlc.conf(5).  /etc/rlc/rlc.conf, then for
 * everybody but root $XDG_CONFIG_HOME/rlc/rlc.conf.
 */
#pragma once

#include "cmd/run_table.h"

/*
 * Put the options of both files in front of what was given on the command line (of RunGiven). Those
 * that may be given once, and were, stay out.  A file that is not there says nothing; any that
 * cannot be believed or read, or has a key that is no option, is an error that names it.
 */
bool run_config_read(const RunTable *table, GArray *given, GError **error);

/* What the text of one file says, appended to found (of RunGiven); path is for errors. Pure. */
bool run_config_parse(const RunTable *table, const char *path, const char *text, GArray *found,
		      GError **error);
