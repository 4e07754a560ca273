/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one table has a row for every option, and all else goes by it: the arrays
 * that getopt_long(3) wants, the refusal of an option given twice, the flag and value in front of
 * an error, the help.  A row's function puts the value into the Spec.
 *
 * getopt_long takes abbreviations of long options; they are refused here, because an abbreviation
 * that is unique today would not stay so.
 */
#include "cmd/run_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/run_values.h"
#include "cmd/suggest.h"
#include "feature/caps.h"
#include "feature/names.h"
#include "feature/net_bridge.h"
#include "feature/net_publish.h"
#include "feature/user.h"

#define ENV_FILE_MAX  (1 << 20)
#define VALUE_SHOWN   200 /* bytes of a value in an error */
#define BUILTIN_IMAGE "builtin:busybox"

typedef struct {
	RunOptions *out;
	Spec *spec;	/* out->spec */
	GPtrArray *env; /* of "NAME=VALUE": -e, applied after all --env-file */
	uint64_t caps_added, caps_dropped;
	char *entrypoint;
	bool entrypoint_given, network_given;
} RunParse;

typedef bool (*RunSetter)(RunParse *parse, const char *value, GError **error);

typedef enum {
	OPTION_ONCE,   /* has a value, given once */
	OPTION_MANY,   /* has a value, may be repeated */
	OPTION_SWITCH, /* has no value, or =true or =false */
} RunOptionKind;

typedef struct {
	const char *name; /* NULL: the row is a heading of the help */
	char letter;	  /* 0: none */
	RunOptionKind kind;
	RunSetter set;
	const char *metavar; /* NULL for a switch */
	const char *help;
} RunOption;

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
	parse->entrypoint_given = true;
	return replace(&parse->entrypoint, value);
}

static bool set_workdir(RunParse *parse, const char *value, GError **error)
{
	if (*value != '/')
		return error_set(error, RLC_ERROR_USAGE, "not an absolute path");
	return replace(&parse->spec->process.cwd, value);
}

/* NAME=VALUE as it is; NAME alone takes the host's value, or is left out where the host has none.
 */
static bool add_env(GPtrArray *env, const char *text, GError **error)
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

static bool set_env(RunParse *parse, const char *value, GError **error)
{
	return add_env(parse->env, value, error);
}

static bool take_env_line(RunParse *parse, const char *line, GError **error)
{
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);

	while (*line == ' ' || *line == '\t')
		line++;
	if (!*line || *line == '#')
		return true;
	if (strcspn(line, "= \t") != strcspn(line, "="))
		return error_set(error, RLC_ERROR_USAGE, "the name '%.*s' has white space in it",
				 (int)strcspn(line, "="), line);
	if (!add_env(env, line, error))
		return false;
	if (env->len > 0)
		spec_set_env(parse->spec, g_ptr_array_index(env, 0));
	return true;
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
static bool take_cap(uint64_t *mask, const char *value, GError **error)
{
	g_auto(GStrv) names = g_strsplit(value, ",", -1);
	uint64_t bits;

	for (char **name = names; *name; name++) {
		if (!caps_parse(*name, &bits))
			return error_set(error, RLC_ERROR_USAGE,
					 "no such capability, see capabilities(7)");
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

static bool set_time_ns(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	if (value)
		parse->spec->linux_.namespaces |= CLONE_NEWTIME;
	return true;
}

static bool set_name(RunParse *parse, const char *value, GError **error)
{
	for (const char *c = value; *c || c == value; c++) {
		if (!g_ascii_isalnum(*c) && (c == value || !strchr("_.-", *c)))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %d: a name is letters and digits, then also _ . -",
					 (int)(c - value) + 1);
	}
	return replace(&parse->spec->rlc.name, value);
}

static bool set_remove(RunParse *parse, const char *value, GError **error)
{
	(void)parse;
	if (!value)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "a container that ended is not kept");
	return true;
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
	return true;
}

