/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: the three files lie on a small tmpfs, and each is bound over the image's own
 * file of that name.  A file can only be bound from a mount of this mount namespace, so the tmpfs
 * is attached somewhere: on a directory of the host's /proc that no step after this one looks at.
 * The pivot takes it away with everything else of the host's; an umount of its own would cost more
 * than all the rest of this file (the kernel waits until no processor can be looking at the mount).
 * The bound files keep the tmpfs alive.
 */
#include "feature/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/sync.h"
#include "kernel/mount.h"

#define HOSTNAME_MAX   64 /* __NEW_UTS_LEN */
#define LABEL_MAX      63
#define SHORT_ID       12
#define HOSTS_FILE_MAX (1 << 20)
#define STAGE	       "/proc/tty"

static bool check_label(const char *label, GError **error)
{
	size_t length = strlen(label);

	if (length == 0 || length > LABEL_MAX)
		return error_set(error, RLC_ERROR_USAGE,
				 "a part between dots is empty or longer than %d", LABEL_MAX);
	if (*label == '-' || label[length - 1] == '-')
		return error_set(error, RLC_ERROR_USAGE, "'%s' starts or ends with '-'", label);
	return true;
}

bool names_check_hostname(const char *name, GError **error)
{
	g_auto(GStrv) labels = g_strsplit(*name ? name : ".", ".", -1);

	if (strlen(name) > HOSTNAME_MAX)
		return error_set(error, RLC_ERROR_USAGE, "longer than %d", HOSTNAME_MAX);
	for (const char *c = name; *c; c++) {
		if (!g_ascii_isalnum(*c) && *c != '-' && *c != '.')
			return error_set(error, RLC_ERROR_USAGE,
					 "column %d: a hostname has letters, digits, '-' and '.'",
					 (int)(c - name) + 1);
	}
	for (char **label = labels; *label; label++) {
		if (!check_label(*label, error))
			return false;
	}
	return true;
}

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

bool names_check_host(const char *text, char **ret_name, char **ret_address, GError **error)
{
	size_t length = strcspn(text, ":="); /* docker writes both */
	g_autofree char *name = g_strndup(text, length);
	const char *address = text[length] ? text + length + 1 : "";

	for (const char *c = name; *c; c++) {
		if (g_ascii_isspace(*c) || g_ascii_iscntrl(*c) || *c == '#')
			return error_set(error, RLC_ERROR_USAGE,
					 "column %d: no character of a host's name",
					 (int)(c - name) + 1);
	}
	if (!*name || !text[length])
		return error_set(error, RLC_ERROR_USAGE, "not of the form NAME:ADDRESS");
	if (strcmp(address, "host-gateway") != 0 && !is_address(address))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not an IPv4 or IPv6 address",
				 address);
	if (ret_name)
		*ret_name = g_steal_pointer(&name);
	if (ret_address)
		*ret_address = g_strdup(address);
	return true;
}

static char *address_text(int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	return g_strdup(inet_ntop(family, address, text, sizeof text));
}

/* By its own hostname the container finds itself. */
static void add_own_lines(const Plan *plan, GString *hosts)
{
	g_autofree char *address = address_text(AF_INET, &plan->net.address);
	g_autofree char *address6 = address_text(AF_INET6, &plan->net.address6);
	bool slirp = plan->net.mode == NET_SLIRP;

	if (plan->net.mode == NET_BRIDGE)
		return; /* its address is not known yet: the supervisor adds the line */
	g_string_append_printf(hosts, "%s\t%s\n", slirp ? address : "127.0.1.1",
			       plan->names.hostname);
	if (slirp && plan->net.ipv6)
		g_string_append_printf(hosts, "%s\t%s\n", address6, plan->names.hostname);
}

/* Where "host-gateway" leads: the address by which the host is reached, if it is. */
static char *host_gateway(const Plan *plan, GError **error)
{
	if (plan->net.mode == NET_SLIRP)
		return address_text(AF_INET, &plan->net.gateway);
	if (plan->net.mode == NET_HOST)
		return g_strdup("127.0.0.1");
	if (plan->net.mode == NET_BRIDGE)
		return g_strdup("host-gateway"); /* the supervisor fills it in */
	error_set(error, RLC_ERROR_USAGE,
		  "resolve 'host-gateway': there is no gateway without a network");
	return NULL;
}

