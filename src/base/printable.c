/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/printable.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static void append_byte(GString *copy, char byte)
{
	static const char named[] = "\n\t\r", names[] = "ntr";
	const char *found = byte ? strchr(named, byte) : NULL;

	if (found)
		g_string_append_printf(copy, "\\%c", names[found - named]);
	else
		g_string_append_printf(copy, "\\x%02x", (unsigned char)byte);
}

char *printable_copy(const char *text, const char *kept)
{
	g_autoptr(GString) copy = g_string_sized_new(strlen(text) + 1);

	while (*text) {
		gunichar c = g_utf8_get_char_validated(text, -1);
		bool valid = c != (gunichar)-1 && c != (gunichar)-2;
		const char *next = valid ? g_utf8_next_char(text) : text + 1;

		if (valid && (g_unichar_isprint(c) || strchr(kept, *text)))
			g_string_append_len(copy, text, next - text);
		else
			for (; text < next; text++)
				append_byte(copy, *text);
		text = next;
	}
	return g_string_free(g_steal_pointer(&copy), FALSE);
}