static bool set_help(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->out->help = value != NULL;
	return true;
}

static const RunOption options[] = {
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

	{.help = "Root and files"},
	{"rootfs", 0, OPTION_ONCE, set_rootfs, "DIR[:O]",
	 "a directory is the root, no image; :O keeps it unchanged"},
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
	 "none, host"},
	{"publish", 'p', OPTION_MANY, set_publish, "[[ADDRESS:]HOSTPORT:]PORT",
	 "lead a port of the host here; ranges, and /udp, too"},
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
	{"rm", 0, OPTION_SWITCH, set_remove, NULL, "remove it when it ends (default)"},
	{"cidfile", 0, OPTION_ONCE, set_cidfile, "FILE", "write the id to FILE, which must be new"},
	{"explain", 0, OPTION_SWITCH, set_explain, NULL,
	 "print every step as a shell script; run nothing"},
	{"timing", 0, OPTION_SWITCH, set_timing, NULL, "print what each step took"},
	{"root", 0, OPTION_ONCE, set_root, "DIR", "where the state of containers is kept"},
	{"log-level", 0, OPTION_ONCE, set_log_level, "LEVEL", "error, warn, info or debug"},
	{"help", 0, OPTION_SWITCH, set_help, NULL, "print this help"},
};

#define N_OPTIONS G_N_ELEMENTS(options)

void run_options_print_help(FILE *out)
{
	fputs("Usage: rlc run [OPTIONS] [IMAGE [COMMAND [ARG...]]]\n"
	      "       rlc run [OPTIONS] --rootfs DIR[:O] [COMMAND [ARG...]]\n\n"
	      "Run a command in a new container. IMAGE is " BUILTIN_IMAGE ".\n"
	      "Without IMAGE and --rootfs: a shell in it.\n",
	      out);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const RunOption *option = &options[i];
		g_autofree char *flag = NULL;

		if (!option->name) {
			fprintf(out, "\n%s:\n", option->help);
			continue;
		}
		flag = g_strdup_printf("%c%c%c --%s %s", option->letter ? '-' : ' ',
				       option->letter ? option->letter : ' ',
				       option->letter ? ',' : ' ', option->name,
				       option->metavar ? option->metavar : "");
		fprintf(out, "  %-33s %s\n", flag, option->help);
	}
}

void run_options_clear(RunOptions *run_options)
{
	g_clear_pointer(&run_options->spec, spec_free);
	g_clear_pointer(&run_options->state_root, g_free);
}

/* The arrays for getopt_long. A row's val is 256 + its index, long or short. */
static void fill_getopt(struct option *longs, GString *shorts)
{
	size_t n = 0;

	g_string_assign(shorts, "+:"); /* stop at the image; tell a missing value apart */
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (!options[i].name)
			continue;
		longs[n++] = (struct option){
			.name = options[i].name,
			.has_arg = options[i].kind == OPTION_SWITCH ? optional_argument
								    : required_argument,
			.val = 256 + (int)i,
		};
		if (options[i].letter)
			g_string_append_printf(shorts, "%c%s", options[i].letter,
					       options[i].kind == OPTION_SWITCH ? "" : ":");
	}
	longs[n] = (struct option){0};
}

static const RunOption *option_by_letter(int letter)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (options[i].name && options[i].letter == letter)
			return &options[i];
	}
	return NULL;
}

static bool unknown_option(const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, "="));
	Suggestion nearest = {.typed = name + strspn(name, "-")};

	for (size_t i = 0; i < N_OPTIONS && g_str_has_prefix(name, "--"); i++) {
		if (options[i].name)
			suggest_offer(&nearest, options[i].name);
	}
	if (nearest.best)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse '%s': no such option; did you mean --%s?", name,
				 nearest.best);
	return error_set(error, RLC_ERROR_USAGE,
			 "parse '%s': no such option; 'rlc run --help' lists them", name);
}

