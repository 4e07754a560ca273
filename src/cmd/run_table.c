/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one table (run_table.h) has a row for every option, and all else goes by it:
 * the arrays that getopt_long(3) wants, the refusal of an option given twice, the flag and value in
 * front of an error, the help.  A row's function puts the value into the Spec.
 *
 * getopt_long takes abbreviations of long options; they are refused here, because an abbreviation
 * that is unique today would not stay so.
 */
#include "cmd/run_table.h"

#include <getopt.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "cmd/help.h"
#include "cmd/run_values.h"

#define VALUE_SHOWN 200 /* bytes of a value in an error */

static const RunGroup *const run_groups[] = {
	&run_process_group,
	&run_fetch_group,
	&run_files_group,
	&run_network_group,
	&run_share_group,
	&run_identity_group,
	&run_security_group,
	&run_limits_group,
	&run_health_group,
	&run_container_group,
	NULL,
};

const RunTable run_table = {"run", run_groups};

static size_t row_by_name(const RunTable *table, const char *name);
static const RunOption *row(const RunTable *table, size_t index);

/* What another command shares with run is run's row. */
static const RunOption *run_row(const char *name)
{
	const RunOption *shared = row(&run_table, row_by_name(&run_table, name));

	g_assert(shared);
	return shared;
}

static const RunOption *group_row(const RunGroup *group, size_t index)
{
	const RunOption *option = &group->rows[index];

	return option->help ? option : run_row(option->name);
}

/* The rows of all groups, one after the other; NULL behind the last. */
static const RunOption *row(const RunTable *table, size_t index)
{
	for (const RunGroup *const *group = table->groups; *group; group++) {
		if (index < (*group)->length)
			return group_row(*group, index);
		index -= (*group)->length;
	}
	return NULL;
}

static size_t table_length(const RunTable *table)
{
	size_t length = 0;

	while (row(table, length))
		length++;
	return length;
}

/* The index of the row, or of none. */
static size_t row_by_name(const RunTable *table, const char *name)
{
	const RunOption *option;
	size_t i = 0;

	while ((option = row(table, i)) && strcmp(option->name, name) != 0)
		i++;
	return i;
}

/* A row may differ from run's in its help alone. */
static RunSetter setter(const RunOption *option)
{
	return option->set ? option->set : run_row(option->name)->set;
}

static void print_group(FILE *out, const RunGroup *group)
{
	fprintf(out, "\n%s:\n", group->heading);
	for (size_t i = 0; i < group->length; i++) {
		const RunOption *option = group_row(group, i);
		g_autofree char *flag = g_strdup_printf(
			"%c%c%c --%s %s", option->letter ? '-' : ' ',
			option->letter ? option->letter : ' ', option->letter ? ',' : ' ',
			option->name, option->metavar ? option->metavar : "");

		help_row(out, flag, 33, option->help);
	}
}

void run_table_print(const RunTable *table, FILE *out)
{
	for (const RunGroup *const *group = table->groups; *group; group++)
		print_group(out, *group);
}

void run_table_print_rows(const RunTable *table)
{
	static const char *const kinds[] = {
		[OPTION_ONCE] = "once",
		[OPTION_MANY] = "many",
		[OPTION_SWITCH] = "switch",
	};

	for (const RunGroup *const *group = table->groups; *group; group++) {
		help_heading((*group)->heading);
		for (size_t i = 0; i < (*group)->length; i++) {
			const RunOption *option = group_row(*group, i);

			help_option(option->name, option->letter, option->metavar,
				    kinds[option->kind], option->help);
		}
	}
}

/* The arrays for getopt_long. A row's val is 256 + its index, long or short. */
static void fill_getopt(const RunTable *table, struct option *longs, GString *shorts)
{
	const RunOption *option;
	size_t i;

	g_string_assign(shorts, "+:"); /* stop at the image; tell a missing value apart */
	for (i = 0; (option = row(table, i)); i++) {
		bool is_switch = option->kind == OPTION_SWITCH;

		longs[i] = (struct option){
			.name = option->name,
			.has_arg = is_switch ? optional_argument : required_argument,
			.val = 256 + (int)i,
		};
		if (option->letter)
			g_string_append_printf(shorts, "%c%s", option->letter,
					       is_switch ? "" : ":");
	}
	longs[i] = (struct option){0};
}

