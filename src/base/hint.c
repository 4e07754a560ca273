/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hint.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"
#include "base/printable.h"

#define CODE_BEGIN " [RLC-" /* behind a message */

/* In the texts, {} stands for the argument. */
static const struct {
	const char *code;
	const char *why;
	const char *fix;
	const char *part; /* of an installed rlc, which one of one static file lacks */
} hints[] = {
	[HINT_USERNS_DISABLED] =
		{"RLC-U01", "this host allows no (more) user namespaces: user.max_user_namespaces",
		 "sudo sysctl -w user.max_user_namespaces=15000"},
	[HINT_USERNS_RESTRICTED] = {"RLC-U02",
				    "this host forbids user namespaces to ordinary users (AppArmor "
				    "or a Debian sysctl)",
				    "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 "
				    "|| sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	[HINT_USERNS_KERNEL] = {"RLC-U03", "the kernel lacks one of the namespaces asked for",
				"boot a kernel with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, "
				"CONFIG_TIME_NS=y"},
	[HINT_SUBID_MISSING] =
		{"RLC-U04",
		 "user {} has no range of subordinate ids in /etc/subuid and /etc/subgid",
		 "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}"},
	[HINT_NEWIDMAP_MISSING] =
		{"RLC-U05",
		 "newuidmap and newgidmap, which may write such a map, are not installed",
		 "sudo apt-get install uidmap   (or install rlc's own shim: make install-shim)"},
	[HINT_NEWIDMAP_FAILED] =
		{"RLC-U06",
		 "{} was refused; it needs to be setuid root or to carry cap_setuid and "
		 "cap_setgid, on a file system that is not mounted nosuid",
		 "sudo apt-get install --reinstall uidmap   (rlc's own shim: rlc-newuidmap)"},
	[HINT_MAP_NOT_GRANTED] =
		{"RLC-U07",
		 "an ordinary user may map only their own id and the ranges that /etc/subuid and "
		 "/etc/subgid grant {}",
		 "grep {} /etc/subuid /etc/subgid   (and ask for ids within these ranges)"},
	[HINT_ID_UNMAPPED] =
		{
			"RLC-U08",
			"the container's id map has no id {}",
			"grep \"^$(id -un):\" /etc/subuid /etc/subgid   (the ranges that a map is "
			"made "
			"of; or choose another with --uidmap, --gidmap)",
		},
	[HINT_SUBID_POOL] =
		{"RLC-U09",
		 "root's --userns=auto takes 65536 ids for each container from the subordinate ids "
		 "of the user 'containers', or else of root",
		 "echo containers:2147483648:1073741824 | sudo tee -a /etc/subuid /etc/subgid"},
	[HINT_KERNEL_CALLS] =
		{"RLC-U10",
		 "this kernel is older than Linux 5.14, or a filter around this process (another "
		 "container's) takes these away: {}",
		 "boot a newer kernel, or start the outer container with --security-opt "
		 "seccomp=unconfined"},
	[HINT_SUBID_FEW] =
		{"RLC-U11",
		 "images have files and users with ids up to 65535, and the ranges of user {} are "
		 "shorter",
		 "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}"},
	[HINT_TUN_MISSING] =
		{"RLC-N01", "the device of the tun driver does not exist, so no tap can be made",
		 "sudo modprobe tun && sudo mkdir -p /dev/net && "
		 "sudo mknod -m 0666 /dev/net/tun c 10 200   (or run with --network none)"},
	[HINT_TUN_MODULE] = {"RLC-N02",
			     "the device node exists, but the kernel has no tun driver loaded",
			     "sudo modprobe tun   (or run with --network none)"},
	[HINT_TUN_DENIED] = {"RLC-N03",
			     "the device exists, but its mode does not let this user open it",
			     "sudo chmod 0666 /dev/net/tun   (or run with --network none)"},
	[HINT_PING_RANGE] =
		{"RLC-N04",
		 "net.ipv4.ping_group_range does not include group {}, so this host forbids its "
		 "users to ping",
		 "sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""},
	[HINT_PORT_TAKEN] = {"RLC-N05",
			     "another program of this host, or a container, has the port",
			     "sudo ss -Hlntup 'sport = :{}'   (shows who; or publish another: -p "
			     "HOSTPORT:PORT)"},
	[HINT_PORT_PRIVILEGED] =
		{"RLC-N06",
		 "this host keeps ports below net.ipv4.ip_unprivileged_port_start to root",
		 "sudo sysctl -w net.ipv4.ip_unprivileged_port_start={}   (or publish a higher "
		 "port)"},
	[HINT_HOST_ADDRESS] = {"RLC-N07", "no interface of this host has the address {}",
			       "ip address   (lists the addresses; or leave it out: all of them)"},
	[HINT_NFT_MISSING] =
		{"RLC-N08", "ports of a bridge, and a bridge of rlc's own, need rules of nftables",
		 "sudo apt-get install libnftables1", "libnftables"},
	[HINT_BRIDGE_ROOT] = {"RLC-N09", "only root may put a container on a bridge of this host",
			      "run as root, or with --network slirp, which every user may"},
	[HINT_BRIDGE_FULL] =
		{"RLC-N11",
		 "a bridge of Linux has 1,023 ports at most, and those of {} are all in use",
		 "ls /sys/class/net/{}/brif   (shows them; another bridge: rlc run --network "
		 "bridge:NAME)"},
	[HINT_BRIDGE_LEGACY] = {"RLC-N10",
				"the FORWARD chain of iptables-legacy drops what no rule accepts, "
				"and rlc does not "
				"change that firewall",
				"sudo iptables-legacy -I FORWARD -i {} -j ACCEPT && "
				"sudo iptables-legacy -I FORWARD -o {} -j ACCEPT"},
	[HINT_NO_NAMESERVER] =
		{"RLC-N12",
		 "/etc/resolv.conf of this host names no server, so names cannot be resolved in a "
		 "container either",
		 "echo nameserver ADDRESS | sudo tee -a /etc/resolv.conf   (or run with --dns "
		 "ADDRESS)"},
	[HINT_NAMESERVER] =
		{"RLC-N13",
		 "no answer came from {}, which /etc/resolv.conf of this host names first",
		 "see that it can be reached from the host; or run with --dns ADDRESS"},
	[HINT_NO_IPV6] = {"RLC-N14", "this kernel has no IPv6, or it is switched off",
			  "boot without ipv6.disable=1   (containers have IPv4 alone until then)"},
	[HINT_NO_ROUTE] = {"RLC-N15", "this host has no default route",
			   "ip route   (shows the routes; containers reach what the host reaches)"},
	[HINT_SLIRP_MISSING] = {"RLC-N16", "the user-mode network is libslirp's",
				"sudo apt-get install libslirp0   (or run with --network none)",
				"libslirp"},
	[HINT_ROOTFS_MISSING] =
		{"RLC-R01",
		 "a rootfs is a directory that holds a system's files (bin, etc, usr, ...)",
		 "mkdir -p {} && rlc unshare tar -x -C {} --exclude=./dev/* -f ROOTFS.tar   "
		 "(or run without --rootfs: builtin:busybox)"},
	[HINT_ROOTFS_OWNER] =
		{"RLC-R02",
		 "the owner of {} has no id inside the container, so root inside may not write "
		 "there",
		 "unpack it in your own id map: rlc unshare tar -x -C {} --exclude=./dev/* -f "
		 "ROOTFS.tar   "
		 "(or only read it: --read-only)"},
	[HINT_ROOTFS_SEARCH] = {"RLC-R03", "{} may not be searched by the ids of this container",
				"chmod a+x {}"},
	[HINT_MOUNTPOINT] = {"RLC-R04", "the rootfs has no {} to mount on and cannot be given one",
			     "create {} in the rootfs, or let an overlay do it: --rootfs DIR:O"},
	[HINT_OVERLAY] = {"RLC-R05",
			  "the kernel refuses an overlay over this directory (Linux 5.11 or later "
			  "is needed, "
			  "and a file system that overlays may lie on)",
			  "run without the overlay: --rootfs {}"},
	[HINT_ROOTFS_IDMAP] =
		{"RLC-R07",
		 "the files below {} belong to the host's root, and their file system (or one "
		 "mounted below) cannot shift owners into an id map on this kernel",
		 "run without --userns, or from a copy on ext4, xfs, btrfs or (since Linux 6.3) "
		 "tmpfs: cp -a {} /var/tmp/rootfs   "
		 "(of an image: RLC_STORE=/var/tmp/store rlc pull IMAGE)"},
	[HINT_FUSE_ENDED] =
		{"RLC-R08",
		 "it served the root of container {}, whose files are out of reach now: "
		 "\"Transport endpoint is not connected\". The kernel kills it when memory runs "
		 "out",
		 "rlc stop {}; sudo dmesg | grep fuse-overlayfs   (shows if memory ran out; then "
		 "run it again)"},
	[HINT_VOLUME_IDMAP] =
		{"RLC-M01",
		 "the kernel shifts the owners of a mount only for root of the host, with a user "
		 "namespace to shift them into, and only where the file system can do it",
		 "leave idmap out, and give the files to the container's user instead: -v "
		 "SOURCE:PATH:U"},
	[HINT_PROC_MASKED] = {"RLC-R06",
			      "parts of /proc are covered here, as inside another container, and "
			      "the kernel then "
			      "refuses a new /proc in a user namespace",
			      "start the outer container with an open /proc: "
			      "--security-opt unmask=ALL (podman), --security-opt "
			      "systempaths=unconfined (docker)"},
	[HINT_PAYLOAD_SCRIPT] =
		{"RLC-X01", "the script names the interpreter {}, which the rootfs lacks",
		 "install {} in the rootfs, or start the script by another: rlc run … sh SCRIPT"},
	[HINT_PAYLOAD_ARCH] =
		{"RLC-X02",
		 "the file is no program for this machine's processor, nor a script with #!",
		 "file {}   (and take the rootfs of this architecture, or install "
		 "qemu-user-static)"},
	[HINT_EXE_GUARD] =
		{"RLC-X03",
		 "the payload could write rlc's own file, and this host forbids the ptrace(2) by "
		 "which rlc keeps it from that",
		 "sudo chattr +i \"$(command -v rlc)\"   (or an rlc that belongs to root, for an "
		 "ordinary user)"},
	[HINT_KEYS_QUOTA] = {"RLC-P02",
			     "each container has a session keyring of its own, and your quota of "
			     "keys is used up (see keyrings(7))",
			     "sudo sysctl kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000"},
	[HINT_OPEN_FILES] = {"RLC-P03", "this process may not have more files open: ulimit -n",
			     "ulimit -n \"$(ulimit -Hn)\""},
	[HINT_PROCESSES] =
		{"RLC-P04",
		 "this user, the user's cgroup or the machine has as many processes as allowed",
		 "ulimit -u \"$(ulimit -Hu)\"; systemctl show -p TasksMax user-$(id -u).slice"},
	[HINT_PTY] = {"RLC-T01", "the kernel gave no pseudoterminal for --tty",
		      "sudo sysctl -w kernel.pty.max=4096   (or run without --tty)"},
	[HINT_STORE_DIR] =
		{"RLC-S02",
		 "{} cannot hold images: it must be a directory that is yours, closed to others "
		 "(mode 0700) and writable",
		 "export RLC_STORE=DIR   (or pass --store DIR)"},
	[HINT_DISK_FULL] = {"RLC-S03",
			    "the file system that it lies on is full, or has no inode left",
			    "df -h; df -i; rlc image prune"},
	[HINT_READ_ONLY] = {"RLC-S04", "the file system that it lies on is mounted read-only",
			    "choose other places: rlc --root DIR --store DIR"},
	[HINT_DISK_QUOTA] = {"RLC-S05", "your quota on that file system is used up",
			     "quota; rlc image prune"},
	[HINT_STORE_OVERLAY] =
		{"RLC-S07",
		 "{} lies on an overlay, as the files of a container do, and an overlay cannot "
		 "hold "
		 "the marks of deleted files that images have",
		 "export RLC_STORE=DIR   (DIR on another file system: a volume of the outer "
		 "container, a tmpfs)"},
	[HINT_INOTIFY] = {"RLC-S06",
			  "all of your inotify instances are in use: fs.inotify.max_user_instances",
			  "sudo sysctl -w fs.inotify.max_user_instances=1024"},
	[HINT_STATE_DIR] =
		{"RLC-S01",
		 "{} cannot hold the state of containers: it must be a directory that is yours, "
		 "closed to others (mode 0700) and writable",
		 "rlc --root \"$(mktemp -d)\" …   (or, as an ordinary user, export "
		 "XDG_RUNTIME_DIR=DIR)"},
	[HINT_IMAGE_PROGRAM] =
		{"RLC-I01",
		 "rlc-image, which fetches and unpacks images, is neither in {} nor where rlc was "
		 "built, or others may change it",
		 "sudo make install   (and see that only root may write to {})", "rlc-image"},
	[HINT_SECCOMP_PROGRAM] =
		{"RLC-X04",
		 "rlc-seccomp, which reads profiles, is neither in {} nor where rlc was built, or "
		 "others may change it",
		 "sudo make install   (or run with --security-opt seccomp=unconfined)",
		 "rlc-seccomp"},
	[HINT_CGROUP_V1] =
		{"RLC-L01",
		 "limits are kept by cgroups of version 2, and this host was started with those of "
		 "version 1",
		 "add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot"},
	[HINT_CGROUP_KERNEL] = {"RLC-L02",
				"this kernel has no such controller, or was started without it: {}",
				"add cgroup_enable=memory to the kernel's command line and reboot "
				"(or another kernel)"},
	[HINT_CGROUP_DELEGATE] =
		{"RLC-L03", "systemd gives users only some of the controllers, and not {}",
		 "sudo mkdir -p /etc/systemd/system/user@.service.d && printf "
		 "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo tee "
		 "/etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl "
		 "daemon-reload"},
	[HINT_CGROUP_PLACE] =
		{"RLC-L04",
		 "limits need a cgroup that this user may divide: their own, with the controllers, "
		 "and without processes of others in it",
		 "systemd-run --user --scope -p Delegate=yes rlc run …   (or name one: "
		 "--cgroup-parent PATH)"},
	[HINT_SYSTEMD_USER] =
		{"RLC-L05",
		 "user {} has no systemd of their own: who logs in gets one (not with su or "
		 "sudo), and who lingers has one",
		 "sudo loginctl enable-linger {} && export XDG_RUNTIME_DIR=/run/user/$(id -u)"},
	[HINT_SYSTEMD_LIBRARY] = {"RLC-L06", "rlc asks systemd for the cgroup by libsystemd",
				  "sudo apt-get install libsystemd0", "libsystemd"},
	[HINT_DEVICE_PROGRAM] =
		{"RLC-L07",
		 "which devices may be used, and how, is guarded by a BPF program on the "
		 "container's cgroup, for which one must be root (and the kernel have "
		 "CONFIG_CGROUP_BPF)",
		 "run as root, or give the device without a restriction: --device PATH"},
	[HINT_DEVICE_DENIED] =
		{"RLC-L08",
		 "the mode of {} does not let this user open it, or only by a group that has no id "
		 "inside",
		 "sudo setfacl -m u:$(id -un):rw {}"},
	[HINT_CGROUP_NONE] =
		{"RLC-L09",
		 "only a cgroup can stop all processes at one point; a container in the foreground "
		 "gets one if it is asked for or has a limit, a detached one where this host lets "
		 "this user have one",
		 "start it with --cgroups=enabled   (which says what is missing, if something is)"},
	[HINT_OOM_SCORE] =
		{"RLC-L10",
		 "only root (CAP_SYS_RESOURCE) may make a process less likely to be killed than "
		 "its caller is",
		 "cat /proc/self/oom_score_adj   (and ask for no less: --oom-score-adj)"},
	[HINT_CGROUP_LACKS] =
		{"RLC-L11",
		 "the cgroup got its controllers when it was made, and {} not, for nobody asked or "
		 "this host has none for this user",
		 "start the container anew with the limit, which says what is missing, if "
		 "something is"},
	[HINT_RLIMIT] = {"RLC-P01", "only CAP_SYS_RESOURCE may raise a hard limit",
			 "ulimit -H -a   (and ask for no more than that: --ulimit {})"},
	[HINT_SELINUX_LABEL] =
		{"RLC-M04",
		 "a label is made of what SELinux's policy has: user, role, type and level",
		 "sudo semodule -i " RLC_DATADIR "/selinux/rlc.cil   (rlc's own types; or else the "
		 "host's package for containers: container-selinux)"},
	[HINT_SELINUX_TRANSITION] = {"RLC-M02",
				     "SELinux's policy says who may start what under which label",
				     "sudo semodule -i " RLC_DATADIR
				     "/selinux/rlc.cil   (which allows it to unconfined "
				     "users; then --security-opt label=enable)"},
	[HINT_SELINUX_FILES] =
		{"RLC-M03", "SELinux lets the payload run files with its container's label only",
		 "sudo chcon -R {} DIRECTORY   (the rootfs's; or an overlay that gives it to them: "
		 "--rootfs DIRECTORY:O)"},
};

static char *hint_fill(const char *text, const char *arg)
{
	g_auto(GStrv) parts = g_strsplit(text, "{}", -1);

	return g_strjoinv(arg ? arg : "", parts);
}

/* The fix is pasted into a shell, which is to take the argument for one word. */
static char *shell_word(const char *arg)
{
	bool plain =
		arg[0] && !arg[strspn(arg, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_./:=,@+-")];

	return plain ? g_strdup(arg) : g_shell_quote(arg);
}

bool hint_add(GError **error, Hint hint, const char *arg)
{
	g_autofree char *why = NULL, *fix = NULL, *old = NULL;
	g_autofree char *shown = arg ? printable_copy(arg, "") : NULL;
	g_autofree char *word = shown ? shell_word(shown) : NULL;
	const char *part = library_is_static ? hints[hint].part : NULL;

	if (!error || !*error)
		return false;
	why = part ? hint_fill("this rlc is a single static file, which has no {}", part)
		   : hint_fill(hints[hint].why, shown);
	fix = hint_fill(part ? "use an installed rlc for it: of a package, or of make install"
			     : hints[hint].fix,
			word);
	old = (*error)->message;
	(*error)->message =
		g_strdup_printf("%s [%s]\n  why: %s\n  fix: %s", old, hints[hint].code, why, fix);
	return false;
}

bool hint_add_common(GError **error)
{
	static const struct {
		int errno_value;
		Hint hint;
	} common[] = {
		{EMFILE, HINT_OPEN_FILES}, {ENFILE, HINT_OPEN_FILES},	{ENOSPC, HINT_DISK_FULL},
		{EDQUOT, HINT_DISK_QUOTA}, {ENOSYS, HINT_KERNEL_CALLS}, {EAGAIN, HINT_PROCESSES},
		{EROFS, HINT_READ_ONLY},
	};

	if (!error || !*error)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(common) && !strstr((*error)->message, CODE_BEGIN);
	     i++) {
		if (error_is_errno(*error, common[i].errno_value))
			hint_add(error, common[i].hint, "the one that failed here");
	}
	return strstr((*error)->message, CODE_BEGIN) != NULL;
}

void hint_parts_clear(HintParts *parts)
{
	g_clear_pointer(&parts->cause, g_free);
	g_clear_pointer(&parts->code, g_free);
	g_clear_pointer(&parts->why, g_free);
	g_clear_pointer(&parts->fix, g_free);
}

/* What is between begin and end in text, or its rest; *text is behind it then. NULL: no begin. */
static char *between(const char **text, const char *begin, const char *end)
{
	const char *from = strstr(*text, begin), *to;

	if (!from)
		return NULL;
	from += strlen(begin);
	to = strstr(from, end);
	to = to ? to : from + strlen(from);
	*text = to;
	return g_strndup(from, (gsize)(to - from));
}

HintParts hint_split(const char *text)
{
	const char *code = strstr(text, CODE_BEGIN), *line = code, *rest = code;
	HintParts parts = {0};

	if (!code) {
		parts.cause = g_strdup(text);
		return parts;
	}
	while (line > text && line[-1] != '\n')
		line--;
	parts.cause = g_strndup(line, (gsize)(code - line));
	parts.code = between(&rest, " [", "]");
	parts.why = between(&rest, "why: ", "\n");
	parts.fix = between(&rest, "fix: ", "\n");
	return parts;
}

bool hint_lookup(const char *code, HintParts *ret_parts)
{
	for (size_t i = 0; i < G_N_ELEMENTS(hints); i++) {
		if (g_ascii_strcasecmp(hints[i].code, code) != 0)
			continue;
		*ret_parts = (HintParts){
			.code = g_strdup(hints[i].code),
			.why = hint_fill(hints[i].why, "\342\200\246"),
			.fix = hint_fill(hints[i].fix, "\342\200\246"),
		};
		return true;
	}
	return false;
}