/* A switch's =true and =false become "" and NULL for its function. */
static bool switch_value(const char *value, const char **ret_value, GError **error)
{
	if (!value || strcmp(value, "true") == 0)
		*ret_value = "";
	else if (strcmp(value, "false") == 0)
		*ret_value = NULL;
	else
		return error_set(error, RLC_ERROR_USAGE, "neither true nor false");
	return true;
}

static bool take_option(RunParse *parse, const RunOption *option, bool *seen, const char *value,
			GError **error)
{
	const char *given = value;
	bool ok;

	if (*seen && option->kind == OPTION_ONCE)
		return error_set(error, RLC_ERROR_USAGE, "parse --%s '%.*s': it is given twice",
				 option->name, VALUE_SHOWN, value);
	*seen = true;
	ok = option->kind != OPTION_SWITCH || switch_value(value, &value, error);
	if (ok)
		ok = option->set(parse, value, error);
	if (!ok && given)
		g_prefix_error(error, "parse --%s '%.*s': ", option->name, VALUE_SHOWN, given);
	else if (!ok)
		g_prefix_error(error, "parse --%s: ", option->name);
	return ok;
}

/* One result of getopt_long; word is the argument that it looked at. */
static bool take_result(RunParse *parse, int result, const char *word, bool *seen, GError **error)
{
	const RunOption *option;

	if (result == ':')
		return error_set(error, RLC_ERROR_USAGE, "parse '%s': it needs a value", word);
	option = result < 256 ? option_by_letter(result) : &options[result - 256];
	/* "?" is getopt's answer to what it does not know; an abbreviation it does know */
	if (!option || (result >= 256 && strlen(option->name) != strcspn(word + 2, "=")))
		return unknown_option(word, error);
	return take_option(parse, option, &seen[option - options], optarg, error);
}

static bool parse_flags(RunParse *parse, int argc, char **argv, bool *seen, GError **error)
{
	struct option longs[N_OPTIONS + 1];
	g_autoptr(GString) shorts = g_string_new(NULL);

	fill_getopt(longs, shorts);
	opterr = 0;
	optind = 0; /* start afresh: the global flags were parsed before */
	for (;;) {
		const char *word = argv[MIN(MAX(optind, 1), argc)];
		int result = getopt_long(argc, argv, shorts->str, longs, NULL);

		if (result < 0)
			return true;
		if (!take_result(parse, result, word, seen, error))
			return false;
		if (parse->out->help)
			return true;
	}
}

static bool is_seen(const bool *seen, const char *name)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (options[i].name && strcmp(options[i].name, name) == 0)
			return seen[i];
	}
	return false;
}

/* Pairs of options that cannot both be meant. */
static bool check_contradictions(const bool *seen, GError **error)
{
	static const char *const pairs[][2] = {
		{"init", "no-init"},
		{"userns", "uidmap"},
		{"userns", "gidmap"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		if (is_seen(seen, pairs[i][0]) && is_seen(seen, pairs[i][1]))
			return error_set(error, RLC_ERROR_USAGE, "parse --%s: it contradicts --%s",
					 pairs[i][1], pairs[i][0]);
	}
	return true;
}

/* Addresses can be asked for only where there are neighbours that have the others. */
static bool check_addresses(const Spec *spec, GError **error)
{
	const SpecNetwork *network = &spec->rlc.network;
	const char *option = network->ip    ? "ip"
			     : network->ip6 ? "ip6"
			     : network->mac ? "mac-address"
					    : NULL;

	if (!option || network->mode == NET_BRIDGE)
		return true;
	return error_set(error, RLC_ERROR_USAGE, "parse --%s: it needs --network bridge", option);
}

/* What is left of argv: IMAGE and the command, or with --rootfs the command alone. */
static bool take_image(RunParse *parse, char ***rest, bool stdin_is_terminal, GError **error)
{
	Spec *spec = parse->spec;

	if (spec->root.kind != ROOT_BUILTIN)
		return true;
	if (!**rest) {
		spec->rlc.interactive = true;
		spec->process.terminal |= stdin_is_terminal;
		return true;
	}
	if (strcmp(**rest, BUILTIN_IMAGE) != 0)
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "find image '%s': there is no image store yet; use " BUILTIN_IMAGE
				 ", or a directory: --rootfs DIR",
				 **rest);
	(*rest)++;
	return true;
}

