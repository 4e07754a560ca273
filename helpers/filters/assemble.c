/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: for each ABI every number of a system call gets the rule that names it.
 * Neighbours with the same verdict are one run, and a binary search over the runs finds the verdict
 * in some eight comparisons, whatever the call; a list would take hundreds.
 *
 * Jumps lead forwards only, so code is made from its end to its beginning: where a jump leads to is
 * there before the jump.  A place in the code is counted from its end, too.  What was made already
 * is used again, if it is in reach: so there are few returns.
 *
 * The numbers come from libseccomp, which knows them for all processors; those that are younger
 * than it are the same everywhere (newer_calls).
 */
#include "assemble.h"

#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#define REACH	      250	  /* of a conditional jump, which has one byte for it; less a few */
#define CALLS_MAX     1024	  /* numbers that are asked for */
#define X32_BIT	      0x40000000U /* of all x32 calls; the architecture is that of x86_64 */
#define ARM_FIRST     0x0f0000U	  /* the first of ARM's private calls */
#define OFFSET(field) ((uint32_t)offsetof(struct seccomp_data, field))

static const struct {
	unsigned number;
	const char *name;
} newer_calls[] = {
	{450, "set_mempolicy_home_node"},
	{451, "cachestat"},
	{452, "fchmodat2"},
	{453, "map_shadow_stack"},
	{454, "futex_wake"},
	{455, "futex_wait"},
	{456, "futex_requeue"},
	{457, "statmount"},
	{458, "listmount"},
	{459, "lsm_get_self_attr"},
	{460, "lsm_set_self_attr"},
	{461, "lsm_list_modules"},
	{462, "mseal"},
	{463, "setxattrat"},
	{464, "getxattrat"},
	{465, "listxattrat"},
	{466, "removexattrat"},
	{467, "open_tree_attr"},
};

/* A processor's own ABI and that of 32 bits (0: none), by the kernel's numbers: AUDIT_ARCH_*. */
static const struct {
	const char *processor;
	uint32_t abis[2];
} processors[] = {
	{"x86_64", {SCMP_ARCH_X86_64, SCMP_ARCH_X86}},
	{"aarch64", {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM}},
	{"riscv64", {SCMP_ARCH_RISCV64, 0}},
	{"powerpc64le", {SCMP_ARCH_PPC64LE, 0}},
};

/* The system calls from first on that have the verdict of rule; NULL: unknown or otherwise */
typedef struct {
	uint32_t first;
	const FilterRule *rule;
	uint32_t verdict; /* where rule is NULL or has no tests */
} Run;

static bool has_tests(const FilterRule *rule)
{
	return rule && rule->tests[0].mask;
}

/* --- numbers to names to rules --- */

static char *call_name(uint32_t abi, uint32_t number)
{
	char *name = seccomp_syscall_resolve_num_arch(abi, (int)number);
	uint32_t plain = abi == SCMP_ARCH_X32 ? number & ~X32_BIT : number;

	for (size_t i = 0; !name && i < G_N_ELEMENTS(newer_calls); i++) {
		if (newer_calls[i].number == plain)
			name = strdup(newer_calls[i].name);
	}
	return name;
}

static bool is_named(const char *calls, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = calls; (at = strstr(at, name)); at += length) {
		if ((at == calls || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	}
	return false;
}

static const FilterRule *find_rule(const FilterTable *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (is_named(table->rules[i].calls, name))
			return &table->rules[i];
	}
	return NULL;
}

static void add_run(GArray *runs, uint32_t first, const FilterRule *rule, uint32_t verdict)
{
	const Run *last = runs->len ? &g_array_index(runs, Run, runs->len - 1) : NULL;
	Run run = {first, has_tests(rule) ? rule : NULL, rule ? rule->verdict : verdict};

	if (!last || last->rule || run.rule || last->verdict != run.verdict)
		g_array_append_val(runs, run);
}

static void add_calls(GArray *runs, const FilterTable *table, uint32_t abi, uint32_t from)
{
	for (uint32_t number = from; number < from + CALLS_MAX; number++) {
		char *name = call_name(abi, number);

		add_run(runs, number, name ? find_rule(table, name) : NULL,
			name ? table->otherwise : FILTER_UNKNOWN);
		free(name);
	}
}

static GArray *list_runs(const FilterTable *table, uint32_t abi)
{
	GArray *runs = g_array_new(FALSE, FALSE, sizeof(Run));

	add_calls(runs, table, abi, 0);
	if (abi == SCMP_ARCH_X86_64 && table->all_abis)
		add_calls(runs, table, SCMP_ARCH_X32, X32_BIT);
	if (abi == SCMP_ARCH_ARM)
		add_calls(runs, table, abi, ARM_FIRST);
	return runs;
}

