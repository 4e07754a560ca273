/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel floor: paths that stay inside a root, namespaces, rtnetlink, the pivot.  What needs
 * privilege runs in a user namespace of its own, as any user may make one.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/landlock.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"
#include "kernel/netlink.h"
#include "kernel/nlmsg.h"

/* ---------------------------------------------------------------- paths inside a root */

typedef struct {
	char *outside; /* a directory that nothing may touch */
	char *path;    /* the root, in it */
	int root;
} Root;

static void root_link(const Root *root, const char *target, const char *name)
{
	g_assert_cmpint(symlinkat(target, root->root, name), ==, 0);
}

static void root_open(Root *root, gconstpointer data)
{
	(void)data;
	root->outside = g_dir_make_tmp("rlct-unit-XXXXXX", NULL);
	root->path = g_build_filename(root->outside, "root", NULL);
	g_assert_cmpint(mkdir(root->path, 0755), ==, 0);
	root->root = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(root->root, >=, 0);
	g_assert_cmpint(mkdirat(root->root, "etc", 0755), ==, 0);
	root_link(root, "../../../../../../..", "up");
	root_link(root, "/etc", "absolute");
	root_link(root, "loop", "loop");
	root_link(root, "/proc/self/root", "magic");
}

static void root_close(Root *root, gconstpointer data)
{
	const char *argv[] = {"rm", "-rf", root->outside, NULL};

	(void)data;
	close(root->root);
	g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
				   NULL, NULL, NULL));
	g_free(root->outside);
	g_free(root->path);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void test_open_stays_inside(Root *root, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	auto_fd up = mount_open(root->root, "/up", MOUNT_FOLLOW, &error);
	auto_fd dots = mount_open(root->root, "/../../..", MOUNT_FOLLOW, &error);
	auto_fd absolute = mount_open(root->root, "/absolute", MOUNT_FOLLOW, &error);
	auto_fd etc = openat(root->root, "etc", O_PATH | O_CLOEXEC);

	(void)data;
	g_assert_no_error(error);
	g_assert_true(same_file(up, root->root));
	g_assert_true(same_file(dots, root->root));
	g_assert_true(same_file(absolute, etc));
}

static void test_open_refuses_links(Root *root, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_cmpint(mount_open(root->root, "/absolute", MOUNT_NO_SYMLINKS, &error), ==, -1);
	g_assert_error(error, RLC_ERRNO, ELOOP);
	g_clear_error(&error);
	g_assert_cmpint(mount_open(root->root, "/up/etc", MOUNT_NO_SYMLINKS, &error), ==, -1);
	g_assert_error(error, RLC_ERRNO, ELOOP);
	g_clear_error(&error);
	g_assert_cmpint(mount_open(root->root, "/loop", MOUNT_FOLLOW, &error), ==, -1);
	g_assert_error(error, RLC_ERRNO, ELOOP);
	g_clear_error(&error);
	g_assert_cmpint(mount_open(root->root, "/nothing", MOUNT_FOLLOW, &error), ==, -1);
	g_assert_error(error, RLC_ERRNO, ENOENT);
}

static void test_target_is_made_inside(Root *root, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	auto_fd dir = mount_open_target(root->root, "/up/a/b/c", true, MOUNT_FOLLOW, &error);
	auto_fd file = mount_open_target(root->root, "/absolute/file", false, MOUNT_FOLLOW, &error);
	g_autofree char *escaped = g_build_filename(root->outside, "a", NULL);
	struct stat st;

	(void)data;
	g_assert_no_error(error);
	g_assert_cmpint(fstatat(root->root, "a/b/c", &st, 0), ==, 0);
	g_assert_true(S_ISDIR(st.st_mode));
	g_assert_cmpint(fstatat(root->root, "etc/file", &st, 0), ==, 0);
	g_assert_true(S_ISREG(st.st_mode));
	g_assert_false(g_file_test(escaped, G_FILE_TEST_EXISTS));
}

static void test_target_twice(Root *root, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	auto_fd first = mount_open_target(root->root, "/x/y", true, MOUNT_FOLLOW, &error);
	auto_fd again = mount_open_target(root->root, "/x/y", true, MOUNT_FOLLOW, &error);

	(void)data;
	g_assert_no_error(error);
	g_assert_true(same_file(first, again));
}

