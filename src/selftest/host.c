/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selftest/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define PING_MS	    2000
#define DNS_HEADER  12
#define MESSAGE_MAX 512

/* --------------------------------------------------------------------------------- its processes
 */

static char *proc_path(pid_t pid, const char *name)
{
	return g_strdup_printf("/proc/%d/%s", pid, name);
}

static char *read_text(const char *path)
{
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("");
	return g_strchomp(text);
}

char *host_proc_read(pid_t pid, const char *name)
{
	g_autofree char *path = proc_path(pid, name);

	return read_text(path);
}

char *host_proc_link(pid_t pid, const char *name)
{
	g_autofree char *path = proc_path(pid, name);
	char *target = g_file_read_link(path, NULL);

	return target ? target : g_strdup("");
}

char *host_proc_status(pid_t pid, const char *key)
{
	g_autofree char *status = host_proc_read(pid, "status");
	g_auto(GStrv) lines = g_strsplit(status, "\n", -1);
	size_t length = strlen(key);

	for (char **line = lines; *line; line++) {
		if (strncmp(*line, key, length) == 0 && (*line)[length] == ':')
			return g_strstrip(g_strdup(*line + length + 1));
	}
	return g_strdup("");
}

static pid_t parent_of(pid_t pid)
{
	g_autofree char *parent = host_proc_status(pid, "PPid");

	return atoi(parent);
}

/* The number that a process has in the innermost of its pid namespaces. */
static pid_t inner_pid(pid_t pid)
{
	g_autofree char *pids = host_proc_status(pid, "NSpid");
	const char *last = strrchr(pids, '\t');

	return atoi(last ? last : pids);
}

pid_t host_find_process(pid_t ancestor, pid_t inner)
{
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	const char *name;

	if (ancestor <= 0 || inner <= 0)
		return 0;
	while (proc && (name = g_dir_read_name(proc))) {
		pid_t pid = atoi(name), above = pid;

		if (pid <= 0 || inner_pid(pid) != inner)
			continue;
		while (above > 0 && above != ancestor)
			above = parent_of(above);
		if (above == ancestor)
			return pid;
	}
	return 0;
}

char *host_cgroup_read(pid_t pid, const char *file)
{
	g_autofree char *cgroups = host_proc_read(pid, "cgroup");
	g_auto(GStrv) lines = g_strsplit(cgroups, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_autofree char *path = NULL;

		if (!g_str_has_prefix(*line, "0::"))
			continue;
		path = g_build_filename("/sys/fs/cgroup", *line + strlen("0::"), file, NULL);
		return read_text(path);
	}
	return g_strdup("");
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *host_list(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return g_strjoinv(" ", (char **)names->pdata);
}

/* --------------------------------------------------------------------------------- its addresses
 */

static char *address_text(struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	return g_strdup(inet_ntop(AF_INET, &address, text, sizeof text));
}

/* The address that would be used towards the world; no packet is sent. */
static char *address_to_world(void)
{
	struct sockaddr_in world = {.sin_family = AF_INET, .sin_port = htons(53)}, own;
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof own;

	inet_pton(AF_INET, "198.41.0.4", &world.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&world, sizeof world) < 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &length) < 0)
		return NULL;
	return address_text(own.sin_addr);
}

char *host_address(void)
{
	char *address = address_to_world();
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return address;
	for (struct ifaddrs *at = all; at && !address; at = at->ifa_next) {
		struct sockaddr_in *in = (void *)at->ifa_addr;

		if (in && in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 != 127)
			address = address_text(in->sin_addr);
	}
	freeifaddrs(all);
	return address;
}

char *host_gateway(void)
{
	g_autofree char *table = host_proc_read(getpid(), "net/route");
	g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

	for (char **line = lines; *line; line++) {
		unsigned destination, gateway, flags;

		if (sscanf(*line, "%*s %x %x %x", &destination, &gateway, &flags) == 3 &&
		    destination == 0 && gateway != 0)
			return address_text((struct in_addr){.s_addr = gateway});
	}
	return NULL;
}

