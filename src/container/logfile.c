/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define LOG_PREFIX "log."

/* A record: time, blank, stream (six letters), blank, F or P, blank, text, newline */
#define TIME_LENGTH   30
#define STREAM_AT     (TIME_LENGTH + 1)
#define FLAG_AT	      (STREAM_AT + 7)
#define HEADER_LENGTH (FLAG_AT + 2)

#define LOST "[rlc: output was lost here, the disk was full]"

struct LogFile {
	int dir, fd;
	unsigned number; /* of the file that is written */
	unsigned max_file;
	uint64_t size, max_size;
	GString *records;
	bool failed;
};

static char *file_name(unsigned number)
{
	return g_strdup_printf(LOG_PREFIX "%u", number);
}

/* The first and the last file that there is; false: none. */
static bool find_files(int dir, unsigned *ret_first, unsigned *ret_last)
{
	DIR *list = fd_list(dir);
	struct dirent *entry;
	unsigned first = 0, last = 0;

	while (list && (entry = readdir(list))) {
		unsigned number;

		if (sscanf(entry->d_name, LOG_PREFIX "%u", &number) != 1)
			continue;
		first = first == 0 || number < first ? number : first;
		last = MAX(last, number);
	}
	if (list)
		closedir(list);
	*ret_first = first;
	*ret_last = last;
	return last > 0;
}

/* --- the supervisor writes --- */

static bool open_file(LogFile *log)
{
	g_autofree char *name = file_name(log->number);
	struct stat st;
	int fd = openat(log->dir, name,
			O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return false;
	fd_close(&log->fd);
	log->fd = fd;
	log->size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return true;
}

LogFile *logfile_open(int dir, uint64_t max_size, unsigned max_file, GError **error)
{
	g_autoptr(LogFile) log = g_new0(LogFile, 1);
	unsigned first;

	log->fd = -1;
	log->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	log->max_size = max_size ? max_size : LOGFILE_MAX_SIZE;
	log->max_file = max_file ? max_file : LOGFILE_MAX_FILE;
	log->records = g_string_new(NULL);
	if (!find_files(dir, &first, &log->number))
		log->number = 1;
	if (log->dir < 0 || !open_file(log)) {
		error_errno(error, errno, "open the log file");
		return NULL;
	}
	return g_steal_pointer(&log);
}

void logfile_close(LogFile *log)
{
	if (!log)
		return;
	fd_close(&log->fd);
	fd_close(&log->dir);
	g_string_free(log->records, TRUE);
	g_free(log);
}

static void format_time(int64_t seconds, long nanoseconds, char *ret_text)
{
	time_t when = (time_t)seconds;
	struct tm utc;
	char date[24], text[64];

	gmtime_r(&when, &utc);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof text, "%s.%09ldZ", date, nanoseconds);
	g_strlcpy(ret_text, text, TIME_LENGTH + 1);
}

/* A new file; the oldest goes. */
static void rotate(LogFile *log)
{
	log->number++;
	if (!open_file(log)) {
		log->number--; /* it goes on in the old one */
		return;
	}
	if (log->number > log->max_file) {
		g_autofree char *oldest = file_name(log->number - log->max_file);

		unlinkat(log->dir, oldest, 0);
	}
}

/* What is in log->records goes to the file. False if it does not fit on the disk. */
static bool flush(LogFile *log)
{
	bool ok = fd_write_all(log->fd, log->records->str, log->records->len);

	if (ok)
		log->size += log->records->len;
	else if (ftruncate(log->fd, (off_t)log->size) < 0)
		log->size = log->max_size; /* half a record would join the next one: a new file */
	g_string_truncate(log->records, 0);
	return ok;
}

static bool append_record(LogFile *log, const char *header, const char *text, size_t length)
{
	uint64_t before = log->size + log->records->len;
	bool ok = true;

	if (before > 0 && before + HEADER_LENGTH + length + 1 > log->max_size) {
		ok = flush(log);
		rotate(log);
	}
	g_string_append_len(log->records, header, HEADER_LENGTH);
	g_string_append_len(log->records, text, (gssize)length);
	g_string_append_c(log->records, '\n');
	return ok;
}

