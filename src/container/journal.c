/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SEND_BUFFER    (8 << 20)
#define LINE_MAX_BYTES (256 << 10) /* longer ones are cut */
#define SHORT_ID       12

struct Journal {
	int fd;
	char *fields;	   /* those that are the same for every entry */
	GString *lines[2]; /* of both streams: what has no newline yet */
	bool partial[2];   /* the line's beginning was sent already */
	unsigned lost;
};

static void append_field(GString *text, const char *name, const char *value)
{
	/* a newline would end the field; names and images have none */
	if (value && !strchr(value, '\n'))
		g_string_append_printf(text, "%s=%s\n", name, value);
}

static char *make_fields(const Plan *plan)
{
	const char *name = plan->spec->rlc.name;
	g_autofree char *id = g_strndup(plan->id, SHORT_ID), *image = spec_image(plan->spec);
	GString *text = g_string_new(NULL);

	append_field(text, "SYSLOG_IDENTIFIER", name ? name : id);
	append_field(text, "CONTAINER_ID", id);
	append_field(text, "CONTAINER_ID_FULL", plan->id);
	append_field(text, "CONTAINER_NAME", name ? name : id);
	append_field(text, "IMAGE_NAME", image);
	return g_string_free(text, FALSE);
}

Journal *journal_open(const Plan *plan, GError **error)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
	int size = SEND_BUFFER;
	Journal *journal;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		error_errno(error, errno, "write to the journal: connect to '" JOURNAL_SOCKET "'");
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size); /* as much as is allowed */
	journal = g_new0(Journal, 1);
	journal->fd = fd_steal(&fd);
	journal->fields = make_fields(plan);
	for (int i = 0; i < 2; i++)
		journal->lines[i] = g_string_new(NULL);
	return journal;
}

/* --- entries --- */

/* A message that holds any bytes: its name, its length in 64 bits, lowest first, and itself. */
static void append_message(GString *entry, const char *bytes, size_t length)
{
	guint64 size = GUINT64_TO_LE((guint64)length);

	g_string_append(entry, "MESSAGE\n");
	g_string_append_len(entry, (const char *)&size, sizeof size);
	g_string_append_len(entry, bytes, (gssize)length);
	g_string_append_c(entry, '\n');
}

/* What is too big for a datagram goes as a sealed file. */
static bool send_as_file(int socket, const GString *entry)
{
	auto_fd file = memfd_create("rlc-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr header = {
		.msg_control = control.buffer,
		.msg_controllen = sizeof control.buffer,
	};

	if (file < 0 || !fd_write_all(file, entry->str, entry->len) ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return false;
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &file, sizeof(int));
	return sendmsg(socket, &header, MSG_NOSIGNAL) >= 0;
}

static bool send_entry(int socket, const GString *entry)
{
	if (send(socket, entry->str, entry->len, MSG_NOSIGNAL) >= 0)
		return true;
	return (errno == EMSGSIZE || errno == ENOBUFS) && send_as_file(socket, entry);
}

static void tell_loss(Journal *journal)
{
	g_autofree char *text = g_strdup_printf(
		"[rlc: %u lines were lost here, the journal was too slow]", journal->lost);
	g_autoptr(GString) entry = g_string_new(journal->fields);

	g_string_append(entry, "PRIORITY=4\n");
	append_message(entry, text, strlen(text));
	if (send_entry(journal->fd, entry))
		journal->lost = 0;
}

static void send_line(Journal *journal, int i, const char *bytes, size_t length, bool partial)
{
	g_autoptr(GString) entry = g_string_new(journal->fields);

	if (journal->lost > 0)
		tell_loss(journal);
	g_string_append_printf(entry, "PRIORITY=%d\n", i == 0 ? 6 : 3);
	if (partial || journal->partial[i])
		g_string_append(entry, "CONTAINER_PARTIAL_MESSAGE=true\n");
	append_message(entry, bytes, length);
	if (!send_entry(journal->fd, entry))
		journal->lost++;
	journal->partial[i] = partial;
}

void journal_write(Journal *journal, int stream, const char *data, size_t length)
{
	int i = stream - 1;
	GString *line = journal->lines[i];

	while (length > 0) {
		const char *end = memchr(data, '\n', length);
		size_t part = MIN(end ? (size_t)(end - data) : length, LINE_MAX_BYTES - line->len);

		g_string_append_len(line, data, (gssize)part);
		data += part;
		length -= part;
		if (data == end) { /* its newline comes next */
			data++;
			length--;
		} else if (line->len < LINE_MAX_BYTES) {
			return;
		}
		send_line(journal, i, line->str, line->len, data - 1 != end);
		g_string_truncate(line, 0);
	}
}

void journal_close(Journal *journal)
{
	if (!journal)
		return;
	for (int i = 0; i < 2; i++) {
		if (journal->lines[i]->len > 0)
			send_line(journal, i, journal->lines[i]->str, journal->lines[i]->len,
				  false);
		g_string_free(journal->lines[i], TRUE);
	}
	if (journal->lost > 0)
		tell_loss(journal);
	fd_close(&journal->fd);
	g_free(journal->fields);
	g_free(journal);
}