/* An ordinary user's ping socket, or root's. */
static int open_ping(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	return fd >= 0 ? fd : socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

bool host_ping(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct icmphdr request = {.type = ICMP_ECHO};
	auto_fd fd = open_ping();
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	request.un.echo.id = htons((uint16_t)getpid());
	/* of the two words that are not zero; the kernel does it for a ping socket */
	request.checksum = (uint16_t) ~(ICMP_ECHO + request.un.echo.id);
	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    send(fd, &request, sizeof request, 0) < 0)
		return false;
	return TEMP_FAILURE_RETRY(poll(&poll_fd, 1, PING_MS)) == 1 && poll_fd.revents == POLLIN;
}

/* ----------------------------------------------------------------------------------- its servers
 */

int host_socket(const char *address, int type, guint16 *ret_port)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	socklen_t length = sizeof name;
	auto_fd fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&name, sizeof name) < 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &length) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 8) < 0))
		return -1;
	*ret_port = ntohs(name.sin_port);
	return fd_steal(&fd);
}

int host_socket_abstract(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	size_t length = strlen(name);

	if (fd < 0 || length + 1 >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path + 1, name, length);
	length += 1 + offsetof(struct sockaddr_un, sun_path);
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)length) < 0 || listen(fd, 8) < 0)
		return -1;
	return fd_steal(&fd);
}

static bool wait_readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return TEMP_FAILURE_RETRY(poll(&poll_fd, 1, milliseconds)) == 1;
}

/* The first line that comes, without its end; NULL if there is none in time. */
static char *read_line(int fd, int milliseconds)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char c;

	while (text->len < MESSAGE_MAX && wait_readable(fd, milliseconds) &&
	       TEMP_FAILURE_RETRY(read(fd, &c, 1)) == 1) {
		if (c == '\n')
			return g_string_free(g_steal_pointer(&text), FALSE);
		g_string_append_c(text, c);
	}
	return NULL;
}

char *host_serve_tcp(int listener, const char *answer, int milliseconds)
{
	auto_fd fd = -1;

	if (!wait_readable(listener, milliseconds))
		return NULL;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || !fd_write_all(fd, answer, strlen(answer)))
		return NULL;
	return read_line(fd, milliseconds);
}

char *host_ask_tcp(guint16 port, const char *question)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ||
	    !fd_write_all(fd, question, strlen(question)))
		return NULL;
	return read_line(fd, 10 * PING_MS);
}

bool host_was_asked(int listener)
{
	return wait_readable(listener, 0);
}

/* The name of a question, its labels with dots between. NULL: no whole question. Caller frees. */
static char *question_name(const guint8 *message, size_t length, size_t *ret_end)
{
	g_autoptr(GString) name = g_string_new(NULL);
	size_t at = DNS_HEADER;

	while (at < length && message[at] != 0) {
		if (message[at] > 63 || at + 1 + message[at] >= length)
			return NULL;
		if (name->len > 0)
			g_string_append_c(name, '.');
		g_string_append_len(name, (const char *)message + at + 1, message[at]);
		at += 1u + message[at];
	}
	*ret_end = at + 5; /* the root's label, type and class */
	return *ret_end <= length ? g_string_free(g_steal_pointer(&name), FALSE) : NULL;
}

/* RFC 1035: the question once more, and behind it a record for the same name (a pointer to it). */
static size_t make_answer(guint8 *message, size_t end, const char *address)
{
	static const guint8 record[] = {0xc0, DNS_HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4};
	bool asks_for_a = message[end - 3] == 1;

	message[2] |= 0x84; /* an answer, with authority */
	message[3] = 0;
	memset(message + 6, 0, 6);
	if (!asks_for_a)
		return end;
	message[7] = 1;
	memcpy(message + end, record, sizeof record);
	inet_pton(AF_INET, address, message + end + sizeof record);
	return end + sizeof record + sizeof(struct in_addr);
}

bool host_serve_dns(int fd, const char *name, const char *address, int milliseconds)
{
	guint8 message[2 * MESSAGE_MAX];
	struct sockaddr_in from;
	socklen_t from_length = sizeof from;
	size_t end = 0;
	g_autofree char *asked = NULL;
	ssize_t n;

	if (!wait_readable(fd, milliseconds))
		return false;
	n = recvfrom(fd, message, MESSAGE_MAX, 0, (struct sockaddr *)&from, &from_length);
	asked = n < 0 ? NULL : question_name(message, (size_t)n, &end);
	if (!asked)
		return false;
	end = make_answer(message, end, address);
	return sendto(fd, message, end, 0, (struct sockaddr *)&from, from_length) == (ssize_t)end &&
	       g_ascii_strcasecmp(asked, name) == 0;
}