/* The index of the row with the letter, or of none. */
static size_t row_by_letter(const RunTable *table, int letter)
{
	const RunOption *option;
	size_t i = 0;

	while ((option = row(table, i)) && option->letter != letter)
		i++;
	return i;
}

static bool unknown_option(const RunTable *table, const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word, strcspn(word, "="));
	g_autofree char *program = g_strconcat("rlc ", table->command, NULL);
	Suggestion nearest = {.typed = name + strspn(name, "-")};
	const RunOption *option = row(table, 0);

	if (!g_str_has_prefix(name, "--"))
		option = NULL;
	for (size_t i = 1; option; option = row(table, i++))
		suggest_offer(&nearest, option->name);
	return suggest_option(&nearest, name, program, error);
}

/* A switch's =true and =false become "" and NULL for its function. */
static bool switch_value(const char *value, const char **ret_value, GError **error)
{
	bool on = true;

	if (value && !run_value_bool(value, &on, error))
		return false;
	*ret_value = on ? "" : NULL;
	return true;
}

void run_given_clear(RunGiven *given)
{
	g_clear_pointer(&given->value, g_free);
	g_clear_pointer(&given->place, g_free);
}

const RunGiven *run_table_given(const GArray *given, const char *name)
{
	for (guint i = 0; i < given->len; i++) {
		const RunGiven *one = &g_array_index(given, RunGiven, i);

		if (strcmp(one->option->name, name) == 0)
			return one;
	}
	return NULL;
}

static bool give(GArray *given, const RunOption *option, const char *value, GError **error)
{
	RunGiven one = {.option = option, .value = g_strdup(value)};

	if (option->kind == OPTION_ONCE && run_table_given(given, option->name)) {
		run_given_clear(&one);
		return error_set(error, RLC_ERROR_USAGE, "parse --%s '%.*s': it is given twice",
				 option->name, VALUE_SHOWN, value);
	}
	g_array_append_val(given, one);
	return true;
}

/* One result of getopt_long; word is the argument that it looked at. */
static bool take_result(const RunTable *table, GArray *given, int result, const char *word,
			GError **error)
{
	size_t index = result < 256 ? row_by_letter(table, result) : (size_t)result - 256;
	const RunOption *option = row(table, index);

	if (result == ':')
		return error_set(error, RLC_ERROR_USAGE, "parse '%s': it needs a value", word);
	/* "?" is getopt's answer to what it does not know; an abbreviation it does know */
	if (!option || (result >= 256 && strlen(option->name) != strcspn(word + 2, "=")))
		return unknown_option(table, word, error);
	return give(given, option, optarg, error);
}

GArray *run_table_read(const RunTable *table, int argc, char **argv, GError **error)
{
	g_autofree struct option *longs = g_new(struct option, table_length(table) + 1);
	g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(RunGiven));
	g_autoptr(GString) shorts = g_string_new(NULL);

	g_array_set_clear_func(given, (GDestroyNotify)run_given_clear);
	fill_getopt(table, longs, shorts);
	opterr = 0;
	optind = 0; /* start afresh: the global flags were parsed before */
	while (!run_table_given(given, "help")) {
		const char *word = argv[MIN(MAX(optind, 1), argc)];
		int result = getopt_long(argc, argv, shorts->str, longs, NULL);

		if (result < 0)
			break;
		if (!take_result(table, given, result, word, error))
			return NULL;
	}
	return g_steal_pointer(&given);
}

static bool apply_one(RunParse *parse, const RunGiven *one, GError **error)
{
	const RunOption *option = one->option;
	const char *dashes = one->place ? "" : "--";
	const char *value = one->value;

	if ((option->kind != OPTION_SWITCH || switch_value(value, &value, error)) &&
	    setter(option)(parse, value, error))
		return true;
	if (one->value)
		error_prefix(error, "%s%s%s '%.*s': ", one->place ? one->place : "parse ", dashes,
			     option->name, VALUE_SHOWN, one->value);
	else
		error_prefix(error, "parse --%s: ", option->name);
	return false;
}

bool run_table_apply(RunParse *parse, const GArray *given, GError **error)
{
	for (guint i = 0; i < given->len; i++) {
		if (!apply_one(parse, &g_array_index(given, RunGiven, i), error))
			return false;
	}
	return true;
}

const RunOption *run_table_find(const RunTable *table, const char *name)
{
	return row(table, row_by_name(table, name));
}
