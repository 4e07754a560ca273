/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * newuidmap, newgidmap: write the id map of a user namespace, for hosts without shadow's programs.
 *
 *     newuidmap PID|fd:N  INSIDE OUTSIDE COUNT  [INSIDE OUTSIDE COUNT …]
 *
 * This is the only code of rlc that runs with a privilege its caller lacks: CAP_SETUID as
 * newuidmap, CAP_SETGID as newgidmap, each from the capabilities of its own file (setcap(8)), never
 * setuid.  It writes nothing but /proc/PID/uid_map, gid_map and setgroups.  The arguments and the
 * exit status are those of shadow's newuidmap(1); where this one is stricter, a comment says
 * "stricter".
 *
 * Threat model
 *
 * Hostile: the caller, who is any local user, and so the arguments, environment, open descriptors,
 * limits, working directory, and the timing of everything that the target process does.  Trusted:
 * the kernel, and what only root can write: /etc/subuid, /etc/subgid, the user database and this
 * file. A caller whose mount namespace shows other files there gains nothing: to make such a
 * namespace he needs a user namespace, and inside one the capabilities of this file are not given.
 *
 * What must not happen, and what prevents it:
 *   - ids that were not granted get mapped: every line is checked against the subid file or is the
 *     caller's own id; numbers are digits alone and below 2^32, sums are made in 64 bits;
 *   - the namespace of another user, or of another process by a race, gets the map: the directory
 *     /proc/PID is opened once; its owner is checked, and the map opened, through that descriptor,
 *     which goes dead with the process.  The effective user stays the caller, so the kernel too
 * asks whether he owns the namespace;
 *   - the write lands in another file: openat2(2) crosses neither mounts nor links, and a directory
 *     handed over as fd:N has to be procfs's;
 *   - a group that excludes gets dropped by setgroups(2): without a granted range it is denied
 * first;
 *   - the privilege is used for anything else: all capabilities but one go at once, that one is
 *     effective only while the map is opened and written, and no program is ever executed.
 *
 * Subordinate ids from anywhere but the two files (nsswitch.conf's "subid:") are not known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MAP_LINES_MAX  340  /* user_namespaces(7) */
#define MAP_BYTES_MAX  4096 /* one write of less than a page */
#define FILE_LINE_SIZE 1025 /* longer lines grant nothing, as with shadow */

typedef struct {
	const char *name;
	const char *map_file;
	const char *grants_file;
	cap_value_t capability;
	bool is_group;
} Kind;

static const Kind kinds[] = {
	{"newuidmap", "uid_map", "/etc/subuid", CAP_SETUID, false},
	{"newgidmap", "gid_map", "/etc/subgid", CAP_SETGID, true},
};

typedef struct {
	uint32_t inside, outside, count;
} Line;

typedef struct {
	uid_t uid;
	gid_t gid;
	uint32_t own; /* which of both is mapped */
	char name[256], number[16];
} Caller;

static const char *program = "newuidmap";

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program, what, why);
	exit(EXIT_FAILURE);
}

/* A later open must not become standard error, or a message would be written into it. */
static void hold_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		_exit(EXIT_FAILURE);
	close(fd);
}

static const Kind *kind_of(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;

	for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(name, kinds[i].name) == 0)
			return &kinds[i];
	}
	die("start", "call this program as newuidmap or newgidmap");
}

/* Keep one capability, if it was given at all, and none effective. */
static void set_capability(cap_value_t capability, cap_flag_value_t effective)
{
	cap_t now = cap_get_proc(), wanted = cap_init();
	cap_flag_value_t permitted = CAP_CLEAR;

	if (!now || !wanted || cap_get_flag(now, capability, CAP_PERMITTED, &permitted) < 0)
		die("read capabilities", strerror(errno));
	if (effective == CAP_SET && permitted != CAP_SET)
		die("write the map", "the capability is missing; see setcap(8)");
	if (cap_set_flag(wanted, CAP_PERMITTED, 1, &capability, permitted) < 0 ||
	    cap_set_flag(wanted, CAP_EFFECTIVE, 1, &capability, effective) < 0 ||
	    cap_set_proc(wanted) < 0)
		die("set capabilities", strerror(errno));
	cap_free(now);
	cap_free(wanted);
}

