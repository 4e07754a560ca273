/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_values.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"

bool run_value_replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
	return true;
}

bool run_value_number(const char *text, guint64 max, guint64 *ret_number)
{
	return g_ascii_string_to_unsigned(text, 10, 0, max, ret_number, NULL);
}

/* "1.5" of a unit of so many bits; the number is rounded down. */
static bool parse_fraction(const char *text, unsigned shift, guint64 *ret_bytes)
{
	size_t whole = strspn(text, G_CSET_DIGITS);
	size_t parts = text[whole] == '.' ? strspn(text + whole + 1, G_CSET_DIGITS) : 0;
	double bytes;

	if (whole == 0 || parts == 0 || text[whole + 1 + parts])
		return false;
	bytes = g_ascii_strtod(text, NULL) * (double)(G_GUINT64_CONSTANT(1) << shift);
	if (bytes >= (double)G_MAXINT64)
		return false;
	*ret_bytes = (guint64)bytes;
	return true;
}

bool run_value_size(const char *text, guint64 *ret_bytes)
{
	static const char units[] = "kmgt";
	g_autofree char *digits = g_ascii_strdown(text, -1);
	size_t length = strlen(digits);
	unsigned shift = 0;
	const char *unit;
	guint64 number;

	if (length > 1 && digits[length - 1] == 'b')
		digits[--length] = '\0';
	unit = length > 1 ? strchr(units, digits[length - 1]) : NULL;
	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		digits[--length] = '\0';
	}
	if (!run_value_number(digits, G_MAXINT64 >> shift, &number))
		return shift > 0 && parse_fraction(digits, shift, ret_bytes);
	*ret_bytes = number << shift;
	return true;
}

bool run_value_size_from(const char *text, guint64 min, guint64 *ret_bytes, GError **error)
{
	guint64 bytes;

	if (!run_value_size(text, &bytes) || bytes < min)
		return error_set(error, RLC_ERROR_USAGE,
				 "not a size: a number with k, m or g behind it");
	*ret_bytes = bytes;
	return true;
}

bool run_value_bool(const char *text, bool *ret_value, GError **error)
{
	return arguments_bool(text, ret_value) ||
	       error_set(error, RLC_ERROR_USAGE, "neither true nor false");
}

bool run_value_env(GPtrArray *env, const char *text, GError **error)
{
	const char *value;

	if (!*text || *text == '=')
		return error_set(error, RLC_ERROR_USAGE, "the name before '=' is empty");
	if (strchr(text, '=')) {
		g_ptr_array_add(env, g_strdup(text));
		return true;
	}
	value = g_getenv(text);
	if (value)
		g_ptr_array_add(env, g_strconcat(text, "=", value, NULL));
	return true;
}

bool run_value_signal(const char *value, int *ret_signal, GError **error)
{
	return signals_parse(value, ret_signal) ||
	       error_set(error, RLC_ERROR_USAGE, "no such signal, see signal(7)");
}

bool run_value_name(const char *value, GError **error)
{
	for (const char *c = value; *c || c == value; c++) {
		if (!g_ascii_isalnum(*c) && (c == value || !strchr("_.-", *c)))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %d: a name is letters and digits, then also _ . -",
					 (int)(c - value) + 1);
	}
	return true;
}
