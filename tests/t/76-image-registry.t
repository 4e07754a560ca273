#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Registries: images pulled by name and by digest, with logins, certificates and mirrors; and from
# ones that break, lie or refuse, where a pull ends in the same store or leaves nothing.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3 docker-registry skopeo umoci openssl getfattr
user_with_subids
user_without_subids
leftovers_begin

rlc() { run as "$who" "$RLC" "$@"; }

# What containers are started by loads none of it
loaded=$(ldd "$RLC")
nok "rlc itself links neither libcurl, libarchive nor a JSON parser" grep -qE 'curl|archive|jansson|nettle' <<<"$loaded"

# ------------------------------------------------------------------------------ images

base=$T/layers/base
make_rootfs "$base"
mkdir -p "$base"/{data,home/alice/deep/er,gone,opaque} "$T/layers/top/opaque" "$T/layers/top/data"
ln "$base/bin/busybox" "$base/data/hard"
chmod 04755 "$base/bin/busybox"
chown -R 1000:100 "$base/home/alice"
echo umlaut >"$base/data/nämé $(printf 'a%.0s' {1..150})"
truncate -s 5M "$base/data/sparse"
echo end >>"$base/data/sparse"
mkfifo "$base/data/pipe"
echo attributes >"$base/data/attributes"
setfattr -n user.note -v hello "$base/data/attributes"
setfattr -n security.capability -v 0sAQAAAgAEAAAAAAAAAAAAAAAAAAA= "$base/data/attributes"
echo x | tee "$base/gone/x" "$base/opaque/old" >"$base/removed"
touch -d '2001-02-03 04:05:06.789' "$base/data" "$base/data/attributes" "$base/home"
touch -h -d '2002-02-02 02:02:02.5' "$base/bin/ls"
touch "$T/layers/top/.wh.removed" "$T/layers/top/.wh.gone" "$T/layers/top/opaque/.wh..wh..opq"
echo new >"$T/layers/top/opaque/new"
head -c 3000000 /dev/urandom >"$T/layers/top/data/noise"
# archives with files alone: the directories that they are in are those of the layers below
mkdir -p "$T/layers/bare/tmp" "$T/layers/bare/home/alice/deep/er" "$T/layers/bare/data"
echo bare | tee "$T/layers/bare/tmp/x" "$T/layers/bare/home/alice/deep/er/y" >"$T/layers/bare/data/z"
tar -C "$T/layers/bare" -cf "$T/bare.tar" tmp/x home/alice/deep/er/y
tar -C "$T/layers/bare" -cf "$T/barer.tar" data/z
"$LIB/make-image.py" "$T/oci" --name app "$base" "$T/layers/top" "$T/bare.tar" "$T/barer.tar" \
	--config '{"Cmd": ["cat", "/opaque/new"], "Env": ["PATH=/bin"]}' >"$T/id"
id=$(cat "$T/id")
digest=sha256:$(skopeo inspect --raw "oci:$T/oci:app" | sha256sum | cut -d' ' -f1)

mkdir -p "$T/layers/zeros"
head -c 40000000 /dev/zero >"$T/layers/zeros/zeros"
"$LIB/make-image.py" "$T/oci" --name zeros "$T/layers/zeros" --config '{"Cmd": ["true"]}' >"$T/zeros-id"

# an index for several machines
"$LIB/make-image.py" "$T/oci" --name other "$base" --config '{"Cmd": ["true"]}' >"$T/other-id"
python3 - "$T/oci" <<'EOF'
import hashlib, json, os, sys
root = sys.argv[1]
index = json.load(open(root + "/index.json"))
app, _, other = index["manifests"]
machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
entries = [{**{k: v for k, v in entry.items() if k != "annotations"},
            "platform": {"os": "linux", "architecture": arch, **more}}
           for entry, arch, more in ((other, "s390x", {}), (app, machine, {}), (other, "arm", {"variant": "v7"}))]
data = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                   "manifests": entries}).encode()
digest = hashlib.sha256(data).hexdigest()
open(root + "/blobs/sha256/" + digest, "wb").write(data)
index["manifests"].append({"mediaType": "application/vnd.oci.image.index.v1+json", "size": len(data),
                           "digest": "sha256:" + digest,
                           "annotations": {"org.opencontainers.image.ref.name": "multi"}})
json.dump(index, open(root + "/index.json", "w"))
EOF

