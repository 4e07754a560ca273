/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/signals.h"

#include <glib.h>
#include <signal.h>
#include <string.h>

char *signals_name(int signal_number)
{
	const char *name = sigabbrev_np(signal_number);
	int above, below;

	if (name)
		return g_strdup(name);
	if (signal_number < SIGRTMIN || signal_number > SIGRTMAX)
		return g_strdup_printf("%d", signal_number);
	above = signal_number - SIGRTMIN;
	below = SIGRTMAX - signal_number;
	if (above == 0 || below == 0)
		return g_strdup(above == 0 ? "RTMIN" : "RTMAX");
	return above <= below ? g_strdup_printf("RTMIN+%d", above)
			      : g_strdup_printf("RTMAX-%d", below);
}

/* "RTMIN+3" and "RTMAX-2": the distance is written as far as it may be. */
static bool parse_real_time(const char *name, int *ret_signal)
{
	bool up = g_ascii_strncasecmp(name, "RTMIN+", strlen("RTMIN+")) == 0;
	guint64 distance;

	if ((!up && g_ascii_strncasecmp(name, "RTMAX-", strlen("RTMAX-")) != 0) ||
	    !g_ascii_string_to_unsigned(name + strlen("RTMIN+"), 10, 0,
					(guint64)(SIGRTMAX - SIGRTMIN), &distance, NULL))
		return false;
	*ret_signal = up ? SIGRTMIN + (int)distance : SIGRTMAX - (int)distance;
	return true;
}

bool signals_parse(const char *text, int *ret_signal)
{
	const char *name = g_ascii_strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	guint64 number;

	if (g_ascii_string_to_unsigned(text, 10, 1, NSIG - 1, &number, NULL)) {
		*ret_signal = (int)number;
		return true;
	}
	for (int i = 1; i < NSIG; i++) {
		g_autofree char *known = signals_name(i);

		if (g_ascii_strcasecmp(known, name) == 0) {
			*ret_signal = i;
			return true;
		}
	}
	return parse_real_time(name, ret_signal);
}
