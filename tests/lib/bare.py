#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command on a host that has nothing.

    unshare --mount bare.py DIRECTORY UID COMMAND...

DIRECTORY becomes the whole file system, by pivot_root(2), for a chroot may not make user namespaces; /proc is mounted
in it, and what it has in /dev are files for the devices to be bound on.  The command runs as UID, at home in /tmp.
"""
import ctypes
import os
import platform
import sys

PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[platform.machine()]
MS_BIND, MNT_DETACH = 4096, 2
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def mount(source, target, kind, flags):
    check(libc.mount(source.encode(), target.encode(), kind, flags, None))


def main():
    root, uid, *command = sys.argv[1:]
    mount(root, root, None, MS_BIND)
    mount("proc", f"{root}/proc", b"proc", 0)
    for directory, _, names in os.walk(f"{root}/dev"):
        for name in names:
            at = os.path.join(directory, name)
            mount(at[len(root):], at, None, MS_BIND)
    os.chdir(root)
    check(libc.syscall(PIVOT_ROOT, b".", b"."))
    check(libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    os.setgroups([])
    os.setresgid(int(uid), int(uid), int(uid))
    os.setresuid(int(uid), int(uid), int(uid))
    os.execve(command[0], command, {"HOME": "/tmp"})


main()
