/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/when.h"

#include "base/error.h"

/* "90s", "10m", "2h30m": how long ago; seconds since 1970; or a time of RFC 3339. */
static bool parse_ago(const char *text, int64_t *ret_when)
{
	int64_t ago = 0;

	do {
		char *unit;
		guint64 n = g_ascii_strtoull(text, &unit, 10);
		int64_t seconds = *unit == 's'	 ? 1
				  : *unit == 'm' ? 60
				  : *unit == 'h' ? 3600
				  : *unit == 'd' ? 86400
						 : 0;

		if (!g_ascii_isdigit(*text) || seconds == 0 || n > 1000000000)
			return false;
		ago = MIN(ago + (int64_t)n * seconds, G_MAXINT64 / G_USEC_PER_SEC);
		text = unit + 1;
	} while (*text);
	*ret_when = MAX(g_get_real_time() - ago * G_USEC_PER_SEC, 1);
	return true;
}

bool when_parse(const char *option, const char *text, int64_t *ret_when, GError **error)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = NULL;
	guint64 seconds;

	if (!text || parse_ago(text, ret_when))
		return true;
	if (g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32 * UINT64_C(100), &seconds, NULL)) {
		*ret_when = (int64_t)seconds * G_USEC_PER_SEC;
		return true;
	}
	when = g_date_time_new_from_iso8601(text, utc);
	if (!when)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --%s '%s': neither a time (2026-01-31T12:00:00Z), nor "
				 "seconds since 1970, nor how long ago (10m)",
				 option, text);
	*ret_when = g_date_time_to_unix(when) * G_USEC_PER_SEC + g_date_time_get_microsecond(when);
	return true;
}
