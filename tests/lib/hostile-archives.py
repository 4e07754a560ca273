#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write archives that try to get out of a layer's directory, or to steer what reads them.

    hostile-archives.py DIR CANARY

CANARY is the absolute path of a directory outside, in which nothing may change.  Writes DIR/NAME.tar
and prints for each "NAME refused" or "NAME contained": an archive that must not be taken, and one
that may be, but whatever it holds lands inside.
"""
import gzip
import io
import os
import struct
import sys
import tarfile

DIRECTORY, CANARY = sys.argv[1:]
UP = "../" * 40


class Archive:
    def __init__(self):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name, type_=tarfile.REGTYPE, data=b"evil", **fields):
        member = tarfile.TarInfo(name)
        member.type = type_
        member.mode = fields.pop("mode", 0o755 if type_ == tarfile.DIRTYPE else 0o644)
        member.pax_headers = fields.pop("pax", {})
        for key, value in fields.items():
            setattr(member, key, value)
        if type_ == tarfile.REGTYPE:
            member.size = len(data)
            self.tar.addfile(member, io.BytesIO(data))
        else:
            self.tar.addfile(member)
        return self

    def dir(self, name, **fields):
        return self.add(name, tarfile.DIRTYPE, **fields)

    def link(self, name, target):
        return self.add(name, tarfile.SYMTYPE, linkname=target)

    def hard(self, name, target):
        return self.add(name, tarfile.LNKTYPE, linkname=target)

    def bytes(self):
        self.tar.close()
        return self.out.getvalue()


def header(name, size_field):
    """A ustar header whose size field is as given."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT))
    block[124:136] = size_field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def archives():
    new = Archive
    outside = CANARY.lstrip("/")

    # paths
    yield "dotdot", "refused", new().add(UP + outside + "/new").bytes()
    yield "dotdot-inside", "refused", new().add("a/../b").bytes()
    yield "dotdot-last", "refused", new().dir("a/..").bytes()
    yield "absolute", "contained", new().add(CANARY + "/new").bytes()
    yield "many-slashes", "contained", new().add("//" + CANARY + "//new").bytes()
    yield "long-name", "refused", new().add("a" * 300).bytes()
    yield "long-path", "refused", new().add("a/" * 3000 + "b").bytes()
    yield "nul-in-name", "contained", new().add("a", pax={"path": "a\0/../../b"}).bytes()
    yield "below-a-file", "refused", new().add("a").add("a/b").bytes()
    yield "root-is-a-link", "refused", new().link(".", CANARY).bytes()
    yield "root-is-a-file", "refused", new().add("./").bytes()

    # symbolic links
    yield "through-link", "refused", new().link("a", CANARY).add("a/new").bytes()
    yield "through-relative-link", "refused", new().link("a", UP + outside).add("a/new").bytes()
    yield "through-two-links", "refused", new().link("a", "b").link("b", CANARY).add("a/new").bytes()
    yield "over-link", "contained", new().link("a", CANARY + "/file").add("a").bytes()
    yield "dir-over-link", "contained", new().link("a", CANARY).dir("a", mode=0o700).add("a/new").bytes()
    yield "dir-becomes-link", "refused", (new().dir("a").add("a/x").link("a", CANARY).add("a/new")
                                            .bytes())
    yield "parent-becomes-link", "refused", (new().dir("a/b").add("a/b/x").link("a", os.path.dirname(CANARY))
                                               .add("a/" + os.path.basename(CANARY) + "/new").bytes())
    yield "times-through-link", "contained", new().dir("a", mtime=1).link("a", CANARY).bytes()
    yield "through-link-inside", "contained", (new().dir("in").link("a", "/in").add("a/new").link("b", UP + "in")
                                               .add("b/newer").bytes())
    yield "link-loop", "refused", new().link("a", "b").link("b", "a").add("a/new").bytes()
    yield "proc-link", "refused", new().link("a", "/proc/self/fd").dir("a/3").bytes()
    yield "empty-link", "refused", new().link("a", "").bytes()

    # hard links
    yield "hard-link-up", "refused", new().hard("a", UP + outside + "/file").bytes()
    yield "hard-link-absolute", "refused", new().hard("a", CANARY + "/file").bytes()
    yield "hard-link-through-link", "refused", (new().link("d", CANARY).hard("a", "d/file").add("a")
                                                .bytes())
    yield "hard-link-to-link", "contained", (new().link("l", CANARY + "/file").hard("a", "l").add("a")
                                             .bytes())
    yield "hard-link-to-directory", "refused", new().dir("d").hard("a", "d").bytes()
    yield "hard-link-to-nothing", "refused", new().hard("a", "b").bytes()
    yield "hard-link-to-root", "refused", new().hard("a", "./").bytes()

    # whiteouts
    yield "whiteout-dotdot", "refused", new().add("a/.wh...").bytes()
    yield "whiteout-dot", "refused", new().add("a/.wh..").bytes()
    yield "whiteout-nothing", "refused", new().add("a/.wh.").bytes()
    yield "whiteout-through-link", "refused", new().link("a", CANARY).add("a/.wh.file").bytes()
    yield "opaque-through-link", "refused", new().link("a", CANARY).add("a/.wh..wh..opq").bytes()

    # what steers overlayfs, and rlc
    steer = {"SCHILY.xattr." + name: value for name, value in (
        ("user.overlay.redirect", CANARY), ("user.overlay.metacopy", ""),
        ("user.overlay.opaque", "y"), ("user.overlay.origin", "x"),
        ("trusted.overlay.redirect", CANARY), ("trusted.overlay.opaque", "y"),
        ("user.rlc.owner", "0:0"))}
    yield "steering", "contained", new().dir("d", pax=steer).add("f", pax=steer).bytes()
    yield "device-whiteout", "contained", new().add("bin", tarfile.CHRTYPE, devmajor=0, devminor=0).bytes()
    yield "devices", "contained", (new().add("null", tarfile.CHRTYPE, devmajor=1, devminor=3)
                                   .add("disk", tarfile.BLKTYPE, devmajor=8, devminor=0)
                                   .hard("again", "disk").bytes())

    # numbers
    yield "owner-none", "refused", new().add("a", pax={"uid": "4294967295"}).bytes()
    yield "owner-large", "refused", new().add("a", pax={"uid": "18446744073709551615"}).bytes()
    yield "size-large", "refused", header("a", b"\x80" + b"\0" * 3 + struct.pack(">q", 1 << 62)) + b"x" * 512
    yield "size-negative", "refused", header("a", b"\xff" * 12) + b"x" * 512
    yield "size-past-end", "refused", header("a", b"00000100000\0") + b"x" * 512
    yield "pax-size-large", "refused", new().add("a", pax={"size": "9223372036854775807"}).bytes()
    yield "pax-header-large", "refused", (lambda b: b[:124] + b"77777777777\0" + b[136:])(
        new().add("a", pax={"path": "b"}).bytes())
    yield "sparse-far", "refused", new().add("a", pax={
        "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "a",
        "GNU.sparse.size": "-1", "GNU.sparse.map": "9223372036854775807,4"}).bytes()

    # what is no archive
    whole = new().dir("d").add("d/f", data=b"x" * 100000).bytes()
    yield "truncated", "refused", whole[:50000]
    yield "truncated-gzip", "refused", gzip.compress(whole)[:100]
    yield "broken-gzip", "refused", (lambda b: b[:40] + b"\xff" * 40 + b[80:])(gzip.compress(whole))
    yield "gzip-of-gzip", "refused", gzip.compress(gzip.compress(os.urandom(5000)))
    yield "noise", "refused", os.urandom(20000)
    yield "zip", "refused", b"PK\3\4" + b"\0" * 2000


def main():
    for name, expected, data in archives():
        with open(os.path.join(DIRECTORY, name + ".tar"), "wb") as file:
            file.write(data)
        print(name, expected)


main()
