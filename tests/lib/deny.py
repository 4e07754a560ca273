#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command whose system calls fail as on a host that lacks or forbids them.

    deny.py NAME[@ARGUMENT:VALUE]=ERRNO ... -- COMMAND...

NAME is a system call of x86_64 or aarch64; with @, only where its argument number ARGUMENT has VALUE.  A seccomp(2)
filter: it needs CAP_SYS_ADMIN and no no_new_privs, so that set-user-id programs work below it.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"socket": 41, "ptrace": 101, "ioctl": 16, "clone3": 435, "openat2": 437, "mount_setattr": 442,
               "move_mount": 429, "fsopen": 430, "close_range": 436, "pidfd_open": 434, "keyctl": 250},
    "aarch64": {"socket": 198, "ptrace": 117, "ioctl": 29, "clone3": 435, "openat2": 437, "mount_setattr": 442,
                "move_mount": 429, "fsopen": 430, "close_range": 436, "pidfd_open": 434, "keyctl": 219},
}[platform.machine()]
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def rule(text):
    what, code = text.split("=")
    name, _, condition = what.partition("@")
    tail = [(RETURN, 0, 0, ERRNO | getattr(errno, code))]
    if condition:
        index, value = condition.split(":")
        # the low half of the argument (little endian)
        tail = [(LOAD, 0, 0, 16 + 8 * int(index)), (JUMP_EQUAL, 0, 1, int(value, 0)), *tail]
    return [(LOAD, 0, 0, 0), (JUMP_EQUAL, 0, len(tail), NUMBERS[name]), *tail]


def main():
    end = sys.argv.index("--")
    program = [line for text in sys.argv[1:end] for line in rule(text)] + [(RETURN, 0, 0, ALLOW)]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, header, 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        sys.exit(f"deny.py: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[end + 1], sys.argv[end + 1:])


main()