/* ---------------------------------------------------------------- namespaces */

static void test_flags_text(void)
{
	g_autofree char *text = namespace_flags_text(CLONE_NEWUSER | CLONE_NEWPID);
	g_autofree char *options = namespace_unshare_options(CLONE_NEWNS | CLONE_NEWNET);

	g_assert_nonnull(strstr(text, "CLONE_NEWUSER"));
	g_assert_nonnull(strstr(text, "CLONE_NEWPID"));
	g_assert_null(strstr(text, "CLONE_NEWNET"));
	g_assert_nonnull(strstr(options, " --mount"));
	g_assert_nonnull(strstr(options, " --net"));
	g_assert_null(strstr(options, "--user"));
}

typedef bool (*Inside)(GError **error);

/* init: the caller's ids become 0, as in the container of a user without subordinate ids. */
static bool become_root(uid_t uid, gid_t gid, GError **error)
{
	g_autofree char *uids = g_strdup_printf("0 %u 1", uid);
	g_autofree char *gids = g_strdup_printf("0 %u 1", gid);

	return fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny", error) &&
	       fd_write_file(AT_FDCWD, "/proc/self/uid_map", uids, error) &&
	       fd_write_file(AT_FDCWD, "/proc/self/gid_map", gids, error);
}

/* Run a function in new namespaces as root of the user namespace; its result. */
static bool run_inside(uint64_t flags, Inside inside)
{
	g_autoptr(GError) error = NULL;
	auto_fd pidfd = -1;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int status = -1;
	pid_t pid = namespace_clone(flags | CLONE_NEWUSER, &pidfd, &error);

	if (pid == 0) {
		if (!become_root(uid, gid, &error) || !inside(&error)) {
			fprintf(stderr, "# inside: %s\n", error ? error->message : "false");
			_exit(1);
		}
		_exit(0);
	}
	g_assert_no_error(error);
	g_assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return status == 0;
}

static bool inside_is_first(GError **error)
{
	return getpid() == 1 || error_set(error, RLC_ERROR_FAILED, "pid is %d", getpid());
}

static void test_clone(void)
{
	g_assert_true(run_inside(CLONE_NEWPID, inside_is_first));
}

/* ---------------------------------------------------------------- rtnetlink */

/* Does lo have this address, and is it up? */
static bool lo_has(int family, const void *address, size_t offset, size_t length, GError **error)
{
	struct ifaddrs *all, *at;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return error_errno(error, errno, "getifaddrs");
	for (at = all; at; at = at->ifa_next)
		found |= at->ifa_addr && at->ifa_addr->sa_family == family &&
			 (at->ifa_flags & IFF_UP) &&
			 memcmp((char *)at->ifa_addr + offset, address, length) == 0;
	freeifaddrs(all);
	return found || error_set(error, RLC_ERROR_FAILED, "no such address");
}

static bool inside_has_network(GError **error)
{
	g_autoptr(Netlink) netlink = netlink_open(error);
	struct in_addr four = {htonl(0x0a090807)}, gateway = {htonl(0x0a090801)};
	struct in6_addr six = {{{0xfd, 0, 1, [15] = 9}}};
	g_autoptr(GError) refused = NULL;

	if (!netlink || !netlink_link_up(netlink, NETLINK_LOOPBACK, 0, error) ||
	    !netlink_address_add(netlink, NETLINK_LOOPBACK, AF_INET, &four, 24, error) ||
	    !netlink_address_add(netlink, NETLINK_LOOPBACK, AF_INET6, &six, 64, error) ||
	    !lo_has(AF_INET, &four, offsetof(struct sockaddr_in, sin_addr), sizeof four, error) ||
	    !lo_has(AF_INET6, &six, offsetof(struct sockaddr_in6, sin6_addr), sizeof six, error) ||
	    !netlink_route_default(netlink, NETLINK_LOOPBACK, AF_INET, &gateway, error))
		return false;
	if (netlink_address_add(netlink, NETLINK_LOOPBACK, AF_INET, &four, 24, &refused) ||
	    !error_is_errno(refused, EEXIST))
		return error_set(error, RLC_ERROR_FAILED, "the second time was no EEXIST");
	g_clear_error(&refused);
	if (netlink_link_up(netlink, 4711, 0, &refused) || !error_is_errno(refused, ENODEV))
		return error_set(error, RLC_ERROR_FAILED, "a missing link was no ENODEV");
	return true;
}