/* Stricter: no sign, blank, hexadecimal or octal number, and so no leading zero. */
static bool parse_number(const char *text, uint32_t *ret_number)
{
	uint64_t number = 0;
	size_t length = strlen(text);

	if (length == 0 || length > 10 || (text[0] == '0' && length > 1))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	if (number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static size_t parse_lines(int count, char **arguments, Line *lines)
{
	size_t n = (size_t)count / 3;

	if (count < 3 || count % 3 != 0)
		die("usage", "PID|fd:N INSIDE OUTSIDE COUNT [INSIDE OUTSIDE COUNT ...]");
	if (n > MAP_LINES_MAX)
		die("read arguments", "more than 340 ranges");
	for (size_t i = 0; i < n; i++) {
		if (!parse_number(arguments[3 * i], &lines[i].inside) ||
		    !parse_number(arguments[3 * i + 1], &lines[i].outside) ||
		    !parse_number(arguments[3 * i + 2], &lines[i].count))
			die("read arguments", "not a number from 0 to 4294967295");
		if (lines[i].count == 0)
			die("read arguments", "a range is empty");
		/* The last id is 4294967294: the kernel has no more. */
		if (lines[i].count > UINT32_MAX - lines[i].inside ||
		    lines[i].count > UINT32_MAX - lines[i].outside)
			die("read arguments", "a range goes beyond the last id");
	}
	return n;
}

static bool spans_overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return a < (uint64_t)b + b_count && b < (uint64_t)a + a_count;
}

/* The kernel would refuse as well. Stricter: here before setgroups is denied, not after it. */
static void check_overlaps(const Line *lines, size_t n)
{
	for (const Line *a = lines; a < lines + n; a++) {
		for (const Line *b = lines; b < a; b++) {
			if (spans_overlap(a->inside, a->count, b->inside, b->count) ||
			    spans_overlap(a->outside, a->count, b->outside, b->count))
				die("check ranges", "two of them overlap");
		}
	}
}

static size_t format_map(const Line *lines, size_t n, char *text)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		length += (size_t)snprintf(text + length, MAP_BYTES_MAX - length, "%u %u %u\n",
					   lines[i].inside, lines[i].outside, lines[i].count);
		if (length >= MAP_BYTES_MAX)
			die("check ranges", "the kernel takes less than 4096 bytes of them");
	}
	return length;
}

/* Who calls. As shadow, refuse him whose primary group is not the one of the user database. */
static void look_up_caller(const Kind *kind, Caller *caller)
{
	const struct passwd *user;

	caller->uid = getuid();
	caller->gid = getgid();
	caller->own = kind->is_group ? caller->gid : caller->uid;
	if (geteuid() != caller->uid || getegid() != caller->gid)
		die("start", "installed setuid or setgid; use setcap(8) instead");
	user = getpwuid(caller->uid);
	if (!user || user->pw_uid != caller->uid || strlen(user->pw_name) >= sizeof caller->name)
		die("look up the caller", "the user has no name");
	if (user->pw_gid != caller->gid)
		die("look up the caller", "the group is not the user's primary one");
	strcpy(caller->name, user->pw_name);
	snprintf(caller->number, sizeof caller->number, "%u", caller->uid);
}

/* The target's directory in /proc, which is the caller's. */
static int open_target(const char *argument, const Caller *caller)
{
	char path[32];
	struct statfs fs;
	struct stat st;
	uint32_t number;
	int dir;

	if (strncmp(argument, "fd:", 3) == 0 && parse_number(argument + 3, &number)) {
		dir = number <= INT32_MAX ? (int)number : -1;
	} else if (parse_number(argument, &number)) {
		snprintf(path, sizeof path, "/proc/%u", number);
		dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	} else {
		die("read arguments", "the process is neither a number nor fd:N");
	}
	if (fstat(dir, &st) < 0 || fstatfs(dir, &fs) < 0)
		die("open the process", strerror(errno));
	if (!S_ISDIR(st.st_mode) || fs.f_type != PROC_SUPER_MAGIC)
		die("open the process", "not a directory of /proc");
	if (st.st_uid != caller->uid || st.st_gid != caller->gid)
		die("open the process", "it belongs to another user or group");
	return dir;
}

/* The owner by name, by number, or by another name of the same user, as with shadow. */
static bool is_callers(const char *owner, const Caller *caller)
{
	const struct passwd *user;

	if (strcmp(owner, caller->name) == 0 || strcmp(owner, caller->number) == 0)
		return true;
	user = getpwnam(owner);
	return user && user->pw_uid == caller->uid;
}

