/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: the kernel calls the program with what is wanted (struct
 * bpf_cgroup_dev_ctx) and takes 1 for yes, 0 for no.  The rules become code from the last to the
 * first, each a row of tests that jump to the next rule when they fail, and behind them its
 * verdict.  A ban fits when it covers any of what is wanted, an allowance when it covers all that
 * those behind it have left: what may be read by one rule and written by another may be opened for
 * both.  What no rule fits is refused.
 */
#include "feature/cgroup_devices.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

/* Registers: what is wanted, in parts */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1, /* free once the others are loaded */
	TYPE = BPF_REG_2,
	ACCESS = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
	SCRATCH = BPF_REG_1,
};

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)
#define TYPE_MASK  0xffff

/* What nobody can use that way, he may make. -1: all. */
static const SpecDeviceRule makes[] = {{true, 'c', -1, -1, "m"}, {true, 'b', -1, -1, "m"}};

/* In every container: Documentation/admin-guide/devices.txt */
static const SpecDeviceRule defaults[] = {
	{true, 'c', 1, 3, "rwm"}, {true, 'c', 1, 5, "rwm"}, {true, 'c', 1, 7, "rwm"},
	{true, 'c', 1, 8, "rwm"}, {true, 'c', 1, 9, "rwm"}, {true, 'c', 5, 0, "rwm"},
	{true, 'c', 5, 1, "rwm"}, {true, 'c', 5, 2, "rwm"}, {true, 'c', 136, -1, "rwm"},
};

GArray *cgroup_devices_rules(const SpecResources *asked, bool closed, const GArray *devices)
{
	GArray *rules = g_array_new(FALSE, FALSE, sizeof(SpecDeviceRule));

	if (!closed)
		g_array_append_vals(rules, makes, G_N_ELEMENTS(makes));
	g_array_append_vals(rules, asked->devices->data, asked->devices->len);
	if (closed)
		g_array_append_vals(rules, makes, G_N_ELEMENTS(makes));
	g_array_append_vals(rules, defaults, G_N_ELEMENTS(defaults));
	for (guint i = 0; i < devices->len; i++) {
		const PlanDevice *device = &g_array_index(devices, PlanDevice, i);
		SpecDeviceRule rule = {true, device->type, device->major, device->minor, ""};

		g_strlcpy(rule.access, device->access, sizeof rule.access);
		g_array_append_val(rules, rule);
	}
	return rules;
}

static void add(GArray *code, struct bpf_insn insn)
{
	g_array_append_val(code, insn);
}

static int32_t access_bits(const char *access)
{
	return (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
	       (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

static void load(GArray *code)
{
	static const int16_t access = offsetof(struct bpf_cgroup_dev_ctx, access_type);
	static const int16_t major = offsetof(struct bpf_cgroup_dev_ctx, major);
	static const int16_t minor = offsetof(struct bpf_cgroup_dev_ctx, minor);
	static const uint8_t load = BPF_LDX | BPF_MEM | BPF_W;
	const struct bpf_insn insns[] = {
		{.code = load, .dst_reg = TYPE, .src_reg = CONTEXT, .off = access},
		{.code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = TYPE, .imm = TYPE_MASK},
		{.code = load, .dst_reg = ACCESS, .src_reg = CONTEXT, .off = access},
		{.code = BPF_ALU | BPF_RSH | BPF_K, .dst_reg = ACCESS, .imm = 16},
		{.code = load, .dst_reg = MAJOR, .src_reg = CONTEXT, .off = major},
		{.code = load, .dst_reg = MINOR, .src_reg = CONTEXT, .off = minor},
	};

	g_array_append_vals(code, insns, G_N_ELEMENTS(insns));
}

static void add_verdict(GArray *code, bool allow)
{
	add(code, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = allow});
	add(code, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* The jump to the next rule gets its distance when this rule's code is whole. */
static void add_jump(GArray *code, uint8_t op, struct bpf_insn what)
{
	what.code = BPF_JMP | op | BPF_K;
	add(code, what);
}

static void add_mask(GArray *code, struct bpf_insn what)
{
	what.code = BPF_ALU | BPF_AND | BPF_K;
	add(code, what);
}

/* The last of a rule's tests, for an allowance takes from what is wanted. */
static void add_access_test(GArray *code, int32_t access, bool allow)
{
	if (access == ACCESS_ALL)
		return;
	if (allow) {
		add_mask(code, (struct bpf_insn){.dst_reg = ACCESS, .imm = ACCESS_ALL & ~access});
		add_jump(code, BPF_JNE, (struct bpf_insn){.dst_reg = ACCESS});
		return;
	}
	add(code, (struct bpf_insn){.code = BPF_ALU | BPF_MOV | BPF_X,
				    .dst_reg = SCRATCH,
				    .src_reg = ACCESS});
	add_mask(code, (struct bpf_insn){.dst_reg = SCRATCH, .imm = access});
	add_jump(code, BPF_JEQ, (struct bpf_insn){.dst_reg = SCRATCH});
}

static void add_tests(GArray *code, const SpecDeviceRule *rule)
{
	int32_t type = rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	int32_t major = (int32_t)rule->major, minor = (int32_t)rule->minor;

	if (rule->type != 'a')
		add_jump(code, BPF_JNE, (struct bpf_insn){.dst_reg = TYPE, .imm = type});
	if (major >= 0 && rule->type != 'a')
		add_jump(code, BPF_JNE, (struct bpf_insn){.dst_reg = MAJOR, .imm = major});
	if (minor >= 0 && rule->type != 'a')
		add_jump(code, BPF_JNE, (struct bpf_insn){.dst_reg = MINOR, .imm = minor});
	add_access_test(code, access_bits(rule->access), rule->allow);
}

static bool is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_EXIT;
}

static void add_rule(GArray *code, const SpecDeviceRule *rule)
{
	guint start = code->len;

	add_tests(code, rule);
	add_verdict(code, rule->allow);
	for (guint i = start; i < code->len; i++) {
		struct bpf_insn *insn = &g_array_index(code, struct bpf_insn, i);

		if (is_jump(insn))
			insn->off = (int16_t)(code->len - i - 1);
	}
}

/* Behind a rule for everything nothing is reached, and the kernel refuses what is not. */
static bool is_final(const SpecDeviceRule *rule)
{
	return rule->type == 'a' && access_bits(rule->access) == ACCESS_ALL;
}

GArray *cgroup_devices_program(const GArray *rules)
{
	GArray *code = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));

	load(code);
	for (guint i = rules->len; i-- > 0;) {
		const SpecDeviceRule *rule = &g_array_index(rules, SpecDeviceRule, i);

		add_rule(code, rule);
		if (is_final(rule))
			return code;
	}
	add_verdict(code, false);
	return code;
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

bool cgroup_devices_attach(int cgroup, const GArray *rules, GError **error)
{
	g_autoptr(GArray) code = cgroup_devices_program(rules);
	union bpf_attr program = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)code->data,
		.insn_cnt = code->len,
		.license = (uintptr_t) "GPL",
	};
	auto_fd fd = (int)bpf(BPF_PROG_LOAD, &program); /* closed on exec: bpf(2) */
	union bpf_attr attach = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (fd < 0)
		return error_errno(error, errno, "load the BPF program of the devices");
	return bpf(BPF_PROG_ATTACH, &attach) == 0 ||
	       error_errno(error, errno, "attach the BPF program of the devices");
}
