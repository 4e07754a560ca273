/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about health checks. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"

static bool parse_unit(const char *text, size_t *ret_length, int64_t *ret_nanoseconds)
{
	static const struct {
		const char *name;
		int64_t nanoseconds;
	} units[] = {
		{"ns", 1},
		{"us", 1000},
		{"ms", 1000000},
		{"s", 1000000000},
		{"m", 60 * INT64_C(1000000000)},
		{"h", 3600 * INT64_C(1000000000)},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (!g_str_has_prefix(text, units[i].name))
			continue;
		*ret_length = strlen(units[i].name);
		*ret_nanoseconds = units[i].nanoseconds;
		return true;
	}
	return false;
}

/* "500ms", "1m30s": as Go writes durations; 0 is as if it was not given */
static bool parse_duration(const char *value, int64_t *ret_nanoseconds, GError **error)
{
	const char *at = strcmp(value, "0") == 0 ? "0s" : value;
	double sum = 0;

	do {
		size_t length;
		int64_t unit;
		char *end;
		double n = g_ascii_strtod(at, &end);

		if (!g_ascii_isdigit(*at) || !parse_unit(end, &length, &unit))
			return error_set(error, RLC_ERROR_USAGE,
					 "not a duration such as 500ms, 30s or 1m30s");
		sum += n * (double)unit;
		at = end + length;
	} while (*at);
	if ((sum != 0 && sum < 1e6) || sum > 1e17)
		return error_set(error, RLC_ERROR_USAGE,
				 "neither 0 nor between 1ms and three years");
	*ret_nanoseconds = (int64_t)sum;
	return true;
}

static bool set_command(RunParse *parse, const char *value, GError **error)
{
	SpecHealth *health = &parse->spec->rlc.health;

	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the command is empty");
	g_ptr_array_set_size(health->test, 0);
	health->kind = strcmp(value, "none") == 0 ? HEALTH_NONE : HEALTH_SHELL;
	if (health->kind == HEALTH_SHELL)
		g_ptr_array_add(health->test, g_strdup(value));
	g_ptr_array_add(health->test, NULL);
	return true;
}

static bool set_none(RunParse *parse, const char *value, GError **error)
{
	return !value || set_command(parse, "none", error);
}

static bool set_interval(RunParse *parse, const char *value, GError **error)
{
	return parse_duration(value, &parse->spec->rlc.health.interval, error);
}

static bool set_timeout(RunParse *parse, const char *value, GError **error)
{
	return parse_duration(value, &parse->spec->rlc.health.timeout, error);
}

static bool set_start_period(RunParse *parse, const char *value, GError **error)
{
	return parse_duration(value, &parse->spec->rlc.health.start_period, error);
}

static bool set_start_interval(RunParse *parse, const char *value, GError **error)
{
	return parse_duration(value, &parse->spec->rlc.health.start_interval, error);
}

static bool set_retries(RunParse *parse, const char *value, GError **error)
{
	guint64 count;

	if (!g_ascii_string_to_unsigned(value, 10, 1, G_MAXINT32, &count, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number from 1 on");
	parse->spec->rlc.health.retries = (uint32_t)count;
	return true;
}

static const RunOption rows[] = {
	{"health-cmd", 0, OPTION_ONCE, set_command, "COMMAND",
	 "what /bin/sh -c runs inside; its code 0 means healthy"},
	{"health-interval", 0, OPTION_ONCE, set_interval, "DURATION",
	 "the time between two checks (default 30s)"},
	{"health-timeout", 0, OPTION_ONCE, set_timeout, "DURATION",
	 "a check that takes longer is killed and has failed (default 30s)"},
	{"health-retries", 0, OPTION_ONCE, set_retries, "COUNT",
	 "so many failures in a row mean unhealthy (default 3)"},
	{"health-start-period", 0, OPTION_ONCE, set_start_period, "DURATION",
	 "failures do not count for so long after the start (default 0s)"},
	{"health-start-interval", 0, OPTION_ONCE, set_start_interval, "DURATION",
	 "the time between two checks in that period (default 5s)"},
	{"no-healthcheck", 0, OPTION_SWITCH, set_none, NULL,
	 "make no checks, whatever the image says"},
};

const RunGroup run_health_group = {"Health", rows, G_N_ELEMENTS(rows)};
