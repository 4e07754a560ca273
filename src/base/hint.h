/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints: why something failed, and the exact command that mends it.
 *
 * The code that meets a failure knows its condition best, so it names the row of the table; the
 * table holds the words and the stable code.  The hint becomes part of the error's message:
 *
 *     open '/dev/net/tun': Permission denied [RLC-N03]
 *       why: the device exists but only root may open it
 *       fix: sudo chmod 0666 /dev/net/tun
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	HINT_USERNS_DISABLED,	/* U01: user.max_user_namespaces is 0 or used up */
	HINT_USERNS_RESTRICTED, /* U02: an LSM or kernel.unprivileged_userns_clone forbids them */
	HINT_USERNS_KERNEL,	/* U03: the kernel was built without a namespace type */
	HINT_SUBID_MISSING,	/* U04: no range in /etc/subuid or /etc/subgid; arg: user name */
	HINT_NEWIDMAP_MISSING,	/* U05: neither newuidmap nor the shim is installed */
	HINT_NEWIDMAP_FAILED,	/* U06: newuidmap refused or lacks its privilege; arg: program */
	HINT_MAP_NOT_GRANTED, /* U07: the map asked for is not within the ranges; arg: user name */
	HINT_ID_UNMAPPED,     /* U08: the map of the container has no such id; arg: id */
	HINT_SUBID_POOL,      /* U09: the ids for root's --userns=auto are used up, or missing */
	HINT_KERNEL_CALLS,    /* U10: system calls are missing; arg: their names */
	HINT_SUBID_FEW,	      /* U11: a range is shorter than images expect; arg: user name */
	HINT_TUN_MISSING,     /* N01: /dev/net/tun does not exist */
	HINT_TUN_MODULE,      /* N02: the node exists, the driver does not */
	HINT_TUN_DENIED,      /* N03: /dev/net/tun may not be opened */
	HINT_PING_RANGE,      /* N04: net.ipv4.ping_group_range excludes the user; arg: gid */
	HINT_PORT_TAKEN,      /* N05: a port to publish is taken; arg: the port */
	HINT_PORT_PRIVILEGED, /* N06: a port to publish is below the limit; arg: the port */
	HINT_HOST_ADDRESS,    /* N07: the host has no such address; arg: it */
	HINT_NFT_MISSING,     /* N08: libnftables cannot be loaded */
	HINT_BRIDGE_ROOT,     /* N09: a bridge of the host is for root alone */
	HINT_BRIDGE_FULL,     /* N11: a bridge has as many ports as Linux allows; arg: it */
	HINT_BRIDGE_LEGACY,   /* N10: iptables-legacy drops a bridge's packets; arg: it */
	HINT_NO_NAMESERVER,   /* N12: resolv.conf names no server */
	HINT_NAMESERVER,      /* N13: the host's name server does not answer; arg: it */
	HINT_NO_IPV6,	      /* N14: the kernel has no IPv6 */
	HINT_NO_ROUTE,	      /* N15: the host has no default route */
	HINT_SLIRP_MISSING,   /* N16: libslirp cannot be loaded */
	HINT_ROOTFS_MISSING,  /* R01: the rootfs does not exist; arg: path */
	HINT_ROOTFS_OWNER,    /* R02: the owner of the rootfs has no id inside; arg: "PATH" */
	HINT_ROOTFS_SEARCH,   /* R03: a directory above the rootfs may not be searched; arg: it */
	HINT_MOUNTPOINT,      /* R04: the rootfs lacks a directory and cannot get it; arg: it */
	HINT_OVERLAY,	      /* R05: the kernel refuses an overlay here */
	HINT_ROOTFS_IDMAP, /* R07: the file system cannot be shifted into an id map; arg: "PATH" */
	HINT_FUSE_ENDED,   /* R08: fuse-overlayfs has died; arg: the container's id */
	HINT_VOLUME_IDMAP, /* M01: a mount cannot be shifted into the id map */
	HINT_PROC_MASKED,  /* R06: /proc of this host is partly covered (a container in one) */
	HINT_PAYLOAD_SCRIPT,  /* X01: the interpreter of the script does not exist; arg: it */
	HINT_PAYLOAD_ARCH,    /* X02: the program is for another processor */
	HINT_EXE_GUARD,	      /* X03: ptrace(2) is forbidden, and rlc's file needs guarding */
	HINT_KEYS_QUOTA,      /* P02: the caller has no more keys to spend */
	HINT_OPEN_FILES,      /* P03: the limit of open files is reached */
	HINT_PROCESSES,	      /* P04: the limit of processes is reached */
	HINT_PTY,	      /* T01: no pseudoterminal is to be had */
	HINT_STATE_DIR,	      /* S01: no directory for state can be used; arg: path */
	HINT_STORE_DIR,	      /* S02: no directory for images can be used; arg: path */
	HINT_DISK_FULL,	      /* S03: a file system is full */
	HINT_READ_ONLY,	      /* S04: a file system is read-only */
	HINT_DISK_QUOTA,      /* S05: the caller's quota is used up */
	HINT_STORE_OVERLAY,   /* S07: overlayfs holds no whiteouts of another; arg: the store */
	HINT_INOTIFY,	      /* S06: no inotify instance is to be had */
	HINT_IMAGE_PROGRAM,   /* I01: rlc-image is missing or can be changed by others; arg: dir */
	HINT_SECCOMP_PROGRAM, /* X04: rlc-seccomp is missing; arg: dir */
	HINT_CGROUP_V1,	      /* L01: the host has no cgroup tree of version 2 */
	HINT_CGROUP_KERNEL,   /* L02: the kernel lacks controllers; arg: them */
	HINT_CGROUP_DELEGATE, /* L03: systemd gives users fewer controllers; arg: those that lack */
	HINT_CGROUP_PLACE,    /* L04: no cgroup is ours to divide */
	HINT_SYSTEMD_USER,    /* L05: the user has no systemd of his own; arg: the user */
	HINT_SYSTEMD_LIBRARY, /* L06: libsystemd cannot be loaded */
	HINT_DEVICE_PROGRAM,  /* L07: only root guards devices by a BPF program */
	HINT_DEVICE_DENIED,   /* L08: the user may not open a device; arg: its path */
	HINT_CGROUP_NONE,     /* L09: the container was started without a cgroup */
	HINT_OOM_SCORE,	      /* L10: only root may lower the oom score */
	HINT_CGROUP_LACKS,  /* L11: a container's cgroup was made without controllers; arg: them */
	HINT_RLIMIT,	    /* P01: raising a hard limit needs CAP_SYS_RESOURCE; arg: limit */
	HINT_SELINUX_LABEL, /* M04: SELinux's policy does not have a label */
	HINT_SELINUX_TRANSITION, /* M02: it does not let us give one */
	HINT_SELINUX_FILES,	 /* M03: the root's files have other labels; arg: the label */
} Hint;

/*
 * Append the hint to the message of *error: its code to the first line, then why and fix.  arg
 * fills the places of the texts that speak of one object, in the fix as one word of a shell's; NULL
 * where the row needs none.  Keeps
 * what the message says already, and does nothing when error is NULL.  Returns false, so that a
 * failing function can end in `return hint_add(...)`.
 */
bool hint_add(GError **error, Hint hint, const char *arg);

/*
 * The hint for an error that nobody nearer to it had one for: what its errno means everywhere (no
 * space, no descriptors, no more processes …).  Does nothing to others.  Has the error a hint now?
 */
bool hint_add_common(GError **error);

/* A message and what hint_add() put behind it. NULL where there is none. */
typedef struct {
	char *cause, *code, *why, *fix;
} HintParts;

void hint_parts_clear(HintParts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HintParts, hint_parts_clear)

/* Take the first message with a hint in text apart; all of text is the cause where there is none.
 */
HintParts hint_split(const char *text);

/* The row with this code, its arguments shown as "…"; false: no such code. */
bool hint_lookup(const char *code, HintParts *ret_parts);