# ------------------------------------------------------------------------------ a real registry

certificate() { # NAME: of our own authority, $T/ca.crt
	openssl req -newkey rsa:2048 -nodes -keyout "$T/$1.key" -out "$T/$1.csr" -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -CA "$T/ca.crt" -CAkey "$T/ca.key" -days 2 -out "$T/$1.crt" \
		-extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca.key" -out "$T/ca.crt" -days 2 -subj "/CN=ca" 2>/dev/null
certificate server
python3 -c 'import crypt; print("alice:" + crypt.crypt("s3cret:x", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' \
	2>/dev/null >"$T/htpasswd"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
registry() { # NAME PORT [MORE YAML]: docker-registry, with its files in $T/NAME
	mkdir -p "$T/$1"
	cat >"$T/$1.yml" <<-EOF
		version: 0.1
		storage: {filesystem: {rootdirectory: $T/$1}}
		http:
		  addr: 127.0.0.1:$2
		${3:-}
	EOF
	docker-registry serve "$T/$1.yml" >"$T/$1.log" 2>&1 &
	wait_for 20 answers "$2" || fail "docker-registry does not start: $(tail -3 "$T/$1.log")"
}
plain=$(free_port)
registry plain "$plain"
tls=$(free_port)
registry tls "$tls" "  tls: {certificate: $T/server.crt, key: $T/server.key}
auth: {htpasswd: {realm: x, path: $T/htpasswd}}"
mkdir -p "$T/certs"
cp "$T/ca.crt" "$T/certs"
skopeo copy -q --dest-tls-verify=false "oci:$T/oci:app" "docker://127.0.0.1:$plain/team/app:v1"
skopeo copy -q --dest-cert-dir "$T/certs" --dest-creds alice:s3cret:x "oci:$T/oci:app" \
	"docker://localhost:$tls/team/app:v1"
skopeo copy -q --dest-tls-verify=false --format v2s2 "oci:$T/oci:app" "docker://127.0.0.1:$plain/team/app:v2s2"
# Of its own accord skopeo pushes no layer that the registry has in another compression
skopeo copy -q --dest-compress --dest-compress-format zstd "oci:$T/oci:app" "dir:$T/zstd"
skopeo copy -q --dest-tls-verify=false --preserve-digests "dir:$T/zstd" "docker://127.0.0.1:$plain/team/app:zstd"
is "$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$plain/team/app:zstd" | grep -o 'tar+[a-z]*' | uniq -c | tr -s ' ')" \
	" 4 tar+zstd" "an image is pushed whose layers are compressed by zstd"

skopeo copy -q --dest-decompress "oci:$T/oci:app" "dir:$T/tar"
skopeo copy -q --dest-tls-verify=false --preserve-digests "dir:$T/tar" "docker://127.0.0.1:$plain/team/app:tar"
is "$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$plain/team/app:tar" | grep -o 'layer.v1.tar[+a-z]*' | uniq -c | tr -s ' ')" \
	" 4 layer.v1.tar" "and one whose layers are not compressed"

# What a tree is: every name with its type, owner, mode, time, link and attributes
tree() {
	(cd "$1" && {
		find . -mindepth 1 ! -type d -printf '%p %y %m %U:%G %T@ %l %n %s\n'
		find . -mindepth 1 -type d -printf '%p d %m %U:%G %T@\n'
		getfattr -R -h -d -m '^(user|security)\.' . 2>/dev/null | grep -v '^user.overlay'
	} | sort)
}
umoci unpack --image "$T/oci:app" "$T/umoci" >/dev/null 2>&1
tree "$T/umoci/rootfs" >"$T/tree"

layers_of() { # the layers of an image, topmost first, joined by colons
	local key=layer

	! tr '\0' '\n' <"$T/store-$who/names/$1" | grep -q ^tree= || key=tree
	tr '\0' '\n' <"$T/store-$who/names/$1" | sed -n "s,^$key=sha256:\(.*\),$T/store-$who/layers/\1/diff,p" | tac | paste -sd:
}

