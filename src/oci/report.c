/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json_text.h"
#include "base/log.h"

#define NOT_FOUND_WORDS "executable file not found in $PATH"

static int report_file = STDERR_FILENO;
static bool report_json;

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

static char *as_json(const char *level, const char *text, const char *now)
{
	g_autoptr(GString) line = g_string_new(NULL);

	json_text_append_member(line, "level", level);
	json_text_append_member(line, "msg", text);
	json_text_append_member(line, "time", now);
	g_string_append_c(line, '}');
	return g_string_free(g_steal_pointer(&line), FALSE);
}

static char *as_text(const char *level, const char *text, const char *now)
{
	g_autofree char *escaped = g_strescape(text, NULL);

	return g_strdup_printf("time=\"%s\" level=%s msg=\"%s\"", now, level, escaped);
}

static void write_line(LogLevel level, const char *text)
{
	g_autoptr(GDateTime) moment = g_date_time_new_now_utc();
	g_autofree char *now = g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ");
	g_autofree char *line = report_json ? as_json(level_names[level], text, now)
					    : as_text(level_names[level], text, now);
	g_autofree char *whole = g_strconcat(line, "\n", NULL);

	if (!fd_write_all(report_file, whole, strlen(whole)))
		return; /* nowhere left to say it */
}

/*
 * Was the file reached by a link that another user has put there, who may have no right to what it
 * leads to?  Asked before, so that nothing is made where it leads, and again of what was opened.
 */
static bool is_planted(const char *path, int fd)
{
	struct stat named, opened;

	if (lstat(path, &named) < 0)
		return fd >= 0;
	if (S_ISLNK(named.st_mode))
		return named.st_uid != geteuid() && named.st_uid != 0;
	return fd >= 0 && (fstat(fd, &opened) < 0 || named.st_dev != opened.st_dev ||
			   named.st_ino != opened.st_ino);
}

static int open_log(const char *path, GError **error)
{
	auto_fd fd = -1;

	if (!is_planted(path, -1)) {
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0) {
			error_errno(error, errno, "open '%s'", path);
			return -1;
		}
		if (!is_planted(path, fd))
			return fd_steal(&fd);
	}
	error_set(error, RLC_ERROR_FAILED, "open '%s': it is a link of another user", path);
	return -1;
}

bool report_open(const char *path, const char *format, bool debug, GError **error)
{
	if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
		return error_set(error, RLC_ERROR_USAGE, "invalid log-format '%s'", format);
	report_json = g_strcmp0(format, "json") == 0;
	if (path && *path) {
		int fd = open_log(path, error);

		if (fd < 0)
			return false;
		report_file = fd;
	}
	if (debug)
		log_set_level(LOG_DEBUG);
	log_set_function(write_line);
	return true;
}

/*
 * podman and docker tell "no such program" and "may not be run" from other failures by words of
 * Go's, docker with regard to case: Go writes the kernel's errors with a small letter.
 */
static char *in_words_of_callers(const GError *error)
{
	bool not_found = g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_NOT_FOUND);
	bool denied = g_error_matches(error, RLC_ERROR, RLC_ERROR_EXEC_DENIED);
	g_autofree char *text = g_strdup(error->message);
	char *cause = strrchr(text, ':');

	if ((not_found || denied) && cause && cause[1] == ' ')
		cause[2] = g_ascii_tolower(cause[2]);
	return g_strconcat(
		text, not_found && !strstr(text, "no such file") ? ": " NOT_FOUND_WORDS : "", NULL);
}

int report_error(const GError *error)
{
	g_autofree char *text = in_words_of_callers(error);

	log_set_function(write_line);
	log_error("%s", text);
	if (report_file != STDERR_FILENO) {
		g_autofree char *line = g_strconcat(text, "\n", NULL);

		if (!fd_write_all(STDERR_FILENO, line, strlen(line)))
			return 1;
	}
	return 1;
}
