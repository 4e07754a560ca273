/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one table (run_table.h) has a row for every option, and all else goes by it:
 * the arrays that getopt_long(3) wants, the refusal of an option given twice, the flag and value in
 * front of an error, the help.  A row's function puts the value into the Spec.
 *
 * getopt_long takes abbreviations of long options; they are refused here, because an abbreviation
 * that is unique today would not stay so.
 */
#include "cmd/run_options.h"

#include <getopt.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/help.h"
#include "cmd/run_image.h"
#include "cmd/run_table.h"
#include "cmd/suggest.h"
#include "feature/net_bridge.h"

#define VALUE_SHOWN   200 /* bytes of a value in an error */
#define BUILTIN_IMAGE "builtin:busybox"

static void print_group(FILE *out, const RunGroup *group)
{
	fprintf(out, "\n%s:\n", group->heading);
	for (size_t i = 0; i < group->length; i++) {
		const RunOption *option = &group->rows[i];
		g_autofree char *flag = g_strdup_printf(
			"%c%c%c --%s %s", option->letter ? '-' : ' ',
			option->letter ? option->letter : ' ', option->letter ? ',' : ' ',
			option->name, option->metavar ? option->metavar : "");

		fprintf(out, "  %-33s %s\n", flag, option->help);
	}
}

void run_options_print_help(FILE *out)
{
	fputs("Usage: rlc run [OPTIONS] [IMAGE [COMMAND [ARG...]]]\n"
	      "       rlc run [OPTIONS] --rootfs DIR[:O] [COMMAND [ARG...]]\n\n"
	      "Run a command in a new container. IMAGE is NAME[:TAG][@DIGEST],\n"
	      "taken from a registry if it is not in the store, the id of one in the store,\n"
	      "oci:DIR, oci-archive:FILE, docker-archive:FILE, dir:DIR, or " BUILTIN_IMAGE ",\n"
	      "in which a shell runs without IMAGE and --rootfs.\n",
	      out);
	for (size_t i = 0; run_table_group(i); i++)
		print_group(out, run_table_group(i));
}

void run_options_print_help_table(void)
{
	static const char *const kinds[] = {
		[OPTION_ONCE] = "once",
		[OPTION_MANY] = "many",
		[OPTION_SWITCH] = "switch",
	};
	const RunGroup *group;

	help_usage("run", "[IMAGE [COMMAND [ARG...]]]", "Run a command in a new container.");
	for (size_t i = 0; (group = run_table_group(i)); i++) {
		help_heading(group->heading);
		for (const RunOption *row = group->rows; row < group->rows + group->length; row++)
			help_option(row->name, row->letter, row->metavar, kinds[row->kind],
				    row->help);
	}
}

void run_options_clear(RunOptions *run_options)
{
	g_clear_pointer(&run_options->spec, spec_free);
	g_clear_pointer(&run_options->image, g_free);
	g_clear_pointer(&run_options->platform, g_free);
	g_clear_pointer(&run_options->command, g_ptr_array_unref);
	g_clear_pointer(&run_options->env, g_ptr_array_unref);
	g_clear_pointer(&run_options->entrypoint, g_free);
	g_clear_pointer(&run_options->state_root, g_free);
}

/* The arrays for getopt_long. A row's val is 256 + its index, long or short. */
static void fill_getopt(struct option *longs, GString *shorts)
{
	const RunOption *row;
	size_t i;

	g_string_assign(shorts, "+:"); /* stop at the image; tell a missing value apart */
	for (i = 0; (row = run_table_row(i)); i++) {
		bool is_switch = row->kind == OPTION_SWITCH;

		longs[i] = (struct option){
			.name = row->name,
			.has_arg = is_switch ? optional_argument : required_argument,
			.val = 256 + (int)i,
		};
		if (row->letter)
			g_string_append_printf(shorts, "%c%s", row->letter, is_switch ? "" : ":");
	}
	longs[i] = (struct option){0};
}

