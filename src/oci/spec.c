/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A config.json to begin with: a shell in ./rootfs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "oci/bundle.h"
#include "oci/verb.h"

#define CAPABILITIES "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]"

static const char head[] =
	"{\n"
	"  \"ociVersion\": \"" OCI_VERSION "\",\n"
	"  \"process\": {\n"
	"    \"terminal\": true,\n"
	"    \"user\": {\"uid\": 0, \"gid\": 0},\n"
	"    \"args\": [\"sh\"],\n"
	"    \"env\": [\n"
	"      \"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"      \"TERM=xterm\"\n"
	"    ],\n"
	"    \"cwd\": \"/\",\n"
	"    \"capabilities\": {\n"
	"      \"bounding\": " CAPABILITIES ",\n"
	"      \"effective\": " CAPABILITIES ",\n"
	"      \"permitted\": " CAPABILITIES "\n"
	"    },\n"
	"    \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024}],\n"
	"    \"noNewPrivileges\": true\n"
	"  },\n"
	"  \"root\": {\"path\": \"rootfs\", \"readonly\": true},\n"
	"  \"hostname\": \"rlc\",\n"
	"  \"mounts\": [\n"
	"    {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},\n"
	"    {\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\",\n"
	"     \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]},\n";

static const char devpts[] =
	"    {\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\",\n"
	"     \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", "
	"\"mode=0620\"%s]},\n";

static const char middle[] =
	"    {\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\",\n"
	"     \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", "
	"\"size=65536k\"]},\n"
	"    {\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\",\n"
	"     \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},\n"
	"    {\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\",\n"
	"     \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},\n"
	"    {\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\",\n"
	"     \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]}\n"
	"  ],\n"
	"  \"linux\": {\n"
	"    \"namespaces\": [\n"
	"      {\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"},\n"
	"      {\"type\": \"uts\"}, {\"type\": \"mount\"}, {\"type\": \"cgroup\"}%s\n"
	"    ],\n";

static const char maps[] =
	"    \"uidMappings\": [{\"containerID\": 0, \"hostID\": %u, \"size\": 1}],\n"
	"    \"gidMappings\": [{\"containerID\": 0, \"hostID\": %u, \"size\": 1}],\n";

static const char tail[] =
	"    \"maskedPaths\": [\n"
	"      \"/proc/acpi\", \"/proc/asound\", \"/proc/kcore\", \"/proc/keys\",\n"
	"      \"/proc/latency_stats\", \"/proc/timer_list\", \"/proc/timer_stats\",\n"
	"      \"/proc/sched_debug\", \"/sys/firmware\", \"/proc/scsi\"\n"
	"    ],\n"
	"    \"readonlyPaths\": [\n"
	"      \"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", "
	"\"/proc/sysrq-trigger\"\n"
	"    ]\n"
	"  }\n"
	"}\n";

static char *make_text(bool rootless)
{
	g_autoptr(GString) text = g_string_new(head);

	/* group 5 is not mapped where one id alone is */
	g_string_append_printf(text, devpts, rootless ? "" : ", \"gid=5\"");
	g_string_append_printf(text, middle, rootless ? ", {\"type\": \"user\"}" : "");
	if (rootless)
		g_string_append_printf(text, maps, geteuid(), getegid());
	g_string_append(text, tail);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

int verb_spec(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_autofree char *bundle = NULL, *text = NULL;
	gboolean rootless = FALSE;
	const GOptionEntry entries[] = {
		{"bundle", 'b', 0, G_OPTION_ARG_FILENAME, &bundle, "where it is written", "DIR"},
		{"rootless", 0, 0, G_OPTION_ARG_NONE, &rootless, "for who runs it", NULL},
		{NULL},
	};
	auto_fd fd = -1;

	if (!verb_parse(globals, &argc, &argv, entries, error))
		return -1;
	if (bundle && chdir(bundle) < 0) {
		error_errno(error, errno, "open the bundle '%s'", bundle);
		return -1;
	}
	text = make_text(rootless);
	fd = open(BUNDLE_CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0 && fd_write_all(fd, text, strlen(text)))
		return 0;
	error_errno(error, errno, "write '" BUNDLE_CONFIG "'");
	return -1;
}
