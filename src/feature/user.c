/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/user.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"

#define FILE_MAX   (4 << 20) /* of /etc/passwd and /etc/group */
#define GROUPS_MAX 4096	     /* of a user; a hostile /etc/group could name a hundred thousand */

/* Fields of passwd(5) and group(5) */
enum {
	PASSWD_NAME,
	PASSWD_PASSWORD,
	PASSWD_UID,
	PASSWD_GID,
	PASSWD_GECOS,
	PASSWD_HOME
};
enum {
	GROUP_NAME,
	GROUP_PASSWORD,
	GROUP_GID,
	GROUP_MEMBERS
};

void user_clear(User *user)
{
	g_clear_pointer(&user->groups, g_array_unref);
	g_clear_pointer(&user->home, g_free);
}

/* The last id, 2^32-1, is (uid_t)-1: "none" to the kernel. */
static bool parse_id(const char *text, uint32_t *ret_id)
{
	guint64 id;

	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &id, NULL))
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static bool is_number(const char *text)
{
	return g_ascii_isdigit(*text);
}

/* A word that starts with a digit is an id or nothing: "1000x" must not become user 1000 or a name.
 */
static bool check_word(const char *what, const char *word, GError **error)
{
	uint32_t id;

	if (!*word)
		return error_set(error, RLC_ERROR_USAGE, "the %s is empty", what);
	if (is_number(word) && !parse_id(word, &id))
		return error_set(error, RLC_ERROR_USAGE, "%s '%s' is not an id (0-%u)", what, word,
				 G_MAXUINT32 - 1);
	if (*word == '-' || *word == '+')
		return error_set(error, RLC_ERROR_USAGE, "%s '%s' starts with '%c'", what, word,
				 *word);
	for (const char *c = word; *c; c++) {
		if (*c == ':' || *c == ',' || g_ascii_isspace(*c) || g_ascii_iscntrl(*c))
			return error_set(error, RLC_ERROR_USAGE,
					 "%s '%s' has a character at column %d that no name has",
					 what, word, (int)(c - word) + 1);
	}
	return true;
}

bool user_check(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);

	return check_word("user", parts[0] ? parts[0] : "", error) &&
	       (!parts[0] || !parts[1] || check_word("group", parts[1], error));
}

bool user_check_group(const char *text, GError **error)
{
	return check_word("group", text, error);
}

/* The file's lines, or none where it cannot be read: an image need not have it. */
static char **read_lines(int etc_dirfd, const char *name)
{
	g_autofree char *text = NULL;

	if (etc_dirfd >= 0)
		text = fd_read_file(etc_dirfd, name, FILE_MAX, NULL);
	return g_strsplit(text ? text : "", "\n", -1);
}

/*
 * The fields of the first whole line, of at least needed fields, with word in its first field, or
 * for a number this id in id_field.  NULL: none.
 */
static char **find_line(char **lines, guint needed, guint id_field, const char *word)
{
	uint32_t wanted = 0, id;

	if (is_number(word) && !parse_id(word, &wanted))
		return NULL;
	for (; *lines; lines++) {
		g_auto(GStrv) fields = g_strsplit(*lines, ":", -1);

		if (g_strv_length(fields) < needed || !parse_id(fields[id_field], &id))
			continue;
		if (is_number(word) ? id == wanted : strcmp(fields[0], word) == 0)
			return g_steal_pointer(&fields);
	}
	return NULL;
}

static char **find_user(char **passwd_lines, const char *word)
{
	return find_line(passwd_lines, PASSWD_GID + 1, PASSWD_UID, word);
}

static bool lookup_group(char **group_lines, const char *word, uint32_t *ret_gid, GError **error)
{
	g_auto(GStrv) fields = NULL;

	if (is_number(word)) {
		if (!parse_id(word, ret_gid))
			return error_set(error, RLC_ERROR_USAGE, "group '%s' is not an id", word);
		return true;
	}
	fields = find_line(group_lines, GROUP_GID + 1, GROUP_GID, word);
	if (!fields || !parse_id(fields[GROUP_GID], ret_gid))
		return error_set(
			error, RLC_ERROR_NOT_FOUND,
			"find group '%s': the container's /etc/group has none of that name", word);
	return true;
}