/* One line of the file: the first id after the range if id is in it and granted, else 0. */
static uint64_t grant_of(char *line, uint64_t id, const Caller *caller)
{
	const char *owner, *start, *count;
	uint32_t first, n;

	line[strcspn(line, "\n")] = '\0';
	owner = strsep(&line, ":");
	start = strsep(&line, ":");
	count = strsep(&line, ":");
	/* Stricter: a fourth field makes the line invalid, as everything else that is odd does. */
	if (!start || !count || line || !*owner || !parse_number(start, &first) ||
	    !parse_number(count, &n))
		return 0;
	if (id < first || id >= (uint64_t)first + n || !is_callers(owner, caller))
		return 0;
	return (uint64_t)first + n;
}

/* The end of the range that holds id and reaches furthest; 0 if none does. */
static uint64_t furthest_grant(FILE *file, uint64_t id, const Caller *caller)
{
	char line[FILE_LINE_SIZE];
	uint64_t furthest = 0;
	bool whole = true; /* the line before was read to its end */

	rewind(file);
	while (fgets(line, sizeof line, file)) {
		bool starts = whole;

		whole = strchr(line, '\n') || feof(file);
		if (starts && whole) {
			uint64_t end = grant_of(line, id, caller);

			if (end > furthest)
				furthest = end;
		}
	}
	return furthest;
}

/* Ranges of the file that adjoin grant together what none of them does alone. */
static bool is_granted(FILE *file, const Line *line, const Caller *caller)
{
	uint64_t id = line->outside, end = id + line->count;

	while (id < end) {
		id = furthest_grant(file, id, caller);
		if (id == 0)
			return false;
	}
	return true;
}

/* Every line by a grant or as the caller's own id. Returns whether a grant was used. */
static bool check_grants(const Kind *kind, const Line *lines, size_t n, const Caller *caller)
{
	int fd = open(kind->grants_file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool granted = false;

	if (!file)
		die(kind->grants_file, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		/* The kernel wants CAP_SETFCAP too for this one. Stricter: never. */
		if (!kind->is_group && lines[i].outside == 0)
			die("check ranges", "the host's root cannot be mapped");
		if (is_granted(file, &lines[i], caller))
			granted = true;
		else if (lines[i].count != 1 || lines[i].outside != caller->own)
			die("check ranges", "one of them is not granted");
	}
	fclose(file);
	return granted;
}

static int open_in_target(int dir, const char *name, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof how);

	if (fd < 0)
		die(name, strerror(errno));
	return (int)fd;
}

/* A second "deny" is an error once the map is there, so look first. */
static void deny_setgroups(int dir)
{
	char state[16] = "";
	int fd = open_in_target(dir, "setgroups", O_RDWR);

	if (read(fd, state, sizeof state - 1) < 0)
		die("setgroups", strerror(errno));
	if (strncmp(state, "deny", 4) != 0 &&
	    (lseek(fd, 0, SEEK_SET) < 0 || write(fd, "deny", 4) != 4))
		die("setgroups", strerror(errno));
	close(fd);
}

static void write_map(const Kind *kind, int dir, const char *text, size_t length)
{
	int fd;

	/* The kernel looks at who opened the file and at who writes to it. */
	set_capability(kind->capability, CAP_SET);
	fd = open_in_target(dir, kind->map_file, O_WRONLY);
	if (write(fd, text, length) != (ssize_t)length)
		die(kind->map_file, strerror(errno));
	set_capability(kind->capability, CAP_CLEAR);
	close(fd);
}

int main(int argc, char **argv)
{
	static Line lines[MAP_LINES_MAX];
	static char text[MAP_BYTES_MAX];
	const Kind *kind = kind_of(argc > 0 ? argv[0] : NULL);
	Caller caller;
	size_t n, length;
	int dir;

	program = kind->name;
	hold_standard_files();
	clearenv();
	set_capability(kind->capability, CAP_CLEAR);

	n = parse_lines(argc - 2, argv + 2, lines);
	check_overlaps(lines, n);
	length = format_map(lines, n, text);
	look_up_caller(kind, &caller);
	dir = open_target(argv[1], &caller);
	if (!check_grants(kind, lines, n, &caller) && kind->is_group)
		deny_setgroups(dir);
	write_map(kind, dir, text, length);
	return EXIT_SUCCESS;
}
