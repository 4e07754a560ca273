/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/capability.h"

#include <errno.h>
#include <glib.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
	[CAP_CHOWN] = "chown",
	[CAP_DAC_OVERRIDE] = "dac_override",
	[CAP_DAC_READ_SEARCH] = "dac_read_search",
	[CAP_FOWNER] = "fowner",
	[CAP_FSETID] = "fsetid",
	[CAP_KILL] = "kill",
	[CAP_SETGID] = "setgid",
	[CAP_SETUID] = "setuid",
	[CAP_SETPCAP] = "setpcap",
	[CAP_LINUX_IMMUTABLE] = "linux_immutable",
	[CAP_NET_BIND_SERVICE] = "net_bind_service",
	[CAP_NET_BROADCAST] = "net_broadcast",
	[CAP_NET_ADMIN] = "net_admin",
	[CAP_NET_RAW] = "net_raw",
	[CAP_IPC_LOCK] = "ipc_lock",
	[CAP_IPC_OWNER] = "ipc_owner",
	[CAP_SYS_MODULE] = "sys_module",
	[CAP_SYS_RAWIO] = "sys_rawio",
	[CAP_SYS_CHROOT] = "sys_chroot",
	[CAP_SYS_PTRACE] = "sys_ptrace",
	[CAP_SYS_PACCT] = "sys_pacct",
	[CAP_SYS_ADMIN] = "sys_admin",
	[CAP_SYS_BOOT] = "sys_boot",
	[CAP_SYS_NICE] = "sys_nice",
	[CAP_SYS_RESOURCE] = "sys_resource",
	[CAP_SYS_TIME] = "sys_time",
	[CAP_SYS_TTY_CONFIG] = "sys_tty_config",
	[CAP_MKNOD] = "mknod",
	[CAP_LEASE] = "lease",
	[CAP_AUDIT_WRITE] = "audit_write",
	[CAP_AUDIT_CONTROL] = "audit_control",
	[CAP_SETFCAP] = "setfcap",
	[CAP_MAC_OVERRIDE] = "mac_override",
	[CAP_MAC_ADMIN] = "mac_admin",
	[CAP_SYSLOG] = "syslog",
	[CAP_WAKE_ALARM] = "wake_alarm",
	[CAP_BLOCK_SUSPEND] = "block_suspend",
	[CAP_AUDIT_READ] = "audit_read",
	[CAP_PERFMON] = "perfmon",
	[CAP_BPF] = "bpf",
	[CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

typedef struct {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
} Call;

static uint64_t join(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

bool capability_get(Capabilities *ret_sets)
{
	Call call = {.header.version = _LINUX_CAPABILITY_VERSION_3};

	if (syscall(SYS_capget, &call.header, call.data) < 0)
		return false;
	*ret_sets = (Capabilities){
		.effective = join(call.data[0].effective, call.data[1].effective),
		.permitted = join(call.data[0].permitted, call.data[1].permitted),
		.inheritable = join(call.data[0].inheritable, call.data[1].inheritable),
	};
	return true;
}

bool capability_set(const Capabilities *sets)
{
	Call call = {.header.version = _LINUX_CAPABILITY_VERSION_3};

	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		call.data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		call.data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
		call.data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
	}
	return syscall(SYS_capset, &call.header, call.data) == 0;
}

static bool drop_bound(int capability)
{
	int saved;

	if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		return true;
	saved = errno;
	if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0)
		return true;
	errno = saved;
	return false;
}

bool capability_keep_bound(uint64_t mask)
{
	for (int i = 0; i < 64; i++) {
		/* the first that the kernel does not know ends it */
		if (!(mask & UINT64_C(1) << i) && !drop_bound(i))
			return errno == EINVAL;
	}
	return true;
}

bool capability_raise_ambient(int capability)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
}

const char *capability_name(int capability)
{
	return capability < (int)G_N_ELEMENTS(names) &&
			       prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0
		       ? names[capability]
		       : NULL;
}

int capability_find(const char *name)
{
	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++) {
		if (g_ascii_strcasecmp(names[i], name) == 0)
			return i;
	}
	return -1;
}
