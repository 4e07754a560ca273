/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is shown on a terminal in one place and changes there, and texts for people to read. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* ECMA-48 */
#define SCREEN_END_LINE "\033[K" /* blank the rest of the line */
#define SCREEN_UP	"\033[%uA"

/* Is it a terminal whose cursor can be moved? Not under TERM=dumb, or without TERM. */
bool screen_moves(int fd);

/* The size of the terminal now, which a resize changes; 24 and 80 where it does not say. */
void screen_size(int fd, guint *ret_rows, guint *ret_columns);

/* Append the line to text, with less than columns characters of it, so that nothing wraps. */
void screen_append(GString *text, const char *line, guint columns);

/*
 * Write text over what the screen showed before, as much of it as there is room for.  first: there
 * is something else on it, which is cleared.  false with errno.
 */
bool screen_show(int fd, const char *text, bool first);

/* "164.6 MB"; g_format_size(3) has a space that not every terminal knows. */
char *screen_bytes(uint64_t bytes);
