/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run by make(1): generate PROCESSOR prints the filters of all tables as the source of an object.
 */
#include <inttypes.h>
#include <stdio.h>

#include "assemble.h"

static void print_conditions(const FilterTable *table)
{
	printf("static const uint64_t %s_conditions[] = {", table->name);
	for (size_t i = 0; table->conditions && table->conditions[i]; i++)
		printf("UINT64_C(0x%" PRIx64 "), ", table->conditions[i]);
	printf("0};\n");
}

static void print_code(const FilterTable *table, const GArray *code)
{
	printf("static const struct sock_filter %s_code[] = {\n", table->name);
	for (guint i = 0; i < code->len; i++) {
		const struct sock_filter *at = &g_array_index(code, struct sock_filter, i);

		printf("\t{%#x, %u, %u, %#x},\n", at->code, at->jt, at->jf, at->k);
	}
	printf("};\n");
}

static void print_filter(const FilterTable *table, const GArray *code)
{
	print_conditions(table);
	print_code(table, code);
	printf("const Filter filter_%s = {%s_code, %u, %s_conditions};\n\n", table->name,
	       table->name, code->len, table->name);
}

int main(int argc, char **argv)
{
	static const FilterTable *const tables[] = {&table_payload, &table_net, &table_unpack,
						    &table_reaper, &table_compile};

	printf("/* generated */\n#include \"kernel/filter.h\"\n\n");
	for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autoptr(GArray) code = argc == 2 ? assemble(tables[i], argv[1]) : NULL;

		if (!code) {
			fprintf(stderr, "usage: generate PROCESSOR, one that is known\n");
			return 1;
		}
		print_filter(tables[i], code);
	}
	return ferror(stdout) || fclose(stdout) == EOF;
}