/* The index of the row with the letter, or of none. */
static size_t row_by_letter(int letter)
{
	const RunOption *row;
	size_t i = 0;

	while ((row = run_table_row(i)) && row->letter != letter)
		i++;
	return i;
}

static bool unknown_option(const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, "="));
	Suggestion nearest = {.typed = name + strspn(name, "-")};

	for (size_t i = 0; run_table_row(i) && g_str_has_prefix(name, "--"); i++)
		suggest_offer(&nearest, run_table_row(i)->name);
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
	size_t index = result < 256 ? row_by_letter(result) : (size_t)result - 256;
	const RunOption *option = run_table_row(index);

	if (result == ':')
		return error_set(error, RLC_ERROR_USAGE, "parse '%s': it needs a value", word);
	/* "?" is getopt's answer to what it does not know; an abbreviation it does know */
	if (!option || (result >= 256 && strlen(option->name) != strcspn(word + 2, "=")))
		return unknown_option(word, error);
	return take_option(parse, option, &seen[index], optarg, error);
}

static bool parse_flags(RunParse *parse, int argc, char **argv, bool *seen, GError **error)
{
	g_autofree struct option *longs = g_new(struct option, run_table_length() + 1);
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
	const RunOption *row;

	for (size_t i = 0; (row = run_table_row(i)); i++) {
		if (strcmp(row->name, name) == 0)
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
static void take_words(RunParse *parse, char **rest, bool stdin_is_terminal)
{
	Spec *spec = parse->spec;

	if (spec->root.kind == ROOT_BUILTIN && !*rest) {
		spec->rlc.interactive = true;
		spec->process.terminal |= stdin_is_terminal;
	} else if (spec->root.kind == ROOT_BUILTIN) {
		if (strcmp(*rest, BUILTIN_IMAGE) != 0)
			parse->out->image = g_strdup(*rest);
		rest++;
	}
	for (; *rest; rest++)
		g_ptr_array_add(parse->out->command, g_strdup(*rest));
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

/* A supervisor starts its container again; the caller of one in the foreground waits for one end.
 */
static bool check_restart(const SpecRlc *rlc, GError **error)
{
	if (rlc->restart == RESTART_NO || (rlc->detach && rlc->keep))
		return true;
	return error_set(error, RLC_ERROR_USAGE, "parse --restart: it %s",
			 rlc->detach ? "contradicts --rm" : "needs --detach");
}

static bool run_parse(RunParse *parse, int argc, char **argv, bool stdin_is_terminal,
		      GError **error)
{
	g_autofree bool *seen = g_new0(bool, run_table_length());

	if (!parse_flags(parse, argc, argv, seen, error))
		return false;
	if (parse->out->help)
		return true;
	if (!check_contradictions(seen, error))
		return false;
	take_words(parse, argv + optind, stdin_is_terminal);
	g_ptr_array_extend_and_steal(parse->out->env, g_ptr_array_ref(parse->env));
	if (!parse->network_given && net_bridge_is_default())
		parse->spec->rlc.network.mode = NET_BRIDGE;
	finish_capabilities(parse);
	finish_idmap(parse->spec);
	parse->spec->rlc.keep = parse->remove_given ? !parse->remove : parse->spec->rlc.detach;
	if (!check_addresses(parse->spec, error) || !check_restart(&parse->spec->rlc, error))
		return false;
	return parse->out->image || run_image_apply(parse->out, NULL, error);
}

bool run_options_parse(int argc, char **argv, bool stdin_is_terminal, RunOptions *ret_options,
		       GError **error)
{
	g_auto(RunOptions) out = {
		.spec = spec_new(),
		.command = g_ptr_array_new_with_free_func(g_free),
		.env = g_ptr_array_new_with_free_func(g_free),
	};
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	RunParse parse = {.out = &out, .spec = out.spec, .env = env};

	if (!run_parse(&parse, argc, argv, stdin_is_terminal, error))
		return false;
	*ret_options = out;
	out = (RunOptions){0};
	return true;
}
