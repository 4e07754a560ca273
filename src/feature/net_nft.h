/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables, by libnftables, which is loaded when first needed: most containers need no rule.
 *
 * Commands are nft(8)'s own language.  All commands of one call are one transaction: either all of
 * them take effect or none does.  They act on the calling process's network namespace.
 *
 * Who makes rules keeps them in a table of its own, so that taking them away is the deletion of one
 * table, and no owner has to look at another's:
 *
 *     table inet rlc-BRIDGE      masquerade and forwarding of a bridge that rlc made
 *     table inet rlc-ID          what one container publishes (ID: the first 12 digits)
 *
 * A script that takes its table away whether it exists or not begins with "table inet X" (which
 * makes it, if it is missing) and goes on with "delete table inet X".
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Run a script of nft commands as one transaction.  The error names the first line of what
 * libnftables had against it; RLC_ERROR_UNSUPPORTED when the library is missing.
 */
bool net_nft_run(const char *script, GError **error);

/*
 * Run a listing ("list chain ip filter FORWARD") and give its text, with the handles of rules
 * ("# handle 7" behind each). Caller frees. NULL on failure, which is also what a missing object
 * is.
 */
char *net_nft_list(const char *command, GError **error);

/*
 * Delete the rules of a chain ("FAMILY TABLE CHAIN") whose listing has this text in it, whatever
 * else came into the chain meanwhile.  Idempotent.  What fails is logged.
 */
void net_nft_delete_rules(const char *chain, const char *text);

/* Delete a table if it exists. Idempotent. */
bool net_nft_delete_table(const char *family, const char *table, GError **error);
