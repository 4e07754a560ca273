/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_options.h"

#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/help.h"
#include "cmd/run_config.h"
#include "cmd/run_image.h"
#include "cmd/run_table.h"
#include "feature/net_bridge.h"

#define BUILTIN_IMAGE "builtin:busybox"

void run_options_print_help(FILE *out)
{
	fputs("Usage: rlc run [OPTIONS] [IMAGE [COMMAND [ARG...]]]\n"
	      "       rlc run [OPTIONS] --rootfs DIR[:O] [COMMAND [ARG...]]\n\n"
	      "Run a command in a new container. IMAGE is NAME[:TAG][@DIGEST],\n"
	      "taken from a registry if it is not in the store, the id of one in the store,\n"
	      "oci:DIR, oci-archive:FILE, docker-archive:FILE, dir:DIR, or " BUILTIN_IMAGE ",\n"
	      "in which a shell runs without IMAGE and --rootfs.\n",
	      out);
	run_table_print(&run_table, out);
}

void run_options_print_help_table(void)
{
	help_usage("run", "[IMAGE [COMMAND [ARG...]]]", "Run a command in a new container.");
	run_table_print_rows(&run_table);
}

void run_options_init(RunOptions *ret_options)
{
	*ret_options = (RunOptions){
		.spec = spec_new(),
		.command = g_ptr_array_new_with_free_func(g_free),
		.env = g_ptr_array_new_with_free_func(g_free),
		.volumes_from = g_ptr_array_new_with_free_func(g_free),
	};
}

void run_options_clear(RunOptions *run_options)
{
	g_clear_pointer(&run_options->spec, spec_free);
	g_clear_pointer(&run_options->image, g_free);
	g_clear_pointer(&run_options->platform, g_free);
	g_clear_pointer(&run_options->command, g_ptr_array_unref);
	g_clear_pointer(&run_options->env, g_ptr_array_unref);
	g_clear_pointer(&run_options->entrypoint, g_free);
	g_clear_pointer(&run_options->volumes_from, g_ptr_array_unref);
	g_clear_pointer(&run_options->state_root, g_free);
}

/* Pairs of options that cannot both be meant. What the command line says puts a default aside. */
static bool check_contradictions(GArray *given, GError **error)
{
	static const char *const pairs[][2] = {
		{"init", "no-init"},   {"userns", "uidmap"},   {"userns", "gidmap"},
		{"cpus", "cpu-quota"}, {"cpus", "cpu-period"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		const RunGiven *one = run_table_given(given, pairs[i][0]);
		const RunGiven *other = run_table_given(given, pairs[i][1]);

		if (!one || !other)
			continue;
		if (!one->place == !other->place)
			return error_set(error, RLC_ERROR_USAGE, "parse --%s: it contradicts --%s",
					 pairs[i][1], pairs[i][0]);
		g_array_remove_index(given, (guint)((one->place ? one : other) -
						    (const RunGiven *)(void *)given->data));
		i--; /* it may have been given more than once */
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

	if (parse->privileged)
		caps->bounding = UINT64_MAX;
	/* Raw packets on a network with neighbours can say that they are a neighbour's. */
	else if (parse->spec->rlc.network.mode == NET_BRIDGE ||
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
	g_autoptr(GArray) given = run_table_read(&run_table, argc, argv, error);
	int words = optind;

	if (!given)
		return false;
	if (run_table_given(given, "help"))
		return run_table_apply(parse, given, error);
	if (!run_config_read(&run_table, given, error) || !check_contradictions(given, error) ||
	    !run_table_apply(parse, given, error))
		return false;
	take_words(parse, argv + words, stdin_is_terminal);
	g_ptr_array_extend_and_steal(parse->out->env, g_ptr_array_ref(parse->env));
	if (!parse->network_given && net_bridge_is_default())
		parse->spec->rlc.network.mode = NET_BRIDGE;
	finish_capabilities(parse);
	run_security_finish(parse);
	finish_idmap(parse->spec);
	parse->spec->rlc.keep = parse->remove_given ? !parse->remove : parse->spec->rlc.detach;
	if (!check_addresses(parse->spec, error) || !check_restart(&parse->spec->rlc, error))
		return false;
	return parse->out->image || run_image_apply(parse->out, NULL, error);
}

bool run_options_parse(int argc, char **argv, bool stdin_is_terminal, RunOptions *ret_options,
		       GError **error)
{
	g_auto(RunOptions) out = {0};
	g_autoptr(GPtrArray) env = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) masked = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) unmasked = g_ptr_array_new_with_free_func(g_free);
	RunParse parse = {.out = &out, .env = env, .masked = masked, .unmasked = unmasked};

	run_options_init(&out);
	parse.spec = out.spec;
	if (!run_parse(&parse, argc, argv, stdin_is_terminal, error))
		return false;
	*ret_options = out;
	out = (RunOptions){0};
	return true;
}