/* Messages are read as they were written; what claims to be longer than it is, is not read at all.
 */
typedef struct {
	unsigned count;
	uint32_t number;
	char text[8];
	unsigned inside;
} Attributes;

static void take_inside(const struct nlattr *attr, void *data)
{
	Attributes *found = data;

	g_assert_cmpuint(nlmsg_attr_size(attr), ==, 1);
	found->inside += nlmsg_attr_type(attr);
}

static void take_attribute(const struct nlattr *attr, void *data)
{
	Attributes *found = data;

	found->count++;
	if (nlmsg_attr_type(attr) == 1)
		found->number = nlmsg_attr_u32(attr);
	else if (nlmsg_attr_type(attr) == 2)
		g_strlcpy(found->text, nlmsg_attr_string(attr), sizeof found->text);
	else
		nlmsg_attr_each(attr, take_inside, found);
}

static void test_messages(void)
{
	_Alignas(struct nlmsghdr) char room[256];
	struct nlmsghdr *message = nlmsg_begin(room, 17, NLM_F_REQUEST);
	uint8_t *header = nlmsg_put_header(message, 5);
	Attributes found = {0};
	struct nlattr *nest, *last;

	g_assert_true(header == nlmsg_header(message));
	g_assert_cmpuint(message->nlmsg_len, ==, NLMSG_HDRLEN + 8);
	nlmsg_put_u32(message, 1, 0x12345678);
	nlmsg_put_string(message, 2, "eth0");
	nest = nlmsg_nest(message, 3);
	nlmsg_put_u8(message, 10, 1);
	nlmsg_put_u8(message, 20, 1);
	nlmsg_nest_end(message, nest);
	nlmsg_each(message, 5, take_attribute, &found);
	g_assert_cmpuint(found.count, ==, 3);
	g_assert_cmpuint(found.number, ==, 0x12345678);
	g_assert_cmpstr(found.text, ==, "eth0");
	g_assert_cmpuint(found.inside, ==, 30);

	last = (struct nlattr *)(room + message->nlmsg_len);
	nlmsg_put(message, 2, 3, "abc"); /* a string without an end */
	found = (Attributes){0};
	nlmsg_each(message, 5, take_attribute, &found);
	g_assert_cmpuint(found.count, ==, 4);
	g_assert_cmpstr(found.text, ==, "");
	last->nla_len = 9; /* beyond the message */
	found = (Attributes){0};
	nlmsg_each(message, 5, take_attribute, &found);
	g_assert_cmpuint(found.count, ==, 3);
	last->nla_len = 3; /* less than its own header */
	found = (Attributes){0};
	nlmsg_each(message, 5, take_attribute, &found);
	g_assert_cmpuint(found.count, ==, 3);
}

static void test_netlink(void)
{
	g_assert_true(run_inside(CLONE_NEWNET, inside_has_network));
}

/* ---------------------------------------------------------------- the pivot */

static bool root_is_alone(GError **error)
{
	struct stat root, above;

	if (stat("/", &root) < 0 || stat("/..", &above) < 0)
		return error_errno(error, errno, "stat");
	if (root.st_dev != above.st_dev || root.st_ino != above.st_ino)
		return error_set(error, RLC_ERROR_FAILED, "'/..' is another directory than '/'");
	if (access("/marker", F_OK) < 0 || access("/..//etc", F_OK) == 0)
		return error_set(error, RLC_ERROR_FAILED, "the root is another one");
	return true;
}

/* One file system after the other on top of "/", the last of which becomes the root */
static bool pivot_over(int stages, GError **error)
{
	auto_fd root = -1;

	if (!mount_make_all_private(error))
		return false;
	for (int i = 0; i <= stages; i++) {
		fd_close(&root);
		root = mount_new("tmpfs", "mode=0755,size=1m", MOUNT_ATTR_NODEV, error);
		if (root < 0 || !mount_stack(root, error))
			return false;
	}
	if (mkdirat(root, "marker", 0755) < 0)
		return error_errno(error, errno, "make the marker");
	return mount_pivot(root, error) && root_is_alone(error);
}

