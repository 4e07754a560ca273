#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hostile archives and documents: nothing is touched outside the layer, and what is refused leaves
# no trace in the store.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" "$@"; }

# Where archives try to write. Everybody may, so that only rlc keeps them from it.
canary=$T/canary
mkdir -m 0777 "$canary" "$T/archives"
echo untouched >"$canary/file"
chmod 0666 "$canary/file"
touch -d 2001-01-01 "$canary/file" "$canary"
before=$(fingerprint "$canary")
"$LIB/hostile-archives.py" "$T/archives" "$canary" >"$T/list"

# The same, for a program that takes names as they are: some of them do get out of its directory
mkdir -m 0777 "$T/naive" "$T/naive-archives"
"$LIB/hostile-archives.py" "$T/naive-archives" "$T/naive" >"$T/list.naive"
fooled=$(python3 - "$T/naive-archives" "$T/naive" <<'END'
import os, sys, tarfile, tempfile
archives, canary = sys.argv[1:]
for name in "dotdot", "absolute":
    with tempfile.TemporaryDirectory(dir=archives) as layer, tarfile.open(f"{archives}/{name}.tar") as archive:
        archive.extraction_filter = staticmethod(lambda member, path: member)
        archive.extractall(layer)
    if os.path.exists(canary + "/new"):
        os.unlink(canary + "/new")
        print(name)
END
)
is "$(paste -sd' ' <<<"$fooled")" "dotdot absolute" "who unpacks by name writes where archives want"

# Everything that is more than an empty store: blobs, layers, names and what is half made
traces() {
	(cd "$T/store-$1" && find blobs/sha256 layers names tmp -mindepth 1 -maxdepth 1 | sort)
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	while read -r name expected; do
		rlc import "$T/archives/$name.tar" "x:$name"
		case $expected in
		refused)
			is "$status" 125 "$kind: $name is refused"
			like "$err" '^rlc: .*(unpack|read)' "$kind: $name: and it is said why"
			is "$(traces "$who")" "" "$kind: $name: without a trace"
			;;
		contained)
			is "$status$err" 0 "$kind: $name stays inside"
			;;
		esac
		is "$(fingerprint "$canary")" "$before" "$kind: $name: nothing outside has changed"
		[ "$status" -ne 0 ] || rlc rmi "x:$name"
	done <"$T/list"
done

# ------------------------------------------------------------------------------ what is in there

layer_of() { # NAME: the layer of an image of one layer
	printf '%s/layers/%s/diff' "$T/store-$who" \
		"$(tr '\0' '\n' <"$T/store-$who/names/docker.io%library%x:$1" | sed -n 's/^layer=sha256://p')"
}

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	for name in steering devices device-whiteout absolute through-link-inside hard-link-to-link; do
		rlc import "$T/archives/$name.tar" "x:$name"
		is "$status" 0 "$kind: $name is taken again"
	done
	is "$(find "$(layer_of steering)" -exec getfattr -d -m - {} + 2>/dev/null | grep -v '^#' |
		grep -v '^user.rlc.implied="r"$' | grep .)" "" "$kind: attributes that steer are not taken from an archive"
	is "$(ls -A "$(layer_of devices)")$(ls -A "$(layer_of device-whiteout)")" "" "$kind: devices are left out"
	ok "$kind: an absolute path is one of the layer's" test -f "$(layer_of absolute)$canary/new"
	ok "$kind: links lead to places within the layer" test -f "$(layer_of through-link-inside)/in/newer"
done

# ------------------------------------------------------------------------------ documents

