/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_json.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hint.h"
#include "base/json_text.h"
#include "base/log.h"

static void write_line(LogLevel level, const char *text)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
	g_autoptr(GString) line = g_string_new(NULL);
	g_auto(HintParts) parts = hint_split(text);

	json_text_append_member(line, "time", time);
	json_text_append_member(line, "level", log_level_name(level));
	json_text_append_member(line, "msg", parts.cause);
	json_text_append_member(line, "code", parts.code);
	json_text_append_member(line, "why", parts.why);
	json_text_append_member(line, "fix", parts.fix);
	g_string_append(line, "}\n");
	if (!fd_write_all(STDERR_FILENO, line->str, line->len))
		return; /* nowhere left to say it */
}

bool log_json_choose(const char *format)
{
	bool json = strcmp(format, "json") == 0;

	if (!json && strcmp(format, "text") != 0)
		return false;
	log_set_function(json ? write_line : NULL);
	return true;
}