mkdir "$T/merged"
for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	name=127.0.0.1:$plain/team/app
	rlc pull "$name:v1"
	is "$status $out" "0 $id" "$kind: pull by name"
	rlc run --network none "$name:v1"
	is "$out" new "$kind: and run"
	rlc pull "$name@$digest"
	is "$status $out" "0 $id" "$kind: pull by digest"
	rlc run --network none "$name@$digest"
	is "$out" new "$kind: and run"
	rlc run --network none --rm "$name:v2s2" cat /opaque/new
	is "$out" new "$kind: Docker's own manifest, pulled when it is run"
	# in a store that has none of its layers yet
	for how in zstd tar; do
		install -d -m 0700 -o "$who" "$T/store-$how"
		run as "$who" RLC_STORE="$T/store-$how" "$RLC" pull "$name:$how"
		is "$status $out" "0 $id" "$kind: layers as $how"
		run as "$who" RLC_STORE="$T/store-$how" "$RLC" run --network none "$name:$how"
		is "$out" new "$kind: and run"
		rm -rf "$T/store-$how"
	done

	# the tree as umoci unpacks it, seen with the same ids
	mount -t overlay -o "ro,userxattr,lowerdir=$(layers_of "127.0.0.1:$plain%team%app:v1")" o "$T/merged"
	if [ "$who" = root ]; then
		tree "$T/merged" >"$T/tree-$kind"
	else
		start=$(sed -n "s/^$who:\([0-9]*\):.*/\1/p" /etc/subuid)
		tree "$T/merged" | sed -E "s/ $(id -u "$who"):$(id -g "$who") / 0:0 /" |
			perl -pe "s{ (\d+):(\d+) (?=\d+\.)}{ ' '.(\$1 >= $start ? \$1 - $start + 1 : \$1).':'.(\$2 >= $start ? \$2 - $start + 1 : \$2).' '}e" \
				>"$T/tree-$kind"
	fi
	umount "$T/merged"
	# files of layers with implied directories have a second name in the store
	sed -i -E '\,^\./(data/z|home/alice/deep/er/y|tmp/x) f,s/  2 5$/  1 5/' "$T/tree-$kind"
	is "$(diff "$T/tree" "$T/tree-$kind" | grep -v security.capability | grep '^[<>]' | head)" "" \
		"$kind: owners, modes, times, links and attributes are as umoci unpacks them"
done

# one id alone: owners are squashed and remembered
who=$one
rlc run --network none "127.0.0.1:$plain/team/app:v1"
is "$status $out" "0 new" "one: an image with other owners runs in a map of one id"
is "$(getfattr --only-values -n user.rlc.owner "$(layers_of "127.0.0.1:$plain%team%app:v1" | cut -d: -f2)/home/alice" 2>/dev/null)" \
	1000:100 "one: owners are remembered"