static void add_group(User *user, uint32_t gid)
{
	if (gid == user->gid)
		return;
	for (guint i = 0; i < user->groups->len; i++) {
		if (g_array_index(user->groups, uint32_t, i) == gid)
			return;
	}
	if (user->groups->len < GROUPS_MAX)
		g_array_append_val(user->groups, gid);
}

/* Groups that list the user as a member. */
static void add_member_groups(User *user, char **group_lines, const char *name)
{
	for (; *group_lines; group_lines++) {
		g_auto(GStrv) fields = g_strsplit(*group_lines, ":", -1);
		g_auto(GStrv) members = NULL;
		uint32_t gid;

		if (g_strv_length(fields) <= GROUP_MEMBERS || !parse_id(fields[GROUP_GID], &gid))
			continue;
		members = g_strsplit(fields[GROUP_MEMBERS], ",", -1);
		if (g_strv_contains((const char *const *)members, name))
			add_group(user, gid);
	}
}

static void take_home(User *user, char **entry)
{
	if (g_strv_length(entry) > PASSWD_HOME && *entry[PASSWD_HOME] == '/')
		user->home = g_strdup(entry[PASSWD_HOME]);
}

/* USER[:GROUP]: uid, gid, home, and the groups of a user that the files know. */
static bool lookup_name(const char *text, char **passwd_lines, char **group_lines, User *user,
			GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);
	g_auto(GStrv) entry = find_user(passwd_lines, parts[0]);

	if (entry) {
		/* find_user() saw to the uid; a gid that is none is as good as one that is absent
		 */
		if (!parse_id(entry[PASSWD_UID], &user->uid) ||
		    !parse_id(entry[PASSWD_GID], &user->gid))
			user->gid = 0;
		take_home(user, entry);
	} else if (!is_number(parts[0]) || !parse_id(parts[0], &user->uid)) {
		return error_set(
			error, RLC_ERROR_NOT_FOUND,
			"find user '%s': the container's /etc/passwd has none of that name",
			parts[0]);
	}
	if (parts[1])
		return lookup_group(group_lines, parts[1], &user->gid, error);
	if (entry)
		add_member_groups(user, group_lines, entry[PASSWD_NAME]);
	return true;
}

static void lookup_ids(const SpecUser *wanted, char **passwd_lines, User *user)
{
	g_autofree char *uid = g_strdup_printf("%u", wanted->uid);
	g_auto(GStrv) entry = find_user(passwd_lines, uid);

	user->uid = wanted->uid;
	user->gid = wanted->gid;
	if (entry)
		take_home(user, entry);
}

bool user_lookup(const SpecUser *wanted, int etc_dirfd, User *ret_user, GError **error)
{
	g_auto(GStrv) passwd_lines = read_lines(etc_dirfd, "passwd");
	g_auto(GStrv) group_lines = read_lines(etc_dirfd, "group");
	g_auto(User) user = {.groups = g_array_new(FALSE, FALSE, sizeof(uint32_t))};

	if (!wanted->name)
		lookup_ids(wanted, passwd_lines, &user);
	else if (!lookup_name(wanted->name, passwd_lines, group_lines, &user, error))
		return false;
	for (guint i = 0; i < wanted->groups->len; i++)
		add_group(&user, g_array_index(wanted->groups, uint32_t, i));
	for (guint i = 0; i < wanted->group_names->len; i++) {
		uint32_t gid;

		if (!lookup_group(group_lines, g_ptr_array_index(wanted->group_names, i), &gid,
				  error))
			return false;
		add_group(&user, gid);
	}
	if (!user.home)
		user.home = g_strdup("/");
	*ret_user = user;
	user = (User){0};
	return true;
}