static bool append_bytes(LogFile *log, char *header, const char *data, size_t length)
{
	bool ok = true;

	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		size_t line = newline ? (size_t)(newline - data) : length;
		size_t taken = line + (newline ? 1 : 0);

		header[FLAG_AT] = newline ? 'F' : 'P';
		ok &= append_record(log, header, data, line);
		data += taken;
		length -= taken;
	}
	return ok;
}

bool logfile_write(LogFile *log, int stream, const char *data, size_t length)
{
	struct timespec now;
	char time[TIME_LENGTH + 1], header[HEADER_LENGTH + 1];
	bool failed_before = log->failed, ok = true;

	clock_gettime(CLOCK_REALTIME, &now);
	format_time(now.tv_sec, now.tv_nsec, time);
	snprintf(header, sizeof header, "%s %s F ", time, stream == 1 ? "stdout" : "stderr");
	if (failed_before)
		ok = append_record(log, header, LOST, strlen(LOST));
	ok &= append_bytes(log, header, data, length);
	ok &= flush(log);
	log->failed = !ok;
	return ok || failed_before;
}

/* --- commands read --- */

typedef struct {
	const LogQuery *query;
	char since[TIME_LENGTH + 1], until[TIME_LENGTH + 1]; /* as in the records */
	int dir, fd;
	unsigned number;     /* of the file that is read */
	GByteArray *pending; /* the beginning of a record */
	uint64_t skip;	     /* so many lines are not shown */
	uint64_t lines;	     /* that have begun */
	bool within[2];	     /* a line has begun, of stdout and stderr */
	bool skipping[2];    /* and is not shown */
	bool counting;	     /* nothing is shown */
	bool broken;	     /* nobody reads our output */
} Reader;

static void show(Reader *reader, int stream, const char *record, size_t length)
{
	bool *within = &reader->within[stream - 1];
	g_autoptr(GString) text = g_string_new(NULL);

	if (reader->query->timestamps && !*within) {
		g_string_append_len(text, record, TIME_LENGTH);
		g_string_append_c(text, ' ');
	}
	g_string_append_len(text, record + HEADER_LENGTH, (gssize)(length - HEADER_LENGTH));
	*within = record[FLAG_AT] != 'F';
	if (!*within)
		g_string_append_c(text, '\n');
	if (stream == 1) {
		if (fwrite(text->str, 1, text->len, stdout) != text->len)
			reader->broken = true;
	} else if (fflush(stdout) != 0 || !fd_write_all(STDERR_FILENO, text->str, text->len)) {
		reader->broken = true;
	}
}

/* One record without its newline. */
static void take_record(Reader *reader, const char *record, size_t length)
{
	const LogQuery *query = reader->query;
	int stream;

	if (length < HEADER_LENGTH)
		return;
	if ((query->since && strncmp(record, reader->since, TIME_LENGTH) < 0) ||
	    (query->until && strncmp(record, reader->until, TIME_LENGTH) > 0))
		return;
	stream = strncmp(record + STREAM_AT, "stderr", 6) == 0 ? 2 : 1;
	if (!reader->within[stream - 1]) { /* a line begins: the last one may have no end yet */
		reader->lines++;
		reader->skipping[stream - 1] = reader->counting || reader->lines <= reader->skip;
	}
	if (reader->skipping[stream - 1])
		reader->within[stream - 1] = record[FLAG_AT] != 'F';
	else
		show(reader, stream, record, length);
}

static void take_bytes(Reader *reader, const char *data, size_t length)
{
	while (length > 0 && !reader->broken) {
		const char *newline = memchr(data, '\n', length);
		size_t line = newline ? (size_t)(newline - data) : length;

		if (!newline || reader->pending->len > 0)
			g_byte_array_append(reader->pending, (const guint8 *)data, (guint)line);
		if (newline && reader->pending->len > 0)
			take_record(reader, (const char *)reader->pending->data,
				    reader->pending->len);
		else if (newline)
			take_record(reader, data, line);
		if (newline)
			g_byte_array_set_size(reader->pending, 0);
		data += line + (newline ? 1 : 0);
		length -= line + (newline ? 1 : 0);
	}
}

