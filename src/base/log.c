/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "base/printable.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static LogLevel log_level = LOG_WARN;
static LogFunction log_function;

void log_set_function(LogFunction function)
{
	log_function = function;
}

void log_set_level(LogLevel level)
{
	log_level = level;
}

bool log_enabled(LogLevel level)
{
	return level <= log_level;
}

bool log_level_parse(const char *text, LogLevel *ret_level)
{
	for (size_t i = 0; i < G_N_ELEMENTS(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret_level = (LogLevel)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(LogLevel level)
{
	return level_names[level];
}

void log_line(LogLevel level, const char *format, ...)
{
	g_autofree char *text = NULL, *shown = NULL, *line = NULL;
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	if (log_function) {
		log_function(level, text);
		return;
	}
	shown = printable_copy(text, "\n\t");
	line = level == LOG_ERROR ? g_strdup_printf("rlc: %s\n", shown)
				  : g_strdup_printf("rlc: %s: %s\n", level_names[level], shown);
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return; /* nowhere left to say it */
}
