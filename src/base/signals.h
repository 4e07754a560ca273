/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals by name, see signal(7): "TERM", "SIGTERM" or "15".  Real-time signals are counted from
 * either end, as in bash(1): "RTMIN+3", by which systemd(1) as a payload is told to halt,
 * "RTMAX-2".
 */
#pragma once

#include <stdbool.h>

/* Whatever the case. false: there is no such signal. */
bool signals_parse(const char *text, int *ret_signal);

/* Without SIG; a number where it has no name. Caller frees. */
char *signals_name(int signal_number);