/* Up to the end of this file, as it is now. */
static bool read_file(Reader *reader, GError **error)
{
	char buffer[65536];

	while (reader->fd >= 0 && !reader->broken) {
		ssize_t n = TEMP_FAILURE_RETRY(read(reader->fd, buffer, sizeof buffer));

		if (n < 0)
			return error_errno(error, errno, "read the log");
		if (n == 0)
			break;
		take_bytes(reader, buffer, (size_t)n);
	}
	return true;
}

/* Open the file behind the one that is read, if it is there; some may have been removed. */
static bool next_file(Reader *reader)
{
	unsigned first, last;
	int fd = -1;

	if (!find_files(reader->dir, &first, &last))
		return false;
	for (unsigned i = MAX(reader->number + 1, first); i <= last && fd < 0; i++) {
		g_autofree char *name = file_name(i);

		fd = openat(reader->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			continue;
		fd_close(&reader->fd);
		reader->fd = fd;
		reader->number = i;
	}
	return fd >= 0;
}

/* All that there is. A file is complete when the next one exists: it may have grown meanwhile. */
static bool read_all(Reader *reader, GError **error)
{
	for (;;) {
		unsigned first, last;
		bool more = find_files(reader->dir, &first, &last) && last > reader->number;

		if (!read_file(reader, error))
			return false;
		if (!more || reader->broken || !next_file(reader))
			return true;
	}
}

static bool count_lines(Reader *reader, GError **error)
{
	if (reader->query->tail < 0)
		return true;
	reader->counting = true;
	if (!read_all(reader, error))
		return false;
	reader->counting = false;
	reader->skip = reader->lines - MIN(reader->lines, (uint64_t)reader->query->tail);
	reader->lines = 0;
	reader->within[0] = reader->within[1] = false;
	reader->number = 0;
	fd_close(&reader->fd);
	g_byte_array_set_size(reader->pending, 0);
	return true;
}

static void drain(int inotify)
{
	char events[4096] __attribute__((aligned(8)));

	while (read(inotify, events, sizeof events) > 0)
		continue;
}

/* The directory tells of each write; the supervisor's socket closes after the last. */
static bool follow(Reader *reader, int inotify, int control, GError **error)
{
	struct pollfd fds[] = {{inotify, POLLIN, 0}, {control, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
	bool ended = false;

	while (!ended && !reader->broken) {
		if (TEMP_FAILURE_RETRY(poll(fds, G_N_ELEMENTS(fds), -1)) < 0)
			return error_errno(error, errno, "wait for the log");
		ended = fds[1].revents != 0;
		reader->broken = (fds[2].revents & POLLERR) != 0;
		drain(inotify);
		if (!read_all(reader, error))
			return false;
		if (fflush(stdout) != 0)
			reader->broken = true;
	}
	return true;
}

static bool print(Reader *reader, int control, GError **error)
{
	auto_fd inotify = fd_inotify(error);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", reader->dir);

	if (inotify < 0)
		return false;
	if (inotify_add_watch(inotify, path, IN_MODIFY | IN_CREATE) < 0)
		return error_errno(error, errno, "watch the log");
	if (!count_lines(reader, error) || !read_all(reader, error))
		return false;
	if (fflush(stdout) != 0)
		reader->broken = true;
	return control < 0 || !reader->query->follow || follow(reader, inotify, control, error);
}

bool logfile_print(int dir, const LogQuery *query, int control, GError **error)
{
	Reader reader = {
		.query = query,
		.dir = dir,
		.fd = -1,
		.pending = g_byte_array_new(),
	};
	bool ok;

	format_time(query->since / G_USEC_PER_SEC, (long)(query->since % G_USEC_PER_SEC) * 1000,
		    reader.since);
	format_time(query->until / G_USEC_PER_SEC, (long)(query->until % G_USEC_PER_SEC) * 1000,
		    reader.until);
	ok = print(&reader, control, error);
	fd_close(&reader.fd);
	g_byte_array_unref(reader.pending);
	return ok;
}
