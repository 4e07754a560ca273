/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Templates: what --format '{{.ID}} {{.State.Status}}' makes of a result.
 *
 * A result is an object of JSON, as json.h writes it, and a template picks from it: {{.NAME}} is
 * the text of a member, with dots for members of members, {{json .NAME}} the same as JSON, and
 * {{json .}} all of it.  Names are found whatever their case.  In between stands text, in which \t
 * and \n are a tab and a newline.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Does this --format ask for members? */
bool template_is(const char *format);

/*
 * Append to text what template makes of the object.  A member that is null is empty, and so are its
 * own members.  RLC_ERROR_USAGE, with the column, where the template is malformed or names no
 * member; text is as it was then.
 */
bool template_fill(const char *template, const char *object, GString *text, GError **error);

/* The same on a line of standard output. */
bool template_print(const char *template, const char *object, GError **error);

/* Append the text of one member, nothing if there is none. */
void template_get(const char *object, const char *name, GString *text);