static bool add_asked_lines(const Plan *plan, GString *hosts, GError **error)
{
	const GPtrArray *asked = plan->spec->rlc.network.add_hosts;

	for (guint i = 0; i < asked->len; i++) {
		g_autofree char *name = NULL, *address = NULL;

		if (!names_check_host(g_ptr_array_index(asked, i), &name, &address, error))
			return false;
		if (strcmp(address, "host-gateway") == 0) {
			g_free(address);
			address = host_gateway(plan, error);
			if (!address)
				return false;
		}
		g_string_append_printf(hosts, "%s\t%s\n", address, name);
	}
	return true;
}

/* On the host's network the host's own names hold; elsewhere the usual few. */
static void add_common_lines(const Plan *plan, GString *hosts)
{
	g_autofree char *text = NULL;

	if (plan->net.mode == NET_HOST)
		text = fd_read_file(AT_FDCWD, "/etc/hosts", HOSTS_FILE_MAX, NULL);
	g_string_append(hosts, text ? text
				    : "127.0.0.1\tlocalhost\n"
				      "::1\tlocalhost ip6-localhost ip6-loopback\n"
				      "fe00::\tip6-localnet\n"
				      "ff00::\tip6-mcastprefix\n"
				      "ff02::1\tip6-allnodes\n"
				      "ff02::2\tip6-allrouters\n");
	if (hosts->len > 0 && hosts->str[hosts->len - 1] != '\n')
		g_string_append_c(hosts, '\n');
}

/* On the host's network the container is called like the host, unless it was given a name. */
static char *choose_hostname(const Spec *spec, const Plan *plan)
{
	char host[HOSTNAME_MAX + 1] = "";

	if (spec->hostname)
		return g_strdup(spec->hostname);
	if (plan->join && plan->join->hostname)
		return g_strdup(plan->join->hostname);
	if ((plan->net.mode == NET_HOST || !(plan->clone_flags & CLONE_NEWUTS)) &&
	    gethostname(host, sizeof host - 1) == 0 && *host)
		return g_strdup(host);
	return g_strndup(plan->id, SHORT_ID);
}

bool names_plan(const Spec *spec, Plan *plan, GError **error)
{
	g_autoptr(GString) hosts = g_string_new(NULL);

	if (spec->hostname && !names_check_hostname(spec->hostname, error)) {
		error_prefix(error, "use hostname '%s': ", spec->hostname);
		return false;
	}
	if (spec->hostname && !(plan->clone_flags & CLONE_NEWUTS))
		return error_set(error, RLC_ERROR_USAGE,
				 "use hostname '%s': with --uts it is the other's", spec->hostname);
	plan->names.hostname = choose_hostname(spec, plan);
	add_common_lines(plan, hosts);
	add_own_lines(plan, hosts);
	if (!add_asked_lines(plan, hosts, error))
		return false;
	plan->names.hosts = g_string_free(g_steal_pointer(&hosts), FALSE);
	return true;
}

