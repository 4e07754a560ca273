/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about limits, devices and the cgroup that keeps them. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"

#define CPU_PERIOD     100000 /* microseconds, the kernel's default */
#define CPU_PERIOD_MIN 1000
#define CPU_PERIOD_MAX 1000000
#define CPU_QUOTA_MIN  1000
#define CPUS_MAX       8192
#define SHARES_MIN     2
#define SHARES_MAX     262144
#define WEIGHT_MIN     10
#define WEIGHT_MAX     1000
#define OOM_SCORE_MAX  1000

/* A size; 0 and -1 are no limit. */
static bool parse_limit(const char *value, int64_t *ret_limit, GError **error)
{
	guint64 bytes;

	if (strcmp(value, "-1") == 0) {
		*ret_limit = -1;
		return true;
	}
	if (!run_value_size_from(value, 0, &bytes, error))
		return false;
	*ret_limit = bytes == 0 ? -1 : (int64_t)bytes;
	return true;
}

static bool set_memory(RunParse *parse, const char *value, GError **error)
{
	return parse_limit(value, &parse->spec->linux_.resources.memory.limit, error);
}

static bool set_memory_swap(RunParse *parse, const char *value, GError **error)
{
	return parse_limit(value, &parse->spec->linux_.resources.memory.swap, error);
}

static bool set_memory_reservation(RunParse *parse, const char *value, GError **error)
{
	return parse_limit(value, &parse->spec->linux_.resources.memory.reservation, error);
}

/* "1.5", in plain digits. */
static bool parse_cpus(const char *value, double *ret_cpus)
{
	char *end;

	if (!g_ascii_isdigit(value[*value == '.']) || strspn(value, "0123456789.") != strlen(value))
		return false;
	*ret_cpus = g_ascii_strtod(value, &end);
	return !*end && *ret_cpus <= CPUS_MAX;
}

static bool set_cpus(RunParse *parse, const char *value, GError **error)
{
	SpecCpu *cpu = &parse->spec->linux_.resources.cpu;
	double cpus;

	if (!parse_cpus(value, &cpus))
		return error_set(error, RLC_ERROR_USAGE, "not a number of processors such as 1.5");
	cpu->period = CPU_PERIOD;
	cpu->quota = cpus > 0 ? (int64_t)(cpus * CPU_PERIOD + 0.5) : -1;
	if (cpu->quota > 0 && cpu->quota < CPU_QUOTA_MIN)
		return error_set(error, RLC_ERROR_USAGE, "less than 0.01 of a processor");
	return true;
}

static bool parse_number(const char *value, guint64 min, guint64 max, const char *what,
			 guint64 *ret_number, GError **error)
{
	if (run_value_number(value, max, ret_number) && *ret_number >= min)
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 "not %s from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, what, min, max);
}

static bool set_cpu_shares(RunParse *parse, const char *value, GError **error)
{
	guint64 shares;

	if (!parse_number(value, SHARES_MIN, SHARES_MAX, "a number of shares", &shares, error))
		return false;
	parse->spec->linux_.resources.cpu.shares = shares;
	return true;
}

static bool set_cpu_quota(RunParse *parse, const char *value, GError **error)
{
	guint64 quota = 0;

	if (strcmp(value, "-1") == 0) {
		parse->spec->linux_.resources.cpu.quota = -1;
		return true;
	}
	if (!parse_number(value, CPU_QUOTA_MIN, G_MAXINT64, "a number of microseconds", &quota,
			  error))
		return false;
	parse->spec->linux_.resources.cpu.quota = (int64_t)quota;
	return true;
}

static bool set_cpu_period(RunParse *parse, const char *value, GError **error)
{
	guint64 period;

	if (!parse_number(value, CPU_PERIOD_MIN, CPU_PERIOD_MAX, "a number of microseconds",
			  &period, error))
		return false;
	parse->spec->linux_.resources.cpu.period = period;
	return true;
}

/* Numbers and ranges between commas; whether the host has them is the kernel's to say. */
static bool take_list(char **field, const char *value, GError **error)
{
	g_auto(GStrv) items = g_strsplit(*value ? value : ",", ",", -1);

	for (char **item = items; *item; item++) {
		g_auto(GStrv) ends = g_strsplit(*item, "-", 2);
		guint64 first, last;

		if (!ends[0] || !run_value_number(ends[0], G_MAXUINT16, &first) ||
		    (ends[1] && (!run_value_number(ends[1], G_MAXUINT16, &last) || last < first)))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is neither a number nor a range such as 0-3", *item);
	}
	return run_value_replace(field, value);
}

static bool set_cpuset_cpus(RunParse *parse, const char *value, GError **error)
{
	return take_list(&parse->spec->linux_.resources.cpu.cpus, value, error);
}

static bool set_cpuset_mems(RunParse *parse, const char *value, GError **error)
{
	return take_list(&parse->spec->linux_.resources.cpu.mems, value, error);
}