# ------------------------------------------------------------------------------ certificates and logins

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	name=localhost:$tls/team/app:v1
	home=$(getent passwd "$who" | cut -d: -f6)
	[ "$who" != root ] || home=$T/home-root
	mkdir -p "$home/.config/containers/certs.d/localhost:$tls" "$home/.docker" "$home/bin"
	at_home() { run as "$who" HOME="$home" PATH="$home/bin:$PATH" "$@"; }
	at_home "$RLC" pull "$name"
	is "$status" 125 "$kind: a certificate of an unknown authority"
	like "$err" 'certificate' "$kind: is refused as such"
	cp "$T/ca.crt" "$home/.config/containers/certs.d/localhost:$tls/"
	at_home "$RLC" pull "$name"
	is "$status" 125 "$kind: no login"
	like "$err" 'wants a login' "$kind: and how to log in is said"
	at_home "$RLC" pull --creds alice:wrong "$name"
	is "$status" 125 "$kind: a wrong password"
	like "$err" "alice" "$kind: whose it is"
	nok "$kind: but not what it is" grep -q wrong <<<"$err"
	at_home "$RLC" pull --creds alice:s3cret:x "$name"
	is "$status $out" "0 $id" "$kind: --creds"
	auth=$(printf alice:s3cret:x | base64)
	echo "{\"auths\": {\"localhost:$tls\": {\"auth\": \"$auth\"}}}" >"$home/.docker/config.json"
	at_home "$RLC" pull "$name"
	is "$status $out" "0 $id" "$kind: docker's config.json"
	mv "$home/.docker/config.json" "$T/auth-$kind.json"
	chmod 0644 "$T/auth-$kind.json"
	at_home "$RLC" pull --authfile "$T/auth-$kind.json" "$name"
	is "$status $out" "0 $id" "$kind: --authfile"
	at_home REGISTRY_AUTH_FILE="$T/auth-$kind.json" "$RLC" pull "$name"
	is "$status $out" "0 $id" "$kind: REGISTRY_AUTH_FILE"
	cat >"$home/bin/docker-credential-test" <<-EOF
		#!/bin/sh
		[ "\$1" = get ] && [ "\$(cat)" = "localhost:$tls" ] || exit 1
		echo '{"Username": "alice", "Secret": "s3cret:x"}'
	EOF
	chmod 0755 "$home/bin/docker-credential-test"
	echo '{"credsStore": "test"}' >"$home/.docker/config.json"
	at_home "$RLC" pull "$name"
	is "$status $out" "0 $id" "$kind: a credential helper"
	echo '{' >"$home/.docker/config.json"
	at_home "$RLC" pull "$name"
	like "$status $err" "125 .*config.json.*line" "$kind: a file that is no JSON is named"
	rm -rf "${home:?}"/{.docker,bin}

	# registries.conf
	cat >"$home/.config/containers/registries.conf" <<-EOF
		[[registry]]
		prefix = "example.com/mirrored"
		location = "127.0.0.1:1/gone"
		[[registry.mirror]]
		location = "127.0.0.1:1/gone"
		[[registry.mirror]]
		location = "127.0.0.1:$plain/team"
		insecure = true
		[[registry]]
		location = "blocked.example.com"
		blocked = true
		[[registry]]
		prefix = "example.com/unknown"
		location = "localhost:$tls/team"
		[[registry]]
		prefix = "example.com/insecure"
		location = "localhost:$tls/team"
		insecure = true
	EOF
	at_home "$RLC" pull example.com/mirrored/app:v1
	is "$status $out" "0 $id" "$kind: a mirror has it, another is down"
	ok "$kind: it has the name that was asked for" test -e "$T/store-$who/names/example.com%mirrored%app:v1"
	at_home "$RLC" pull blocked.example.com/x
	like "$status $err" '125 .*blocks it' "$kind: blocked"
	at_home "$RLC" pull example.com/mirrored/none
	is "$status" 125 "$kind: not there, nor at a mirror"
	rm -r "$home/.config/containers/certs.d"
	at_home "$RLC" pull --authfile "$T/auth-$kind.json" example.com/unknown/app:v1
	like "$status $err" '125 .*certificate' "$kind: an entry's registry with a certificate of an unknown authority"
	at_home "$RLC" pull --authfile "$T/auth-$kind.json" example.com/insecure/app:v1
	is "$status $out" "0 $id" "$kind: which is taken where the entry says insecure"
	rm -rf "$home/.config"
done

# ------------------------------------------------------------------------------ registries that fail