/* --- code --- */

/* Returns its place. */
static size_t add(GArray *code, uint16_t operation, uint32_t k)
{
	struct sock_filter instruction = {operation, 0, 0, k};

	g_array_append_val(code, instruction);
	return code->len - 1;
}

static bool is_near(const GArray *code, size_t place)
{
	return code->len - place <= REACH;
}

static size_t add_return(GArray *code, uint32_t verdict)
{
	for (size_t place = code->len; place-- > 0 && is_near(code, place);) {
		const struct sock_filter *at = &g_array_index(code, struct sock_filter, place);

		if (at->code == (BPF_RET | BPF_K) && at->k == verdict)
			return place;
	}
	return add(code, BPF_RET | BPF_K, verdict);
}

/* A place in reach from which the code goes on at this one. */
static size_t bring_near(GArray *code, size_t place)
{
	return is_near(code, place)
		       ? place
		       : add(code, BPF_JMP | BPF_JA, (uint32_t)(code->len - place - 1));
}

/* On to one of two places, by what was loaded. */
static size_t add_choice(GArray *code, uint16_t comparison, uint32_t k, size_t yes, size_t no)
{
	struct sock_filter *jump;
	size_t place;

	yes = bring_near(code, yes);
	no = bring_near(code, no);
	place = add(code, BPF_JMP | comparison | BPF_K, k);
	jump = &g_array_index(code, struct sock_filter, place);
	jump->jt = (uint8_t)(place - yes - 1);
	jump->jf = (uint8_t)(place - no - 1);
	return place;
}

static size_t add_load(GArray *code, uint32_t offset)
{
	return add(code, BPF_LD | BPF_W | BPF_ABS, offset);
}

/* The low half of an argument, which is where it is on the machine that builds. */
static size_t add_load_argument(GArray *code, unsigned argument)
{
	bool big_endian = G_BYTE_ORDER == G_BIG_ENDIAN;

	return add_load(code, OFFSET(args) + argument * (uint32_t)sizeof(uint64_t) +
				      (big_endian ? (uint32_t)sizeof(uint32_t) : 0));
}

static size_t add_tests(GArray *code, const FilterRule *rule)
{
	size_t next = add_return(code, rule->verdict);

	for (size_t i = FILTER_TESTS_MAX; i-- > 0;) {
		const FilterTest *test = &rule->tests[i];

		if (!test->mask)
			continue;
		add_choice(code, BPF_JEQ, test->value, add_return(code, test->verdict), next);
		if (test->mask != UINT32_MAX)
			add(code, BPF_ALU | BPF_AND | BPF_K, test->mask);
		next = add_load_argument(code, test->argument);
	}
	return next;
}

static size_t add_search(GArray *code, const Run *runs, size_t count)
{
	size_t middle = count / 2, above;

	if (count == 1)
		return runs->rule ? add_tests(code, runs->rule) : add_return(code, runs->verdict);
	above = add_search(code, runs + middle, count - middle);
	return add_choice(code, BPF_JGE, runs[middle].first, above, add_search(code, runs, middle));
}

static size_t add_abi(GArray *code, const FilterTable *table, uint32_t abi)
{
	g_autoptr(GArray) runs = list_runs(table, abi);

	add_search(code, (const Run *)(const void *)runs->data, runs->len);
	return add_load(code, OFFSET(nr));
}

static void reverse(GArray *code)
{
	for (guint i = 0, j = code->len - 1; i < j; i++, j--) {
		struct sock_filter at = g_array_index(code, struct sock_filter, i);

		g_array_index(code, struct sock_filter, i) =
			g_array_index(code, struct sock_filter, j);
		g_array_index(code, struct sock_filter, j) = at;
	}
}

static const uint32_t *find_abis(const char *processor)
{
	for (size_t i = 0; i < G_N_ELEMENTS(processors); i++) {
		if (strcmp(processors[i].processor, processor) == 0)
			return processors[i].abis;
	}
	return NULL;
}

GArray *assemble(const FilterTable *table, const char *processor)
{
	const uint32_t *abis = find_abis(processor);
	GArray *code;
	size_t next;

	if (!abis)
		return NULL;
	code = g_array_new(FALSE, FALSE, sizeof(struct sock_filter));
	next = add_return(code, SECCOMP_RET_KILL_PROCESS);
	if (table->all_abis && abis[1])
		next = add_choice(code, BPF_JEQ, abis[1], add_abi(code, table, abis[1]), next);
	add_choice(code, BPF_JEQ, abis[0], add_abi(code, table, abis[0]), next);
	add_load(code, OFFSET(arch));
	reverse(code);
	return code;
}
