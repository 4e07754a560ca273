/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <string.h>

#include "base/printable.h"

G_DEFINE_QUARK(rlc - error - quark, rlc_error)
G_DEFINE_QUARK(rlc - errno - quark, rlc_errno)

static __attribute__((format(printf, 1, 0))) char *message_line(const char *format, va_list args)
{
	g_autofree char *message = g_strdup_vprintf(format, args);

	return printable_copy(message, "");
}

bool error_set(GError **error, RlcError code, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (!error)
		return false;
	va_start(args, format);
	message = message_line(format, args);
	va_end(args);
	g_set_error_literal(error, RLC_ERROR, (int)code, message);
	return false;
}

bool error_errno(GError **error, int errno_value, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	if (!error)
		return false;
	va_start(args, format);
	message = message_line(format, args);
	va_end(args);
	/* Many errors are expected, and never seen: g_strerror(3) would load a converter of
	 * character sets for the first of them. */
	g_set_error(error, RLC_ERRNO, errno_value, "%s: %s", message, strerror(errno_value));
	return false;
}

bool error_is_errno(const GError *error, int errno_value)
{
	return g_error_matches(error, RLC_ERRNO, errno_value);
}

void error_prefix(GError **error, const char *format, ...)
{
	g_autofree char *prefix = NULL;
	va_list args;

	if (!error || !*error)
		return;
	va_start(args, format);
	prefix = message_line(format, args);
	va_end(args);
	g_prefix_error_literal(error, prefix);
}