static bool write_file(int tmpfs, const char *name, const char *text, GError **error)
{
	auto_fd fd = openat(tmpfs, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_errno(error, errno, "make '%s'", name);
	if (fchmod(fd, 0644) < 0 || !fd_write_all(fd, text, strlen(text)))
		return error_errno(error, errno, "write '%s'", name);
	return true;
}

/*
 * Where a link that leads nowhere would lead, as a path of the root: systemd's images have
 * /etc/resolv.conf point into /run, which is empty before the container runs.  NULL: no link.
 */
static char *link_destination(int root, const char *name)
{
	auto_fd etc = mount_open(root, "/etc", MOUNT_FOLLOW, NULL);
	char link[PATH_MAX];
	ssize_t n = etc < 0 ? -1 : readlinkat(etc, name, link, sizeof link - 1);

	if (n <= 0)
		return NULL;
	link[n] = '\0';
	return g_canonicalize_filename(link, "/etc");
}

/* The image's file, made where it is missing. -1 where that cannot be, too. */
static int open_file(int root, const char *name, GError **error)
{
	g_autofree char *path = g_strconcat("/etc/", name, NULL);
	g_autofree char *destination = NULL;
	int target = mount_open_target(root, path, false, MOUNT_FOLLOW, error);

	if (target < 0)
		destination = link_destination(root, name);
	if (destination) {
		g_clear_error(error);
		target = mount_open_target(root, destination, false, MOUNT_FOLLOW, error);
	}
	return target;
}

/* An image that has no such file and cannot be given one goes without. */
static bool bind_file(int tmpfs, int root, const char *name, GError **error)
{
	g_autofree char *path = g_strconcat("/etc/", name, NULL);
	g_autoptr(GError) missing = NULL;
	auto_fd mount = -1, target = -1;

	target = open_file(root, name, &missing);
	if (target < 0) {
		log_debug("names: leave out '%s': %s", path, missing->message);
		return true;
	}
	mount = mount_clone(tmpfs, name, false, error);
	return mount >= 0 && mount_attach(mount, target, path, error);
}

static bool provide_file(int tmpfs, int root, const char *name, const char *text, GError **error)
{
	return !text ||
	       (write_file(tmpfs, name, text, error) && bind_file(tmpfs, root, name, error));
}

static bool provide_files(const Plan *plan, int tmpfs, int root, GError **error)
{
	g_autofree char *hostname = g_strconcat(plan->names.hostname, "\n", NULL);

	return provide_file(tmpfs, root, "hostname", hostname, error) &&
	       provide_file(tmpfs, root, "hosts", plan->names.hosts, error) &&
	       provide_file(tmpfs, root, "resolv.conf", plan->net.resolv_conf, error);
}

/* A tmpfs in this mount namespace, out of sight. Descriptor or -1. */
static int make_stage(GError **error)
{
	auto_fd where = open(STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd tmpfs = -1;

	if (where < 0) {
		error_errno(error, errno, "open '%s'", STAGE);
		return -1;
	}
	tmpfs = mount_new("tmpfs", "mode=0755,size=2m,nr_inodes=16",
			  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
	if (tmpfs < 0 || !mount_attach(tmpfs, where, STAGE, error))
		return -1;
	return fd_steal(&tmpfs);
}

static bool set_hostname(const Plan *plan, GError **error)
{
	if (!(plan->clone_flags & CLONE_NEWUTS))
		return true;
	if (sethostname(plan->names.hostname, strlen(plan->names.hostname)) < 0)
		return error_errno(error, errno, "set hostname '%s'", plan->names.hostname);
	return true;
}

/* On a bridge the supervisor writes the names of others into the file, as they come and go. */
static bool send_hosts(Container *container, int tmpfs, GError **error)
{
	auto_fd hosts = -1;

	if (container->plan->net.mode != NET_BRIDGE)
		return true;
	hosts = openat(tmpfs, "hosts", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (hosts < 0)
		return error_errno(error, errno, "open 'hosts'");
	return sync_send(container->sync, SYNC_HOSTS, hosts, error);
}

bool names_child(Container *container, GError **error)
{
	auto_fd tmpfs = -1;

	if (!set_hostname(container->plan, error))
		return false;
	tmpfs = make_stage(error);
	return tmpfs >= 0 && provide_files(container->plan, tmpfs, container->root, error) &&
	       send_hosts(container, tmpfs, error);
}

bool names_child_oci(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;

	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return error_errno(error, errno, "set hostname '%s'", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return error_errno(error, errno, "set domainname '%s'", spec->domainname);
	return true;
}

static void explain_file(const char *name, const char *text, GString *script)
{
	if (!text)
		return;
	g_string_append_printf(script,
			       "cat >\"$names/%s\" <<'END_OF_FILE'\n%s%sEND_OF_FILE\n"
			       "[ -e \"$root/etc/%s\" ] || : >\"$root/etc/%s\"\n"
			       "mount --bind \"$names/%s\" \"$root/etc/%s\"\n",
			       name, text, g_str_has_suffix(text, "\n") || !*text ? "" : "\n", name,
			       name, name, name);
}

void names_explain(const Plan *plan, GString *script)
{
	g_string_append(script, "# sethostname, in the new UTS namespace\n");
	if (plan->clone_flags & CLONE_NEWUTS)
		g_string_append_printf(script, "hostname %s\n", plan->names.hostname);
	g_string_append(
		script,
		"# fsopen(\"tmpfs\"), open_tree, move_mount: files of our own over the image's\n"
		"names=$(mktemp -d)\n"
		"mount -t tmpfs -o nosuid,nodev,noexec,mode=0755 tmpfs \"$names\"\n"
		"mkdir -p \"$root/etc\"\n");
	explain_file("hostname", plan->names.hostname, script);
	explain_file("hosts", plan->names.hosts, script);
	explain_file("resolv.conf", plan->net.resolv_conf, script);
	g_string_append(script, "umount -l \"$names\" && rmdir \"$names\"\n");
}
