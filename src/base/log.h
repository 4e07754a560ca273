/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines: "rlc: level: text" on standard error, one write(2) each, so that the lines of several
 * processes do not tear.  Level and destination are rlc's only global variables.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
} LogLevel;

/* Whole lines, without a newline at the end. */
typedef void (*LogFunction)(LogLevel level, const char *text);

void log_set_level(LogLevel level);

/*
 * Have the lines written in another way, and elsewhere: as the callers of an OCI runtime want them.
 * NULL: as above.
 */
void log_set_function(LogFunction function);
bool log_enabled(LogLevel level);

/* Parse "error", "warn", "info" or "debug". false for anything else. */
bool log_level_parse(const char *text, LogLevel *ret_level);

const char *log_level_name(LogLevel level);

void log_line(LogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_enabled(LOG_DEBUG))                                                        \
			log_line(LOG_DEBUG, __VA_ARGS__);                                          \
	} while (0)
