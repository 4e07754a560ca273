/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a line is one write(2) to a file opened with O_APPEND, so readers need no
 * lock and see whole lines.  The lock is for the change of files: whoever makes the file too big
 * moves it away while he has it, and who waited for it looks again which file has the name.  So
 * nothing is written to a file that was moved away, and a reader that finds another file in its
 * place knows, once it has read its own to the end, that this was all.
 */
#include "container/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/record_words.h"
#include "container/state.h"

#define FILE_NEW "events"
#define FILE_OLD "events.1"
#define FILE_MAX (1 << 20) /* bytes */

#define WORDS 7

/* --- writing --- */

static bool is_current(int root, int fd)
{
	struct stat named, opened;

	return fstatat(root, FILE_NEW, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino;
}

/* The file that has the name, locked. -1 with errno. */
static int open_locked(int root, int flags, int operation)
{
	for (;;) {
		auto_fd fd = openat(root, FILE_NEW, flags | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || TEMP_FAILURE_RETRY(flock(fd, operation)) < 0)
			return -1;
		if (is_current(root, fd))
			return fd_steal(&fd);
	}
}

static bool append(const char *state_root, const GString *line)
{
	auto_fd root = open(state_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd fd = root < 0 ? -1 : open_locked(root, O_WRONLY | O_CREAT | O_APPEND, LOCK_EX);
	struct stat st;

	if (fd < 0 || !fd_write_all(fd, line->str, line->len) || fstat(fd, &st) < 0)
		return false;
	return st.st_size < FILE_MAX || renameat(root, FILE_NEW, root, FILE_OLD) == 0;
}

void events_add(const char *state_root, const char *action, const char *id, const char *name,
		const Spec *spec, int exit_code, const char *detail)
{
	g_autofree char *time = g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time());
	g_autofree char *code = g_strdup_printf("%d", exit_code);
	g_autofree char *image = spec ? spec_image(spec) : NULL;
	g_autoptr(GString) line = g_string_new(NULL);

	record_append_word(line, time);
	record_append_word(line, action);
	record_append_word(line, id);
	record_append_word_or_null(line, name);
	record_append_word_or_null(line, image);
	record_append_word(line, code);
	record_append_word_or_null(line, detail);
	g_string_append_c(line, '\n');
	if (!append(state_root, line))
		log_warn("events: tell '%s' of container %.12s: %s", action, id, g_strerror(errno));
}

void events_add_own(const Container *container, const char *action, int exit_code,
		    const char *detail)
{
	const Plan *plan = container->plan;
	g_autofree char *name = state_name(plan->state_root, plan->id);

	events_add(plan->state_root, action, plan->id, name, plan->spec, exit_code, detail);
}

/* --- reading --- */

typedef struct {
	int root;
	const EventsQuery *query;
	EventsFunction function;
	void *data;
	GString *line; /* what was read of the next one */
	bool enough;
} Reader;

static bool parse(const char *line, Event *event)
{
	g_autoptr(GPtrArray) words = record_parse_words(line);

	if (!words || words->len != WORDS)
		return false;
	*event = (Event){
		.time = g_ascii_strtoll(g_ptr_array_index(words, 0), NULL, 10),
		.action = g_strdup(g_ptr_array_index(words, 1)),
		.id = g_strdup(g_ptr_array_index(words, 2)),
		.name = record_word_or_null(g_ptr_array_index(words, 3)),
		.image = record_word_or_null(g_ptr_array_index(words, 4)),
		.exit_code = (int)g_ascii_strtoll(g_ptr_array_index(words, 5), NULL, 10),
		.detail = record_word_or_null(g_ptr_array_index(words, 6)),
	};
	return true;
}

static void event_clear(Event *event)
{
	g_free(event->action);
	g_free(event->id);
	g_free(event->name);
	g_free(event->image);
	g_free(event->detail);
}

static void take_line(Reader *reader)
{
	const EventsQuery *query = reader->query;
	Event event;

	if (!parse(reader->line->str, &event))
		return;
	if (query->until > 0 && event.time > query->until)
		reader->enough = true;
	else if (event.time > query->since)
		reader->enough = !reader->function(&event, reader->data);
	event_clear(&event);
}

/* To the end of what there is now. */
static bool read_on(Reader *reader, int fd, GError **error)
{
	char buffer[16384];
	ssize_t n;

	while (!reader->enough && (n = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer))) != 0) {
		if (n < 0)
			return error_errno(error, errno, "read the events");
		for (ssize_t i = 0; i < n && !reader->enough; i++) {
			if (buffer[i] != '\n') {
				g_string_append_c(reader->line, buffer[i]);
				continue;
			}
			take_line(reader);
			g_string_truncate(reader->line, 0);
		}
	}
	return true;
}

