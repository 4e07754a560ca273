#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a tree, one name a line: type, mode, owner, time, links, content, attributes.

    walk.py DIR

Names that are links to one file are told from those that are alike by the first of them.
"""
import hashlib
import os
import stat
import sys


def content(path, st):
    if stat.S_ISLNK(st.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(st.st_mode):
        return "-"
    with open(path, "rb") as file:
        return f"{st.st_size} {hashlib.sha256(file.read()).hexdigest()}"


def attributes(path):
    names = os.listxattr(path, follow_symlinks=False)
    return [f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}"
            for name in sorted(names) if name.startswith(("user.", "security."))]


def describe(top, path, seen):
    st = os.lstat(path)
    first = seen.setdefault(st.st_ino, path) if not stat.S_ISDIR(st.st_mode) else path
    links = 0 if stat.S_ISDIR(st.st_mode) else st.st_nlink  # a file system's own business
    print(ascii(os.path.relpath(path, top)), stat.filemode(st.st_mode), f"{st.st_uid}:{st.st_gid}", st.st_mtime_ns,
          links, ascii(os.path.relpath(first, top)), content(path, st), *attributes(path))


def main():
    top, seen = sys.argv[1], {}
    for directory, names, files in os.walk(top):
        names.sort()
        describe(top, directory, seen)
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        for name in sorted(files + links):
            describe(top, os.path.join(directory, name), seen)


main()