static void take_command(RunParse *parse, char **rest)
{
	bool entrypoint = parse->entrypoint_given && *parse->entrypoint;

	if (entrypoint)
		spec_add_arg(parse->spec, parse->entrypoint);
	for (; *rest; rest++)
		spec_add_arg(parse->spec, *rest);
	if (parse->spec->process.args->len == 1)
		spec_add_arg(parse->spec, "/bin/sh");
}

static void finish_capabilities(RunParse *parse)
{
	SpecCapabilities *caps = &parse->spec->process.capabilities;

	/* Raw packets on a network with neighbours can say that they are a neighbour's. */
	if (parse->spec->rlc.network.mode == NET_BRIDGE ||
	    parse->spec->rlc.network.mode == NET_JOIN)
		caps->bounding &= ~(UINT64_C(1) << CAP_NET_RAW);
	/* A single name is more specific than ALL, whichever side it stands on. */
	if (parse->caps_dropped == UINT64_MAX)
		caps->bounding = 0;
	caps->bounding |= parse->caps_added;
	if (parse->caps_dropped != UINT64_MAX)
		caps->bounding &= ~parse->caps_dropped;
	caps->permitted = caps->bounding;
	caps->effective = caps->bounding;
}

/* One of --uidmap and --gidmap alone speaks for both. */
static void finish_idmap(Spec *spec)
{
	GArray *uids = spec->linux_.uid_mappings, *gids = spec->linux_.gid_mappings;

	if (uids->len + gids->len == 0)
		return;
	spec->rlc.userns = USERNS_MAP;
	if (uids->len == 0)
		g_array_append_vals(uids, gids->data, gids->len);
	else if (gids->len == 0)
		g_array_append_vals(gids, uids->data, uids->len);
}

static void finish_spec(RunParse *parse)
{
	Spec *spec = parse->spec;

	if (spec->process.terminal)
		spec_set_env(spec, "TERM=xterm");
	for (guint i = 0; i < parse->env->len; i++)
		spec_set_env(spec, g_ptr_array_index(parse->env, i));
	if (!parse->network_given && net_bridge_is_default())
		spec->rlc.network.mode = NET_BRIDGE;
	finish_capabilities(parse);
	finish_idmap(spec);
	/* Who keeps his own id means to be himself inside. */
	if (spec->rlc.userns == USERNS_KEEP_ID && !spec->process.user.name)
		spec->process.user.name = g_strdup_printf("%u:%u", getuid(), getgid());
	else if (!spec->process.user.name)
		spec->process.user.name = g_strdup("0");
}

static bool run_parse(RunParse *parse, int argc, char **argv, bool stdin_is_terminal,
		      GError **error)
{
	bool seen[N_OPTIONS] = {false};
	char **rest;

	if (!parse_flags(parse, argc, argv, seen, error))
		return false;
	if (parse->out->help)
		return true;
	rest = argv + optind;
	if (!check_contradictions(seen, error) ||
	    !take_image(parse, &rest, stdin_is_terminal, error))
		return false;
	take_command(parse, rest);
	finish_spec(parse);
	return check_addresses(parse->spec, error);
}

bool run_options_parse(int argc, char **argv, bool stdin_is_terminal, RunOptions *ret_options,
		       GError **error)
{
	g_auto(RunOptions) out = {.spec = spec_new()};
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	RunParse parse = {.out = &out, .spec = out.spec, .env = env};
	bool ok = run_parse(&parse, argc, argv, stdin_is_terminal, error);

	g_free(parse.entrypoint);
	if (!ok)
		return false;
	*ret_options = out;
	out = (RunOptions){0};
	return true;
}
