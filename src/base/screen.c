/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/screen.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"

/* ECMA-48 */
#define HOME  "\033[H"	/* the cursor to the top */
#define CLEAR "\033[2J" /* all of the screen */
#define BELOW "\033[J"	/* what is below the cursor */

#define NO_BREAK_SPACE "\302\240"

bool screen_moves(int fd)
{
	const char *term = g_getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

void screen_size(int fd, guint *ret_rows, guint *ret_columns)
{
	struct winsize size = {0};

	ioctl(fd, TIOCGWINSZ, &size);
	*ret_rows = size.ws_row > 1 ? size.ws_row : 24;
	*ret_columns = size.ws_col ? size.ws_col : 80;
}

void screen_append(GString *text, const char *line, guint columns)
{
	bool whole = !g_utf8_validate(line, -1, NULL) || g_utf8_strlen(line, -1) < columns;

	g_string_append_len(text, line,
			    whole ? (gssize)strlen(line)
				  : g_utf8_offset_to_pointer(line, columns - 1) - line);
}

bool screen_show(int fd, const char *text, bool first)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) frame = g_string_new(first ? HOME CLEAR : HOME);
	guint rows, columns;

	screen_size(fd, &rows, &columns);
	/* the last line is the cursor's */
	for (guint i = 0; lines[i] && lines[i + 1] && i + 1 < rows; i++) {
		screen_append(frame, lines[i], columns);
		g_string_append(frame, SCREEN_END_LINE "\n");
	}
	g_string_append(frame, BELOW);
	return fd_write_all(fd, frame->str, frame->len);
}

char *screen_bytes(uint64_t bytes)
{
	g_autofree char *text = g_format_size(bytes);
	g_auto(GStrv) parts = g_strsplit(text, NO_BREAK_SPACE, -1);

	return g_strjoinv(" ", parts);
}