static bool inside_pivots(GError **error)
{
	return pivot_over(0, error);
}

static bool inside_pivots_over_a_stage(GError **error)
{
	return pivot_over(1, error);
}

static bool inside_pivots_over_many(GError **error)
{
	return pivot_over(5, error);
}

static void test_pivot(void)
{
	g_assert_true(run_inside(CLONE_NEWNS, inside_pivots));
	g_assert_true(run_inside(CLONE_NEWNS, inside_pivots_over_a_stage));
	g_assert_true(run_inside(CLONE_NEWNS, inside_pivots_over_many));
}

static bool inside_is_refused(GError **error)
{
	g_autoptr(GError) refused = NULL;

	if (mount_new("tmpfs", "no-such-option=1", 0, &refused) >= 0)
		return error_set(error, RLC_ERROR_FAILED, "a bad option was taken");
	return error_is_errno(refused, EINVAL) || !(*error = g_steal_pointer(&refused));
}

static void test_mount_option(void)
{
	g_assert_true(run_inside(CLONE_NEWNS, inside_is_refused));
}

#define ADD(name, function) g_test_add("/kernel/" name, Root, NULL, root_open, function, root_close)

/* A socket in the abstract name space, of this test's own. */
static struct sockaddr_un abstract;
static const socklen_t abstract_length = offsetof(struct sockaddr_un, sun_path) + 16;

/* In a child: the exit code has a bit for each thing that was refused. */
static int try_sealed(int dir)
{
	auto_fd client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int refused = 0;

	refused |= (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0) << 0;
	refused |= (open("/", O_RDONLY | O_CLOEXEC) < 0) << 1;
	refused |= (openat(dir, "a/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0) << 2;
	refused |= (linkat(dir, "a/file", dir, "b/link", 0) < 0) << 3;
	refused |= (unlinkat(dir, "b/link", 0) < 0) << 4;
	refused |= (connect(client, (struct sockaddr *)&abstract, abstract_length) < 0) << 5;
	return refused;
}

static int in_child(int dir, bool seal)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (seal && !landlock_seal(dir, NULL))
			_exit(255);
		_exit(try_sealed(dir));
	}
	g_assert_cmpint(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), ==, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_landlock(void)
{
	g_autofree char *place = g_dir_make_tmp("rlc-kernel-XXXXXX", NULL);
	auto_fd dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int version = landlock_version(), refused = 0;

	abstract.sun_family = AF_UNIX;
	g_snprintf(abstract.sun_path + 1, 16, "rlc-%d", (int)getpid());
	g_assert_cmpint(bind(listener, (struct sockaddr *)&abstract, abstract_length), ==, 0);
	g_assert_cmpint(listen(listener, 8), ==, 0);
	g_assert_cmpint(mkdirat(dir, "a", 0700), ==, 0);
	g_assert_cmpint(mkdirat(dir, "b", 0700), ==, 0);
	g_assert_cmpint(in_child(dir, false), ==, 0);
	if (version >= 2)
		refused |= 1 << 0 | 1 << 1;
	if (version >= 6)
		refused |= 1 << 5;
	g_assert_cmpint(in_child(dir, true), ==, refused);
	if (version >= 2) /* and with no directory at all nothing of it is left */
		g_assert_cmpint(in_child(-1, true) & (1 << 0 | 1 << 1), ==, 1 << 0 | 1 << 1);
	unlinkat(dir, "a/file", 0);
	unlinkat(dir, "a", AT_REMOVEDIR);
	unlinkat(dir, "b", AT_REMOVEDIR);
	rmdir(place);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	ADD("path/inside", test_open_stays_inside);
	ADD("path/links", test_open_refuses_links);
	ADD("path/made", test_target_is_made_inside);
	ADD("path/twice", test_target_twice);
	g_test_add_func("/kernel/namespace/text", test_flags_text);
	g_test_add_func("/kernel/namespace/clone", test_clone);
	g_test_add_func("/kernel/netlink", test_netlink);
	g_test_add_func("/kernel/nlmsg", test_messages);
	g_test_add_func("/kernel/pivot", test_pivot);
	g_test_add_func("/kernel/landlock", test_landlock);
	g_test_add_func("/kernel/mount-option", test_mount_option);
	return g_test_run();
}
