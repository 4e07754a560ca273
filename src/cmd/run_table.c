/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/run_values.h"
#include "feature/caps.h"
#include "feature/names.h"
#include "feature/net_publish.h"
#include "feature/user.h"

#define ENV_FILE_MAX (1 << 20)

static bool replace(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
	return true;
}

static bool set_interactive(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.interactive = value != NULL;
	return true;
}

static bool set_terminal(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->process.terminal = value != NULL;
	return true;
}

static bool set_entrypoint(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	return replace(&parse->out->entrypoint, value);
}

static bool set_workdir(RunParse *parse, const char *value, GError **error)
{
	if (*value != '/')
		return error_set(error, RLC_ERROR_USAGE, "not an absolute path");
	parse->out->workdir_given = true;
	return replace(&parse->spec->process.cwd, value);
}

static bool set_env(RunParse *parse, const char *value, GError **error)
{
	return run_value_env(parse->env, value, error);
}

static bool take_env_line(RunParse *parse, const char *line, GError **error)
{
	while (*line == ' ' || *line == '\t')
		line++;
	if (!*line || *line == '#')
		return true;
	if (strcspn(line, "= \t") != strcspn(line, "="))
		return error_set(error, RLC_ERROR_USAGE, "the name '%.*s' has white space in it",
				 (int)strcspn(line, "="), line);
	return run_value_env(parse->out->env, line, error);
}

static bool set_env_file(RunParse *parse, const char *value, GError **error)
{
	auto_fd fd = open(value, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (fd < 0)
		return error_errno(error, errno, "open");
	text = fd_read_all(fd, value, ENV_FILE_MAX, error);
	if (!text)
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		if (!take_env_line(parse, lines[i], error)) {
			g_prefix_error(error, "%s:%u: ", value, i + 1);
			return false;
		}
	}
	return true;
}

static bool set_rootfs(RunParse *parse, const char *value, GError **error)
{
	SpecRoot *root = &parse->spec->root;
	bool overlay = g_str_has_suffix(value, ":O");

	replace(&root->path, value);
	if (overlay)
		root->path[strlen(value) - 2] = '\0';
	root->kind = overlay ? ROOT_OVERLAY : ROOT_DIRECTORY;
	if (!*root->path)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return true;
}

static bool set_read_only(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->root.readonly = value != NULL;
	return true;
}

static bool set_volume(RunParse *parse, const char *value, GError **error)
{
	return run_value_volume(parse->spec, value, error);
}

static bool set_mount(RunParse *parse, const char *value, GError **error)
{
	return run_value_mount(parse->spec, value, error);
}

static bool set_tmpfs(RunParse *parse, const char *value, GError **error)
{
	return run_value_tmpfs(parse->spec, value, error);
}

static bool set_shm_size(RunParse *parse, const char *value, GError **error)
{
	return run_value_shm_size(parse->spec, value, error);
}

static bool set_network(RunParse *parse, const char *value, GError **error)
{
	parse->network_given = true;
	return run_value_network(parse->spec, value, error);
}

static bool set_publish(RunParse *parse, const char *value, GError **error)
{
	SpecPublish publish;

	if (!net_publish_parse(value, &publish, error))
		return false;
	g_array_append_val(parse->spec->rlc.network.publish, publish);
	return true;
}

static bool set_publish_all(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->publish_all = value != NULL;
	return true;
}

static bool set_ip(RunParse *parse, const char *value, GError **error)
{
	struct in_addr address;

	if (inet_pton(AF_INET, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv4 address");
	return replace(&parse->spec->rlc.network.ip, value);
}

static bool set_ip6(RunParse *parse, const char *value, GError **error)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv6 address");
	return replace(&parse->spec->rlc.network.ip6, value);
}

static bool set_mac(RunParse *parse, const char *value, GError **error)
{
	return run_value_mac(value, error) && replace(&parse->spec->rlc.network.mac, value);
}

static bool set_hostname(RunParse *parse, const char *value, GError **error)
{
	return names_check_hostname(value, error) && replace(&parse->spec->hostname, value);
}

static bool set_add_host(RunParse *parse, const char *value, GError **error)
{
	if (!names_check_host(value, NULL, NULL, error))
		return false;
	g_ptr_array_add(parse->spec->rlc.network.add_hosts, g_strdup(value));
	return true;
}

static bool set_dns(RunParse *parse, const char *value, GError **error)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, value, &address) != 1 && inet_pton(AF_INET6, value, &address) != 1)
		return error_set(error, RLC_ERROR_USAGE, "not an IPv4 or IPv6 address");
	g_ptr_array_add(parse->spec->rlc.network.dns, g_strdup(value));
	return true;
}