echo file >"$T/file"
mkdir "$T/layer"
echo inside >"$T/layer/f"
image() { # NAME: a good image in $T/oci-NAME
	rm -rf "$T/oci-$1"
	"$LIB/make-image.py" "$T/oci-$1" --name x "$T/layer" >/dev/null
}
# change NAME PYTHON: change its documents; m: the manifest, c: the configuration, blobs are bytes
change() {
	image "$1"
	python3 - "$T/oci-$1" "$2" <<-'EOF'
		import hashlib, json, os, sys
		root, code = sys.argv[1:]
		blobs = root + "/blobs/sha256/"
		read = lambda digest: open(blobs + digest.split(":")[1], "rb").read()
		def put(data):
		    digest = hashlib.sha256(data).hexdigest()
		    open(blobs + digest, "wb").write(data)
		    return {"digest": "sha256:" + digest, "size": len(data)}
		i = json.load(open(root + "/index.json"))
		m = json.loads(read(i["manifests"][0]["digest"]))
		c = json.loads(read(m["config"]["digest"]))
		layer = m["layers"][0]
		text = None
		exec(code)
		if "config" in m and c is not None:
		    m["config"].update(put(json.dumps(c).encode()))
		data = text if text is not None else json.dumps(m).encode()
		i["manifests"][0].update(put(data))
		exec(os.environ.get("LAST", ""))
		json.dump(i, open(root + "/index.json", "w"))
	EOF
	chmod -R a+rX "$T/oci-$1"
}
# refuse NAME PYTHON REASON
refuse() {
	change "$1" "$2"
	for who in root "$sub"; do
		kind=${who#rlct-} && kind=${kind%%-*}
		rlc pull "oci:$T/oci-$1"
		is "$status" 125 "$kind: $1: refused"
		like "$err" "$3" "$kind: $1: with the reason"
		is "$(traces "$who" | grep -v "$kept")" "" "$kind: $1: without a trace"
	done
}

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	for name in steering devices device-whiteout absolute through-link-inside hard-link-to-link; do
		rlc rmi "x:$name"
	done
	is "$(traces "$who")" "" "$kind: what is removed is gone"
done
kept='^$'

refuse truncated 'text = json.dumps(m).encode()[:-20]' 'line 1, column'
refuse not-json 'text = b"<html>"' 'line 1, column'
refuse binary 'text = b"{\"schemaVersion\":2,\0}"' 'line 1|digest'
refuse too-large 'm["x"] = "y" * (5 << 20)' 'larger than 4 MiB'
refuse index-and-manifest 'm["manifests"] = []' 'index and a manifest at once'
refuse wrong-type 'm["mediaType"] = "application/vnd.oci.image.index.v1+json"' 'mediaType'
refuse schema-1 'm["schemaVersion"] = 1' 'schemaVersion is not 2'
refuse artifact 'm["config"]["mediaType"] = "application/vnd.example"' 'it is no image'
refuse layer-type 'layer["mediaType"] = "application/vnd.example"' 'cannot be unpacked'
refuse digest-path 'layer["digest"] = "sha256:../../../../../../../../etc/passwd"' 'no sha256 digest'
ok "who joins such a digest to a path is outside" test -s "$T/oci-digest-path/blobs/sha256/../../../../../../../../etc/passwd"
refuse digest-md5 'layer["digest"] = "md5:d41d8cd98f00b204e9800998ecf8427e"' 'no sha256 digest'
refuse layer-count 'm["layers"].append(dict(layer))' 'speaks of 1 layers'
refuse many-layers 'm["layers"] = [layer] * 1000' 'more than 500'
refuse diff-id 'c["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]' 'hash to sha256:.*the configuration says'
refuse diff-id-path 'c["rootfs"]["diff_ids"] = ["sha256:../../../../../../../../../../../../../../../../../../../../x"]' 'no sha256 digest'
refuse no-rootfs 'del c["rootfs"]' 'rootfs'
refuse wrong-env 'c["config"]["Env"] = {"A": "1"}' '"Env" is not a list'
refuse wrong-user 'c["config"]["User"] = 0' '"User" is not a string'
refuse size-short 'layer["size"] -= 5' 'longer than'
refuse size-long 'layer["size"] += 5' 'were announced'
refuse size-negative 'layer["size"] = -1' '"size" is not'
refuse missing-blob 'os.unlink(blobs + layer["digest"].split(":")[1])' 'No such file'
refuse corrupt-blob 'p = blobs + layer["digest"].split(":")[1]; d = bytearray(open(p, "rb").read()); d[-5] ^= 1; open(p, "wb").write(d)' \
	'what came has the digest'
refuse blob-is-a-link 'p = blobs + layer["digest"].split(":")[1]; os.unlink(p); os.symlink("/etc/passwd", p)' \
	'No such file|regular|digest'
refuse blob-is-a-fifo 'p = blobs + layer["digest"].split(":")[1]; os.unlink(p); os.mkfifo(p)' 'no regular file'
LAST='i["manifests"][0]["digest"] = "sha256:" + "0" * 64' refuse missing-manifest '' 'No such file'
LAST='open(blobs + i["manifests"][0]["digest"].split(":")[1], "ab").write(b" ")' \
	refuse changed-manifest '' 'what came has the digest'

# a good one, after all that
image good
chmod -R a+rX "$T/oci-good"
for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc pull "oci:$T/oci-good"
	is "$status" 0 "$kind: the same image, unharmed, is taken"
done

is "$(fingerprint "$canary")" "$before" "nothing outside has changed"
no_leftovers "nothing is left"
done_testing