exec 8< <(exec "$LIB/registry.py" "$T/oci" "$T/log")
read -r -u 8 port
at=127.0.0.1:$port
traces() {
	(cd "$T/store-$who" && find blobs/sha256 layers names tmp -mindepth 1 -maxdepth 1 | sort)
}
empty() {
	find "$T/store-$who" -mindepth 1 -delete
	(exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /reset HTTP/1.0\r\n\r\n' >&3 && cat <&3 >/dev/null)
	: >"$T/log"
}
# A store as it must be, whatever happened on the way
contents() {
	(cd "$T/store-$who" && {
		find blobs layers names -printf '%p %y %m %U:%G %s %l\n' | grep -v '^names/' | sed 's/\( d .*\) [0-9]*/\1/'
		ls names tmp
		find blobs layers -type f -print0 | sort -z | xargs -0 sha256sum
	} | sort)
}

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	empty
	rlc pull "$at/good/app"
	is "$status $out" "0 $id" "$kind: a registry without faults"
	good=$(contents)
	for mode in drop no-ranges busy limited-once redirect; do
		empty
		rlc pull "$at/$mode/app"
		is "$status $out" "0 $id" "$kind: $mode: the pull gets there"
		is "$(contents)" "${good//good/$mode}" "$kind: $mode: and ends in the same store"
		[ "$mode" != drop ] || cp "$T/log" "$T/log-drop"
	done
	ok "$kind: it goes on from where it broke off" grep -q 'bytes=[1-9].* 206' "$T/log-drop"
	empty
	rlc --log-level info pull "$at/busy/app"
	pauses=$(sed -n 's/.* trying again in \([0-9]*\) ms.*/\1/p' <<<"$err" | head -2 | paste -sd' ')
	ok "$kind: between tries it waits for longer each time ($pauses ms)" \
		test "${pauses#* }" -ge $((2 * ${pauses% *})) -a "${pauses% *}" -ge 100
	empty
	rlc pull "$at/basic/app"
	like "$status $err" '125 .*wants a login' "$kind: a login is wanted"
	rlc pull --creds alice:secret "$at/basic/app"
	is "$status $out" "0 $id" "$kind: Basic"
	empty
	rlc pull --creds alice:secret "$at/token/app"
	is "$status $out" "0 $id" "$kind: a token"
	empty
	rlc pull --creds alice:secret "$at/busy-token/app"
	is "$status $out" "0 $id" "$kind: a token of a server that is busy at first"
	empty
	rlc pull "$at/brief/app"
	is "$status $out" "0 $id" "$kind: tokens that end in the middle of it"
	empty
	printf '{"auths": {"%s": {"identitytoken": "refresh"}}}' "$at" >"$T/identity.json"
	rlc pull --authfile "$T/identity.json" "$at/token/app"
	is "$status $out" "0 $id" "$kind: an identity token"
	empty
	rlc pull --creds alice:wrong "$at/token/app"
	like "$status $err" '125 .*log in' "$kind: no token for a wrong password"
	rlc pull "$at/digest-auth/app"
	like "$status $err" '125 .*Digest' "$kind: a way to log in that nobody knows"
	for mode in limited lie corrupt confuse endless none; do
		empty
		name=$at/$mode/app
		case $mode in
		limited) reason='limits how often.*too many.*3600 seconds' ;;
		lie) reason='what came has the digest' name=$at/lie/app@$digest ;;
		corrupt) reason='what came has the digest' ;;
		confuse) reason='but calls itself' ;;
		endless) reason='larger than 4 MiB' ;;
		none) reason='manifest unknown' name=$at/none/nothing ;;
		esac
		rlc pull "$name"
		is "$status" 125 "$kind: $mode: refused"
		like "$err" "$reason" "$kind: $mode: with the reason"
		nok "$kind: $mode: which cannot steer the terminal" grep -q $'\033' <<<"$err"
		is "$(traces)" "" "$kind: $mode: without a trace"
	done

	# a disk that is too small for what a layer holds
	empty
	mkdir -p "$T/disk-$kind"
	mount -t tmpfs -o "size=20m,mode=0700,uid=$(id -u "$who"),gid=$(id -g "$who")" disk "$T/disk-$kind"
	run as "$who" RLC_STORE="$T/disk-$kind" "$RLC" pull "$at/good/zeros"
	like "$status $err" '125 .*No space left on device \[RLC-' "$kind: no room to unpack"
	is "$(cd "$T/disk-$kind" && find tmp layers blobs/sha256 -mindepth 1 | wc -l)" 1 "$kind: leaves what was fetched"
	mount -o remount,size=100m "$T/disk-$kind"
	run as "$who" RLC_STORE="$T/disk-$kind" "$RLC" pull "$at/good/zeros"
	is "$status $out" "0 $(cat "$T/zeros-id")" "$kind: with more room"
	is "$(grep -c "/blobs/$(skopeo inspect "oci:$T/oci:zeros" | grep -o 'sha256:[0-9a-f]*' | tail -1) " "$T/log")" 1 \
		"$kind: which is not fetched again"
	umount "$T/disk-$kind"

	# this host is behind no proxy
	empty
	for no in '' example.com '*'; do
		run as "$who" https_proxy=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1 no_proxy="$no" "$RLC" pull -q "$at/good/app"
		is "$status $out" "0 $id" "$kind: a proxy is not asked for what is on this host (no_proxy='$no')"
	done
	run as "$who" https_proxy=http://127.0.0.1:1 "$RLC" pull -q example.com/x
	like "$status $err" '125 .*connect to 127.0.0.1 port 1 ' "$kind: but for what is elsewhere"

	# what is told on the way, on a terminal and elsewhere
	empty
	run as "$who" TERM=xterm script -qec "$RLC pull $at/slow/app" /dev/null
	like "$out" $'\r[0-9a-f]+ \\[=+ +\\] [0-9.]+.[kM]?B.* of [0-9.]+.[kM]?B +[0-9.]+.[kM]?B/s +[0-9]+ s left' \
		"$kind: on a terminal, a bar for each blob: bytes, rate, time left"
	is "$(tr '\n' ' ' <<<"$out" | sed 's/.*\[4A//' | grep -o '=\] done' | wc -l)" 4 "$kind: all four end full"
	run as "$who" TERM=xterm NO_COLOR=1 script -qec "$RLC rmi $at/slow/app; $RLC pull $at/slow/app" /dev/null
	nok "$kind: no bars under NO_COLOR" grep -q $'\033' <<<"$out"
	empty
	rlc pull "$at/good/app"
	is "$(grep -c '^[0-9a-f]*: done ([0-9.]* *.*)$' <<<"$err")" 4 "$kind: elsewhere a line for each"

	# several machines
	empty
	rlc pull "$at/good/multi"
	is "$status $out" "0 $id" "$kind: of an index, this machine's image"
	rlc pull --platform linux/arm/v7 "$at/good/multi"
	is "$status $out" "0 $(cat "$T/other-id")" "$kind: --platform"
	rlc pull --platform linux/mips "$at/good/multi"
	like "$status $err" '125 .*linux/s390x' "$kind: which there are, when it is none of them"

	# two at once
	empty
	as_background "$who" "$RLC" pull -q "$at/slow/app" >"$T/out1" 2>&1
	first=$!
	rlc pull "$at/slow/app"
	is "$status" 0 "$kind: two pulls at once: one succeeds"
	ok "$kind: so does the other" wait "$first"
	is "$(grep '/blobs/' "$T/log" | cut -d' ' -f2 | grep -v "$id" | sort | uniq -d)" "" "$kind: no layer is fetched twice"
	is "$(contents)" "${good//good/slow}" "$kind: and the store is the same"

	# two at once that have the same layers in other blobs
	empty
	as_background "$who" "$RLC" pull -q "$at/slow/app" >"$T/out1" 2>&1
	first=$!
	part_grows() { [ -n "$(find "$T/store-$who/tmp" -name '*.part' -size +900k 2>/dev/null)" ]; }
	ok "$kind: half of a layer comes" wait_for 10 part_grows
	rlc pull -q "dir:$T/tar"
	is "$status $out" "0 $id" "$kind: meanwhile the same layers come without compression"
	ok "$kind: the other pull does not mind" wait "$first"
	is "$(cd "$T/store-$who" && ls tmp && find layers -type f -exec sha256sum {} + | sort)" \
		"$(sed -n 's/^\([0-9a-f]\{64\}  layers\)/\1/p' <<<"$good" | sort)" "$kind: and the layers are the same"

	# killed at any moment
	for round in 1 2 3 4; do
		empty
		as_background "$who" setsid "$RLC" pull -q "$at/slow/app" >/dev/null 2>&1
		pid=$!
		sleep "0.$round"
		kill -KILL -- "-$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		rlc pull "$at/slow/app"
		is "$status $out $(contents)" "0 $id ${good//good/slow}" "$kind: killed, round $round: the next pull ends in the same store"
	done
	empty
	as_background "$who" setsid "$RLC" pull -q "$at/stall/app" >/dev/null 2>&1
	pid=$!
	ok "$kind: half of a layer comes" wait_for 10 part_grows
	kill -KILL -- "-$pid"
	wait "$pid" 2>/dev/null
	rlc pull "$at/slow/app"
	is "$status $out" "0 $id" "$kind: the next pull"
	ok "$kind: asks for the rest only" grep -q 'bytes=[1-9]' "$T/log"
	is "$(contents)" "${good//good/slow}" "$kind: and ends in the same store"
	rlc rmi "$at/slow/app"
	is "$status $(traces)" "0 " "$kind: rmi leaves nothing of it"
	as_background "$who" setsid "$RLC" pull -q "$at/stall/app" >/dev/null 2>&1
	pid=$!
	ok "$kind: half of a layer comes once more" wait_for 10 part_grows
	kill -KILL -- "-$pid"
	wait "$pid" 2>/dev/null
	rlc image prune
	is "$status $(traces)" "0 " "$kind: prune sweeps what a killed pull left"
done

for who in root "$sub" "$one"; do
	find "$T/store-$who" -mindepth 1 -delete
done
kill %1 %2 2>/dev/null
kill "$(pgrep -P $$ -f "$LIB/registry.py")" 2>/dev/null
wait 2>/dev/null
no_leftovers "nothing is left"
done_testing
