/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log files of a detached container: ROOT/containers/ID/log.1, log.2, … of which the last few are
 * kept.  A file is a row of records in the form of the CRI, one a line:
 *
 *     2026-11-25T23:10:00.123456789Z stdout F a whole line, or the end of one
 *     2026-11-25T23:10:00.123456789Z stderr P the line goes on in the next record of its stream
 *
 * Files are never renamed, only added and removed, so that a reader that follows loses its place
 * only if it is slower by all files that are kept.  What stands behind the last newline of the last
 * file is not finished yet.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGFILE_MAX_SIZE (10 << 20)
#define LOGFILE_MAX_FILE 3

typedef struct LogFile LogFile;

/* supervisor: go on behind the last file of the directory. Zeroes mean the defaults. */
LogFile *logfile_open(int dir, uint64_t max_size, unsigned max_file, GError **error);

/*
 * supervisor: write what came from a stream (1 or 2) just now. A disk that is full costs records,
 * never time; false the first time.
 */
bool logfile_write(LogFile *log, int stream, const char *data, size_t length);

void logfile_close(LogFile *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogFile, logfile_close)

/* What a reader wants to see. */
typedef struct {
	int64_t tail;	 /* the last so many lines; -1: all */
	int64_t since;	 /* microseconds since 1970; 0: from the beginning */
	int64_t until;	 /* 0: to the end */
	bool timestamps; /* in front of each line */
	bool follow;	 /* wait for more until the container ends */
} LogQuery;

/*
 * Write the log to standard output and standard error, as it came.  control: connected to the
 * supervisor with CONTROL_WAIT, for follow; -1: the container has ended.  False on failure; an
 * output that is closed is none.
 */
bool logfile_print(int dir, const LogQuery *query, int control, GError **error);