/* A word of resolv.conf: it must not break out of its line. */
static bool add_resolv_word(GPtrArray *words, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "it is empty");
	for (const char *c = value; *c; c++) {
		if (g_ascii_isspace(*c) || g_ascii_iscntrl(*c))
			return error_set(error, RLC_ERROR_USAGE, "white space at column %d",
					 (int)(c - value) + 1);
	}
	g_ptr_array_add(words, g_strdup(value));
	return true;
}

static bool set_dns_search(RunParse *parse, const char *value, GError **error)
{
	return add_resolv_word(parse->spec->rlc.network.dns_search, value, error);
}

static bool set_dns_option(RunParse *parse, const char *value, GError **error)
{
	return add_resolv_word(parse->spec->rlc.network.dns_options, value, error);
}

static bool set_user(RunParse *parse, const char *value, GError **error)
{
	return user_check(value, error) && replace(&parse->spec->process.user.name, value);
}

static bool set_group_add(RunParse *parse, const char *value, GError **error)
{
	if (!user_check_group(value, error))
		return false;
	g_ptr_array_add(parse->spec->process.user.group_names, g_strdup(value));
	return true;
}

static bool set_userns(RunParse *parse, const char *value, GError **error)
{
	return run_value_userns(parse->spec, value, error);
}

static bool set_uidmap(RunParse *parse, const char *value, GError **error)
{
	return run_value_idmap(parse->spec->linux_.uid_mappings, value, error);
}

static bool set_gidmap(RunParse *parse, const char *value, GError **error)
{
	return run_value_idmap(parse->spec->linux_.gid_mappings, value, error);
}

/* One capability, or several between commas. */
/* One name, or as podman has it several with commas between. */
static bool take_cap(uint64_t *mask, const char *value, GError **error)
{
	g_auto(GStrv) names = g_strsplit(*value ? value : ",", ",", -1);
	uint64_t bits;

	for (char **name = names; *name; name++) {
		if (!caps_parse(*name, &bits))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is no such capability, see capabilities(7)", *name);
		*mask |= bits;
	}
	return true;
}

static bool set_cap_add(RunParse *parse, const char *value, GError **error)
{
	return take_cap(&parse->caps_added, value, error);
}

static bool set_cap_drop(RunParse *parse, const char *value, GError **error)
{
	return take_cap(&parse->caps_dropped, value, error);
}

static bool set_ulimit(RunParse *parse, const char *value, GError **error)
{
	return run_value_ulimit(parse->spec, value, error);
}

static bool set_timeout(RunParse *parse, const char *value, GError **error)
{
	guint64 seconds;

	if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT32, &seconds, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number of seconds");
	parse->spec->rlc.timeout = (unsigned)seconds;
	return true;
}

static bool set_scratch(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory's name is empty");
	parse->spec->rlc.scratch = g_strdup(value);
	return true;
}

static bool set_time_ns(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	if (value)
		parse->spec->linux_.namespaces |= CLONE_NEWTIME;
	return true;
}

static bool set_name(RunParse *parse, const char *value, GError **error)
{
	return run_value_name(value, error) && replace(&parse->spec->rlc.name, value);
}

static bool set_remove(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->remove_given = true;
	parse->remove = value != NULL;
	return true;
}

static bool set_detach(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.detach = value != NULL;
	return true;
}

static bool set_stop_signal(RunParse *parse, const char *value, GError **error)
{
	return run_value_signal(value, &parse->spec->rlc.stop_signal, error);
}

static bool set_stop_timeout(RunParse *parse, const char *value, GError **error)
{
	guint64 seconds;

	if (!g_ascii_string_to_unsigned(value, 10, 0, 86400, &seconds, NULL))
		return error_set(error, RLC_ERROR_USAGE, "not a number of seconds up to 86400");
	parse->spec->rlc.stop_timeout = (unsigned)seconds;
	return true;
}

static bool set_restart(RunParse *parse, const char *value, GError **error)
{
	return run_value_restart(parse->spec, value, error);
}

static bool set_log_driver(RunParse *parse, const char *value, GError **error)
{
	if (strcmp(value, "file") != 0 && strcmp(value, "none") != 0)
		return error_set(error, RLC_ERROR_USAGE, "neither file nor none");
	parse->spec->rlc.log_none = strcmp(value, "none") == 0;
	return true;
}

static bool set_log_opt(RunParse *parse, const char *value, GError **error)
{
	return run_value_log(parse->spec, value, error);
}