/* Both files as they are at one moment. There is a new one afterwards, though it may be empty. */
static bool open_files(Reader *reader, int *ret_old, int *ret_new, GError **error)
{
	*ret_new = open_locked(reader->root, O_RDONLY | O_CREAT, LOCK_SH);
	if (*ret_new < 0)
		return error_errno(error, errno, "open the events");
	*ret_old = openat(reader->root, FILE_OLD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	flock(*ret_new, LOCK_UN);
	return true;
}

/* Milliseconds until --until; -1: no end. */
static int time_left(const EventsQuery *query)
{
	if (query->until == 0)
		return -1;
	return (int)CLAMP((query->until - g_get_real_time()) / 1000 + 1, 0, G_MAXINT);
}

/*
 * Something was written, or moved. False when the time is over, nobody reads the output, or nothing
 * more is to come.
 */
static bool await_more(const Reader *reader, int inotify)
{
	struct pollfd fds[] = {
		{inotify, POLLIN, 0}, {STDOUT_FILENO, 0, 0}, {reader->query->ended, POLLIN, 0}};
	char changes[4096];
	int ready = (int)TEMP_FAILURE_RETRY(poll(fds, G_N_ELEMENTS(fds), time_left(reader->query)));

	if (ready <= 0 || fds[1].revents || (fds[2].revents && !fds[0].revents))
		return false;
	while (read(inotify, changes, sizeof changes) > 0)
		continue;
	return true;
}

/* The one that is written now, if *fd is not. Nothing can be in *fd then that was not read. */
static bool change_files(Reader *reader, int *fd, GError **error)
{
	auto_fd next = -1;

	if (is_current(reader->root, *fd))
		return true;
	next = openat(reader->root, FILE_NEW, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0) /* it comes with the next event */
		return errno == ENOENT || error_errno(error, errno, "open the events");
	if (!read_on(reader, *fd, error))
		return false;
	fd_close(fd);
	*fd = fd_steal(&next);
	return read_on(reader, *fd, error);
}

static bool follow(Reader *reader, int *fd, const char *state_root, GError **error)
{
	auto_fd inotify = fd_inotify(error);

	if (inotify < 0)
		return false;
	if (inotify_add_watch(inotify, state_root, IN_MODIFY | IN_CREATE | IN_MOVE) < 0)
		return error_errno(error, errno, "watch '%s'", state_root);
	do {
		if (!read_on(reader, *fd, error) || !change_files(reader, fd, error))
			return false;
	} while (!reader->enough && await_more(reader, inotify));
	return true;
}

bool events_read(const char *state_root, const EventsQuery *query, EventsFunction function,
		 void *data, GError **error)
{
	auto_fd root = open(state_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GString) line = g_string_new(NULL);
	Reader reader = {
		.root = root,
		.query = query,
		.function = function,
		.data = data,
		.line = line,
	};
	auto_fd old = -1, new = -1;

	if (root < 0)
		return error_errno(error, errno, "open '%s'", state_root);
	if (!open_files(&reader, &old, &new, error) || (old >= 0 && !read_on(&reader, old, error)))
		return false;
	return query->follow ? follow(&reader, &new, state_root, error)
			     : read_on(&reader, new, error);
}
