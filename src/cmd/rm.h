/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Remove all containers that have ended, printing their ids. The exit code; failures are printed.
 */
int rm_ended(void);
