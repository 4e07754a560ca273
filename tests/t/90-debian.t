#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The walk's last step: an ordinary user unpacks a Debian root in his own id map, and apt-get installs a
# package in it through the user-mode network, while the directory does not change. The same as an image,
# whose files are those that umoci unpacks.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids tun mmdebstrap apt umoci busybox
user_with_subids
user_without_subids

# The mirrors of this machine, and its proxy where it has one
apt_sources() {
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		sort -u | sed -n '/debian/s/^/deb /p'
}
apt_sources >"$T/sources.list"
apt-config dump | grep -E '^Acquire::(https?|ftp)::' >"$T/proxy.conf"

RUN_TIMEOUT=300
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
run env -C "$T" mmdebstrap --quiet --variant=apt --aptopt="$T/proxy.conf" \
	"$suite" "$T/debian.tar" "$T/sources.list"
is "$status" 0 "mmdebstrap makes a Debian root"
chmod 0644 "$T/debian.tar"
leftovers_begin

dir=$T/rootfs-debian
install -d -o "$sub" "$dir"
run as "$sub" "$RLC" unshare tar -x -p --numeric-owner -C "$dir" -f "$T/debian.tar" --exclude './dev/*'
is "$status $err" "0 " "rlc unshare tar unpacks it"
first=$(grep "^$sub:" /etc/subuid | cut -d: -f2)
is "$(stat -c %u "$dir/etc/shadow") $(stat -c %g "$dir/etc/shadow")" \
	"$(id -u "$sub") $((first + 42 - 1))" "owners are the user's own ids"
run as "$sub" "$RLC" unshare stat -c '%u:%g %a' "$dir/etc/shadow" "$dir/etc/passwd"
is "$(paste -sd' ' <<<"$out")" "0:42 640 0:0 644" "and look right from inside"

before=$(fingerprint "$dir")

run as "$sub" "$RLC" run --rootfs "$dir:O" sh -c '
	set -e
	apt-get -q update
	DEBIAN_FRONTEND=noninteractive apt-get -qy install hello
	hello
	dpkg -s hello | grep ^Status'
is "$status" 0 "apt-get update, install hello, hello"
like "$out" $'\nHello, world!\n' "hello greets"
like "$out" 'Status: install ok installed' "dpkg has it"
unlike "$out$err" '^[WE]:' "apt neither warns nor fails"
unlike "$out$err" 'unsandboxed|_apt|setgroups|seteuid' "apt's own user does the download"

run as "$sub" "$RLC" run --network none --rootfs "$dir:O" sh -c 'command -v hello; id _apt; su -s /bin/sh _apt -c id'
unlike "$out" '/hello' "the next container starts from the directory again"
like "$out" 'uid=[0-9]+\(_apt\).*uid=[0-9]+\(_apt\)' "a process may become _apt"

is "$(fingerprint "$dir")" "$before" "the directory is as it was, byte for byte"

# With the right owners a directory can be used as it is, too
run as "$sub" "$RLC" run --network none --rootfs "$dir" sh -c 'dpkg --audit && cat /etc/debian_version'
is "$status" 0 "the directory as it is works as well"

# Unpacked by root: rlc says what is wrong with it and how to mend it, not apt
mkdir "$T/rootfs-by-root"
tar -x -p --numeric-owner -C "$T/rootfs-by-root" -f "$T/debian.tar" --exclude './dev/*' ./bin ./usr/bin/true ./etc
run as "$sub" "$RLC" run --rootfs "$T/rootfs-by-root" true
refused "a root that root unpacked" "$T/rootfs-by-root" "RLC-R02" "rlc unshare tar"

# ------------------------------------------------------------------------------ as an image

"$LIB/make-image.py" "$T/oci" --name debian "$T/debian.tar" --config '{"Cmd": ["bash", "-c", "echo $BASH_VERSION"]}' >"$T/id"
"$LIB/make-image.py" "$T/oci" --name empty --config '{}' >"$T/id-empty"
umoci unpack --image "$T/oci:debian" "$T/umoci" >/dev/null 2>&1
# Directories' sizes, and times of those that a tar does not name, are the file system's business. Devices
# of /dev are not made, since every container has its own.
list='cd "$1" && find . ! -path "./dev/*" \( -type d -printf "%p %y %m %U:%G %T@\n" -o -printf "%p %y %m %U:%G %T@ %l %s %n\n" \) | sort'
sh -c "$list" sh "$T/umoci/rootfs" >"$T/expected"

for who in root "$sub"; do
	kind=${who%-*}
	run as "$who" "$RLC" import "$T/debian.tar" debian:imported
	is "$status" 0 "$kind: import a Debian root"
	run as "$who" "$RLC" pull -q "oci:$T/oci:debian"
	is "$out" "$(cat "$T/id")" "$kind: the same from an OCI layout"
	layer=$(echo "$T/store-$who"/layers/*/diff)
	run as "$who" "$RLC" unshare sh -c "$list" sh "$layer"
	is "$(diff "$T/expected" "$T/stdout" | head -n 5)" "" \
		"$kind: $(wc -l <"$T/expected") files, with owners, modes, times, links and sizes as umoci unpacks them"
	before=$(as "$who" "$RLC" unshare sh -c "$list" sh "$layer" | sha256sum)
	run as "$who" "$RLC" run --network slirp debian:imported sh -c '
		set -e
		apt-get -q update
		DEBIAN_FRONTEND=noninteractive apt-get -qy install hello
		hello'
	is "$status" 0 "$kind: apt-get installs hello in a container of the image"
	like "$out" $'\nHello, world!' "$kind: which greets"
	run as "$who" "$RLC" run --network none debian:imported sh -c '
		find / -xdev -type f ! -path "/etc/host*" ! -path /etc/resolv.conf -exec sh -c "for f; do echo x >>\$f; done" sh {} +'
	is "$status" 0 "$kind: a container changes every file"
	is "$(as "$who" "$RLC" unshare sh -c "$list" sh "$layer" | sha256sum)" "$before" "$kind: and the image does not change"
done

# As fast as an image without files, which gets its one program from outside
who=$sub
run as "$who" "$RLC" pull -q "oci:$T/oci:empty"
is "$out" "$(cat "$T/id-empty")" "an image without files"
install -D -m 0755 "$(command -v busybox)" "$T/rlct/true"
cp "$LIB/race.py" "$T/race.py"
run as "$who" python3 "$T/race.py" 1.1 "$RLC" run --network none -v "$T/rlct:/rlct:ro" --entrypoint /rlct/true : \
	"$(cat "$T/id-empty")" "$(cat "$T/id")"
note "start of a Debian image of $(wc -l <"$T/expected") files against an empty one: $out"
is "$status" 0 "a Debian image starts in the time of an empty one"

no_leftovers "nothing is left"
done_testing
