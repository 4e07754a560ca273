/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes: directories that outlive containers, kept in the store beside the images.
 *
 *     STORE/volumes/lock         held by whoever adds or removes a volume, or a user of one
 *     STORE/volumes/NAME/_data   what containers see; its files may have any id of the id map
 *     STORE/volumes/NAME/volume  when it was made, by which container, labels
 *     STORE/volumes/NAME/users/ID  link to the state directory of a container that refers to it
 *     STORE/volumes/NAME/fresh   there until its first use: then it is filled from the image;
 *                                "copying" once that has begun
 *     STORE/volumes/.new-NAME, .gone-NAME  half made, half removed: of who was killed over it
 *
 * A volume is in use as long as one of the links in users/ leads somewhere: a container's record is
 * what refers to it, wherever the state of that container is kept.  What a reboot or a kill takes
 * away leaves dead links, which count for nothing.
 *
 * All directories but _data are 0700 and the caller's; nothing below them is mounted but _data, so
 * no payload can put a link in the way.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define VOLUMES_DATA	"_data"
#define VOLUMES_FRESH	"fresh"
#define VOLUMES_COPYING "copying\n"

typedef struct {
	char *name;
	char *data;	   /* absolute path of _data */
	int64_t created;   /* microseconds since 1970; 0: unknown */
	bool anonymous;	   /* a container made it for itself */
	char *made_by;	   /* id of the container that made it; NULL: `rlc volume create` */
	GPtrArray *labels; /* of "NAME=VALUE" */
	GPtrArray *users;  /* of char *: state directories of the containers that refer to it */
} Volume;

void volume_free(Volume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Volume, volume_free)

/* Where volumes are kept, made if it is missing, without links in its path. Caller frees. */
char *volumes_directory(GError **error);

/* What is to be made of a volume that does not exist. */
typedef struct {
	const char *name;
	bool anonymous;
	const GPtrArray *labels; /* of "NAME=VALUE", or NULL */
} VolumeRequest;

/* Make it; EXISTS where there is one of the name. */
bool volumes_make(const VolumeRequest *request, GError **error);

/*
 * supervisor: enter the container, which has its state directory, as a user of a volume, and make
 * the volume if it is missing.
 */
bool volumes_use(const VolumeRequest *request, const char *id, const char *state_dir,
		 GError **error);

/*
 * The container is no user any more.  Then, if nobody else is: which of its volumes are removed?
 * anonymous: those that are; made: those that it made itself, for it has never run.  What cannot be
 * removed is said.
 */
void volumes_leave(const char *directory, const char *name, const char *id, bool anonymous,
		   bool made);

/* All volumes by name, of Volume *. NULL with *error. */
GPtrArray *volumes_list(GError **error);

/* NOT_FOUND where there is none. */
Volume *volumes_get(const char *name, GError **error);

/*
 * Remove one, whatever ids its files have.  NOT_FOUND; STATE where a container refers to it, which
 * is named.
 */
bool volumes_remove(const char *name, GError **error);

/* Take away what killed processes left half made or half removed. */
bool volumes_sweep(GError **error);