static bool set_pids_limit(RunParse *parse, const char *value, GError **error)
{
	guint64 pids;

	if (strcmp(value, "-1") != 0 && !run_value_number(value, G_MAXINT32, &pids))
		return error_set(error, RLC_ERROR_USAGE, "not a number of processes");
	parse->spec->linux_.resources.pids =
		strcmp(value, "-1") == 0 || pids == 0 ? -1 : (int64_t)pids;
	return true;
}

static bool set_blkio_weight(RunParse *parse, const char *value, GError **error)
{
	guint64 weight;

	if (!parse_number(value, WEIGHT_MIN, WEIGHT_MAX, "a weight", &weight, error))
		return false;
	parse->spec->linux_.resources.block_io.weight = (uint32_t)weight;
	return true;
}

/* "PATH:NUMBER": the path may have colons in it. Returns the number's text. */
static const char *split_rate(const char *value, SpecDeviceRate *rate, GError **error)
{
	const char *colon = strrchr(value, ':');

	if (!colon || *value != '/' || !colon[1]) {
		error_set(error, RLC_ERROR_USAGE, "not of the form /dev/NAME:NUMBER");
		return NULL;
	}
	rate->path = g_strndup(value, (gsize)(colon - value));
	return colon + 1;
}

static bool set_blkio_weight_device(RunParse *parse, const char *value, GError **error)
{
	SpecDeviceRate rate = {0};
	const char *text = split_rate(value, &rate, error);
	guint64 weight;

	if (!text || !parse_number(text, WEIGHT_MIN, WEIGHT_MAX, "a weight", &weight, error)) {
		g_free(rate.path);
		return false;
	}
	rate.rate = weight;
	g_array_append_val(parse->spec->linux_.resources.block_io.weight_device, rate);
	return true;
}

static bool take_rate(GArray *rates, const char *value, bool is_size, GError **error)
{
	SpecDeviceRate rate = {0};
	const char *text = split_rate(value, &rate, error);
	guint64 number;

	if (text &&
	    (is_size ? run_value_size(text, &number)
		     : run_value_number(text, G_MAXUINT32, &number)) &&
	    number > 0) {
		rate.rate = number;
		g_array_append_val(rates, rate);
		return true;
	}
	g_free(rate.path);
	return text && error_set(error, RLC_ERROR_USAGE, "'%s' is no rate: %s", text,
				 is_size ? "bytes a second, with k, m or g behind them"
					 : "operations a second");
}

static bool set_read_bps(RunParse *parse, const char *value, GError **error)
{
	return take_rate(parse->spec->linux_.resources.block_io.read_bps, value, true, error);
}

static bool set_write_bps(RunParse *parse, const char *value, GError **error)
{
	return take_rate(parse->spec->linux_.resources.block_io.write_bps, value, true, error);
}

static bool set_read_iops(RunParse *parse, const char *value, GError **error)
{
	return take_rate(parse->spec->linux_.resources.block_io.read_iops, value, false, error);
}

static bool set_write_iops(RunParse *parse, const char *value, GError **error)
{
	return take_rate(parse->spec->linux_.resources.block_io.write_iops, value, false, error);
}

/* Letters of "rwm", each once */
static bool is_access(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= 3 && strspn(text, "rwm") == length &&
	       (length < 2 ||
		(text[0] != text[1] && (length < 3 || (text[2] != text[0] && text[2] != text[1]))));
}

/* HOST[:INSIDE][:ACCESS] */
static bool set_device(RunParse *parse, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, ":", 3);
	guint n = g_strv_length(parts);
	bool has_access = n > 1 && is_access(parts[n - 1]);
	const char *inside = n - has_access > 1 ? parts[1] : parts[0];
	SpecDevice device = {.mode = -1, .uid = -1, .gid = -1};

	if (n == 0 || *parts[0] != '/' || *inside != '/')
		return error_set(error, RLC_ERROR_USAGE, "a path is not absolute");
	if (n == 3 && !has_access)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not of the letters r, w and m",
				 parts[2]);
	device.source = g_strdup(parts[0]);
	device.path = g_strdup(inside);
	g_strlcpy(device.access, has_access ? parts[n - 1] : "rwm", sizeof device.access);
	g_array_append_val(parse->spec->linux_.devices, device);
	return true;
}

static bool parse_device_number(const char *text, int64_t *ret_number)
{
	guint64 number = 0;

	if (strcmp(text, "*") != 0 && !run_value_number(text, G_MAXINT32, &number))
		return false;
	*ret_number = *text == '*' ? -1 : (int64_t)number;
	return true;
}

/* "c 10:* rwm" */
static bool set_device_cgroup_rule(RunParse *parse, const char *value, GError **error)
{
	g_auto(GStrv) words = g_strsplit(value, " ", 3);
	g_auto(GStrv) numbers = g_strsplit(g_strv_length(words) == 3 ? words[1] : "", ":", 2);
	SpecDeviceRule rule = {.allow = true};

	if (g_strv_length(numbers) != 2 || strlen(words[0]) != 1 || !strchr("abc", *words[0]) ||
	    !parse_device_number(numbers[0], &rule.major) ||
	    !parse_device_number(numbers[1], &rule.minor) || !is_access(words[2]))
		return error_set(error, RLC_ERROR_USAGE,
				 "not of the form 'TYPE MAJOR:MINOR ACCESS', such as 'c 10:* rwm'");
	rule.type = *words[0];
	g_strlcpy(rule.access, words[2], sizeof rule.access);
	g_array_append_val(parse->spec->linux_.resources.devices, rule);
	return true;
}

