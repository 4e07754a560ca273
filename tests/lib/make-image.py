#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an image in OCI layout.

    make-image.py DIR [--name NAME] [--config JSON] LAYER...

LAYER is a directory, whose files go into a layer with the owners that they have (OWNER:UID:GID
before it gives them all to one), or a tar file, which is taken as it is.  JSON is the member
"config" of the configuration.  Several calls add images to one layout.  Prints the image's id.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import tarfile


def put(layout, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs/sha256", digest), "wb") as blob:
        blob.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def tar_of(directory, owner):
    def own(member):
        if owner:
            member.uid, member.gid = owner
        member.uname = member.gname = ""
        return member

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(directory, arcname=".", filter=own)
    return out.getvalue()


def read_layer(word):
    owner = None
    if word.startswith("OWNER:"):
        _, uid, gid, word = word.split(":", 3)
        owner = int(uid), int(gid)
    if os.path.isdir(word):
        return tar_of(word, owner)
    with open(word, "rb") as file:
        return file.read()


def put_json(layout, document):
    return put(layout, json.dumps(document).encode())


def add_image(layout, name, config, layers):
    descriptors, diff_ids = [], []
    for tar in map(read_layer, layers):
        diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        descriptors.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                            **put(layout, gzip.compress(tar, 1, mtime=0))})
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    document = {"created": "2024-01-02T03:04:05Z", "architecture": machine, "os": "linux",
                "config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    described = put_json(layout, document)
    manifest = put_json(layout, {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **described},
        "layers": descriptors})
    add_name(layout, manifest, name)
    return described["digest"].split(":")[1]


def add_name(layout, manifest, name):
    path = os.path.join(layout, "index.json")
    index = {"schemaVersion": 2, "manifests": []}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            index = json.load(file)
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest}
    if name:
        entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    index["manifests"].append(entry)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(index, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("layout")
    parser.add_argument("--name")
    parser.add_argument("--config", type=json.loads, default={})
    parser.add_argument("layers", nargs="*")
    args = parser.parse_intermixed_args()
    os.makedirs(os.path.join(args.layout, "blobs/sha256"), exist_ok=True)
    with open(os.path.join(args.layout, "oci-layout"), "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    print(add_image(args.layout, args.name, args.config, args.layers))


main()