static bool set_init(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.init = value != NULL;
	return true;
}

static bool set_no_init(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.init = value == NULL;
	return true;
}

static bool set_cidfile(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the file's name is empty");
	return replace(&parse->spec->rlc.cidfile, value);
}

static bool set_pull(RunParse *parse, const char *value, GError **error)
{
	static const char *const policies[] = {
		[PULL_MISSING] = "missing",
		[PULL_ALWAYS] = "always",
		[PULL_NEVER] = "never",
		[PULL_NEWER] = "newer",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		if (strcmp(policies[i], value) == 0) {
			parse->out->pull = (RunPull)i;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_USAGE, "not one of missing, always, never, newer");
}

static bool set_platform(RunParse *parse, const char *value, GError **error)
{
	if (strchr(value, '/') == NULL || *value == '/' || g_str_has_suffix(value, "/"))
		return error_set(error, RLC_ERROR_USAGE, "not of the form OS/ARCH[/VARIANT]");
	return replace(&parse->out->platform, value);
}

static bool set_store(RunParse *parse, const char *value, GError **error)
{
	(void)parse;
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return g_setenv("RLC_STORE", value, TRUE);
}

static bool set_explain(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->explain = value != NULL;
	return true;
}

static bool set_timing(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->rlc.timing = value != NULL;
	return true;
}

static bool set_root(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return replace(&parse->out->state_root, value);
}

static bool set_log_level(RunParse *parse, const char *value, GError **error)
{
	LogLevel level;

	(void)parse;
	if (!log_level_parse(value, &level))
		return error_set(error, RLC_ERROR_USAGE, "not one of error, warn, info, debug");
	log_set_level(level);
	return g_setenv("RLC_LOG_LEVEL", value, TRUE); /* for the programs that rlc runs */
}

static bool set_help(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->help = value != NULL;
	return true;
}

const RunOption run_table[] = {
	{.help = "Process"},
	{"interactive", 'i', OPTION_SWITCH, set_interactive, NULL, "keep standard input open"},
	{"tty", 't', OPTION_SWITCH, set_terminal, NULL, "give the command a terminal"},
	{"env", 'e', OPTION_MANY, set_env, "NAME[=VALUE]",
	 "set a variable; without a value, take the host's"},
	{"env-file", 0, OPTION_MANY, set_env_file, "FILE", "read lines of NAME[=VALUE]"},
	{"entrypoint", 0, OPTION_ONCE, set_entrypoint, "PROGRAM",
	 "run PROGRAM; COMMAND and ARGs are its arguments"},
	{"workdir", 'w', OPTION_ONCE, set_workdir, "DIR", "start in DIR, made if missing"},
	{"init", 0, OPTION_SWITCH, set_init, NULL,
	 "a small PID 1 reaps and forwards signals (default)"},
	{"no-init", 0, OPTION_SWITCH, set_no_init, NULL, "the command itself is PID 1"},
	{"timeout", 0, OPTION_ONCE, set_timeout, "SECONDS", "then kill it and exit with 124"},
	{"ulimit", 0, OPTION_MANY, set_ulimit, "NAME=SOFT[:HARD]",
	 "resource limit, such as nofile=1024"},

	{.help = "Image"},
	{"pull", 0, OPTION_ONCE, set_pull, "WHEN", "missing (default), always, never or newer"},
	{"platform", 0, OPTION_ONCE, set_platform, "OS/ARCH[/VARIANT]",
	 "of an image for several, this one"},
	{"store", 0, OPTION_ONCE, set_store, "DIR", "where images are kept"},

	{.help = "Root and files"},
	{"rootfs", 0, OPTION_ONCE, set_rootfs, "DIR[:O]",
	 "a directory is the root, no image; :O keeps it unchanged"},
	{"scratch", 0, OPTION_ONCE, set_scratch, "DIR",
	 "an overlay keeps what is written in DIR, not in memory"},
	{"read-only", 0, OPTION_SWITCH, set_read_only, NULL, "the root cannot be written"},
	{"volume", 'v', OPTION_MANY, set_volume, "SRC:DST[:OPT,...]",
	 "bind SRC: ro rw bind rbind private rshared noexec ..."},
	{"mount", 0, OPTION_MANY, set_mount, "KEY=VALUE,...",
	 "type=bind|tmpfs, source, destination, readonly, ..."},
	{"tmpfs", 0, OPTION_MANY, set_tmpfs, "DST[:OPT,...]",
	 "an empty file system in memory: size= mode= exec ..."},
	{"shm-size", 0, OPTION_ONCE, set_shm_size, "SIZE", "size of /dev/shm, such as 64m"},

	{.help = "Network and names"},
	{"network", 0, OPTION_ONCE, set_network, "MODE",
	 "slirp[:mtu=N,cidr=NET,ipv6=BOOL,host-loopback=BOOL], bridge[:NAME] (root's default), "
	 "none, host, container:NAME, ns:PATH"},
	{"publish", 'p', OPTION_MANY, set_publish, "[[ADDRESS:]HOSTPORT:]PORT",
	 "lead a port of the host here; ranges, and /udp, too"},
	{"publish-all", 'P', OPTION_SWITCH, set_publish_all, NULL,
	 "lead free ports of the host to those that the image names"},
	{"ip", 0, OPTION_ONCE, set_ip, "ADDRESS", "this IPv4 address on the bridge"},
	{"ip6", 0, OPTION_ONCE, set_ip6, "ADDRESS", "this IPv6 address on the bridge"},
	{"mac-address", 0, OPTION_ONCE, set_mac, "MAC", "this MAC on the bridge"},
	{"hostname", 'h', OPTION_ONCE, set_hostname, "NAME", "the default is the short id"},
	{"add-host", 0, OPTION_MANY, set_add_host, "NAME:ADDRESS", "a line for /etc/hosts"},
	{"dns", 0, OPTION_MANY, set_dns, "ADDRESS", "ask this server for names"},
	{"dns-search", 0, OPTION_MANY, set_dns_search, "DOMAIN", "search list of /etc/resolv.conf"},
	{"dns-option", 0, OPTION_MANY, set_dns_option, "OPTION", "options of /etc/resolv.conf"},

	{.help = "Identity and rights"},
	{"user", 'u', OPTION_ONCE, set_user, "USER[:GROUP]", "names of the container's, or ids"},
	{"group-add", 0, OPTION_MANY, set_group_add, "GROUP", "one more supplementary group"},
	{"userns", 0, OPTION_ONCE, set_userns, "MODE",
	 "auto[:size=COUNT], host, keep-id or map=CONTAINER:HOST:COUNT"},
	{"uidmap", 0, OPTION_MANY, set_uidmap, "CONTAINER:HOST:COUNT", "exactly this user id map"},
	{"gidmap", 0, OPTION_MANY, set_gidmap, "CONTAINER:HOST:COUNT", "exactly this group id map"},
	{"cap-add", 0, OPTION_MANY, set_cap_add, "CAPABILITY", "more than the default set, or ALL"},
	{"cap-drop", 0, OPTION_MANY, set_cap_drop, "CAPABILITY",
	 "less than the default set, or ALL"},
	{"time-ns", 0, OPTION_SWITCH, set_time_ns, NULL, "a time namespace too"},

	{.help = "Container"},
	{"name", 0, OPTION_ONCE, set_name, "NAME", "a name of your own beside the id"},
	{"detach", 'd', OPTION_SWITCH, set_detach, NULL, "run in the background and print the id"},
	{"rm", 0, OPTION_SWITCH, set_remove, NULL,
	 "forget it when it ends (default unless --detach)"},
	{"stop-signal", 0, OPTION_ONCE, set_stop_signal, "SIGNAL",
	 "what 'rlc stop' sends (default TERM)"},
	{"stop-timeout", 0, OPTION_ONCE, set_stop_timeout, "SECONDS",
	 "then 'rlc stop' kills it (default 10)"},
	{"restart", 0, OPTION_ONCE, set_restart, "POLICY",
	 "no, on-failure[:COUNT], always or unless-stopped; needs --detach"},
	{"log-driver", 0, OPTION_ONCE, set_log_driver, "DRIVER",
	 "what --detach does with the output: file (default) or none"},
	{"log-opt", 0, OPTION_MANY, set_log_opt, "NAME=VALUE",
	 "max-size=SIZE (10m) of a log file, max-file=COUNT (3)"},
	{"cidfile", 0, OPTION_ONCE, set_cidfile, "FILE", "write the id to FILE, which must be new"},
	{"explain", 0, OPTION_SWITCH, set_explain, NULL,
	 "print every step as a shell script; run nothing"},
	{"timing", 0, OPTION_SWITCH, set_timing, NULL, "print what each step took"},
	{"root", 0, OPTION_ONCE, set_root, "DIR", "where the state of containers is kept"},
	{"log-level", 0, OPTION_ONCE, set_log_level, "LEVEL", "error, warn, info or debug"},
	{"help", 0, OPTION_SWITCH, set_help, NULL, "print this help"},
};

const size_t run_table_length = G_N_ELEMENTS(run_table);