static bool set_cgroups(RunParse *parse, const char *value, GError **error)
{
	static const char *const modes[] = {
		[CGROUPS_AUTO] = "auto",
		[CGROUPS_ENABLED] = "enabled",
		[CGROUPS_DISABLED] = "disabled",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		if (strcmp(modes[i], value) == 0) {
			parse->spec->rlc.cgroups = (SpecCgroups)i;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_USAGE, "not one of auto, enabled, disabled");
}

static bool set_cgroup_parent(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "it is empty");
	return run_value_replace(&parse->spec->rlc.cgroup_parent, value);
}

static bool set_cgroup_conf(RunParse *parse, const char *value, GError **error)
{
	if (!strchr(value, '=') || *value == '=')
		return error_set(error, RLC_ERROR_USAGE, "not of the form FILE=VALUE");
	g_ptr_array_add(parse->spec->linux_.resources.unified, g_strdup(value));
	return true;
}

static bool set_oom_score_adj(RunParse *parse, const char *value, GError **error)
{
	gint64 score;

	if (!g_ascii_string_to_signed(value, 10, -OOM_SCORE_MAX, OOM_SCORE_MAX, &score, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number from -1000 to 1000");
	parse->spec->process.oom_score_adj = (int)score;
	parse->spec->process.oom_score_adj_set = true;
	return true;
}

static const RunOption rows[] = {
	{"memory", 'm', OPTION_ONCE, set_memory, "SIZE", "memory, such as 512m; -1: no limit"},
	{"memory-swap", 0, OPTION_ONCE, set_memory_swap, "SIZE",
	 "memory and swap together (default: twice --memory); -1: no limit"},
	{"memory-reservation", 0, OPTION_ONCE, set_memory_reservation, "SIZE",
	 "memory that it keeps when the host runs short"},
	{"cpus", 0, OPTION_ONCE, set_cpus, "NUMBER", "processor time, such as 1.5 processors"},
	{"cpu-shares", 'c', OPTION_ONCE, set_cpu_shares, "NUMBER",
	 "its share when processors are scarce; others have 1024"},
	{"cpu-quota", 0, OPTION_ONCE, set_cpu_quota, "USEC",
	 "processor time in each --cpu-period; -1: no limit"},
	{"cpu-period", 0, OPTION_ONCE, set_cpu_period, "USEC",
	 "the period of --cpu-quota (default 100000)"},
	{"cpuset-cpus", 0, OPTION_ONCE, set_cpuset_cpus, "LIST", "processors, such as 0-2,7"},
	{"cpuset-mems", 0, OPTION_ONCE, set_cpuset_mems, "LIST", "memory nodes"},
	{"pids-limit", 0, OPTION_ONCE, set_pids_limit, "NUMBER",
	 "processes and threads, PID 1 included; -1: no limit"},
	{"blkio-weight", 0, OPTION_ONCE, set_blkio_weight, "NUMBER",
	 "its share of block devices, 10 to 1000; others have 100"},
	{"blkio-weight-device", 0, OPTION_MANY, set_blkio_weight_device, "PATH:NUMBER",
	 "its share of this device"},
	{"device-read-bps", 0, OPTION_MANY, set_read_bps, "PATH:SIZE",
	 "bytes a second read from a block device"},
	{"device-write-bps", 0, OPTION_MANY, set_write_bps, "PATH:SIZE",
	 "bytes a second written to a block device"},
	{"device-read-iops", 0, OPTION_MANY, set_read_iops, "PATH:NUMBER",
	 "reads a second from a block device"},
	{"device-write-iops", 0, OPTION_MANY, set_write_iops, "PATH:NUMBER",
	 "writes a second to a block device"},
	{"device", 0, OPTION_MANY, set_device, "PATH[:INSIDE][:ACCESS]",
	 "give a device of the host, or a directory of them"},
	{"device-cgroup-rule", 0, OPTION_MANY, set_device_cgroup_rule, "RULE",
	 "root: also allow devices, such as 'c 10:* rwm'"},
	{"oom-score-adj", 0, OPTION_ONCE, set_oom_score_adj, "NUMBER",
	 "how soon the host's lack of memory kills it: -1000 to 1000"},
	{"cgroups", 0, OPTION_ONCE, set_cgroups, "WHEN",
	 "auto (default: for a limit, with --detach, or root's SYS_ADMIN), enabled or disabled"},
	{"cgroup-parent", 0, OPTION_ONCE, set_cgroup_parent, "PATH",
	 "make the cgroup there, or in a slice of systemd's: NAME.slice"},
	{"cgroup-conf", 0, OPTION_MANY, set_cgroup_conf, "FILE=VALUE",
	 "write a file of the cgroup, such as memory.high=1G"},
};

const RunGroup run_limits_group = {"Limits and devices", rows, G_N_ELEMENTS(rows)};
