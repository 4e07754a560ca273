#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a container is known to have been escaped by, row by row. A row is attacked here or in another file, and
# next to that it is shown that the attack works without the measure: on a runtime that does by name what rlc does
# by descriptor, with an option that loosens, or by a program outside. The table says where; that its words are
# there is checked, so that no row is lost when files change.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root mountns rlc userns subids busybox /usr/bin/python3 gcc nft apparmor_parser
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" run --network none "$@"; }
kind_of() {
	kind=${1#rlct-}
	kind=${kind%%-*}
}
python() { # SCRIPT: put on one line of the payload
	echo "import base64; exec(base64.b64decode('$(base64 -w 0)'))"
}

# ------------------------------------------------------------ the rows

row() { # NAME FILE ATTACK SHOWN [FILE]: words of the assertions, or of the code of them
	ok "$1: tried in $2" grep -qF -- "$3" "$SRCDIR/tests/t/$2.t"
	ok "$1: seen to work without the measure, in ${5:-$2}" grep -qF -- "$4" "$SRCDIR/tests/t/${5:-$2}.t"
}
row "CVE-2016-9962: a process that joins" 63-exec "CVE-2016-9962" "control"
row "CVE-2019-5736: the runtime's own file" 61-hostile "the file is unchanged" "the file of who enters and runs the image's script is not"
row "CVE-2024-21626: descriptors and -w" 61-hostile "-w /proc/self/fd/" "who lets it be inherited has a working directory outside"
row "CVE-2022-29162: inheritable capabilities" 61-hostile "the caller's inheritable capabilities end at the container" \
	"the fixture works: inheritable capabilities"
row "CVE-2026-30892, 2016-3697: users" 61-hostile "1000x -1 +0 4294967295 4294967296" "who takes a number for a name is root"
row "CVE-2026-57231, 2020-14370: variables" 75-image-run "variables of the host are not asked for" "who names it himself has it"
row "CVE-2022-1227: the image's tools" 82-security "no program of the image was run" "one that is run shows"
row "CVE-2022-36109: supplementary groups" 82-security "they end at the container" "who changes the user alone keeps them"
row "CVE-2019-19921, 2023-27561, 2023-28642: /proc or /sys is a link" 61-hostile "/\$at is a link" "who mounts on /\$at by name lands on the host"
row "CVE-2019-16884: a volume over /proc" 61-hostile "a volume on /proc" "a volume follows a link of the image"
row "CVE-2021-30465, 2024-45310: swapped mount points" 61-hostile "met the link, and stayed inside" "who looks first and mounts then is led outside"
row "CVE-2025-31133: the null device" 61-hostile 'forge_null "a link"' "who masks with it by name gives it away"
row "CVE-2025-52565: the console" 82-security "links of the image for the console lead nowhere" "who opens the console by name writes there"
row "CVE-2025-52881: writes to /proc" 82-security "no tmpfs on" "who writes below a /proc that was covered is deceived"
row "CVE-2026-41579, 2026-47766: /dev is a link" 61-hostile "for at in proc sys dev" "who mounts on /\$at by name lands on the host"
row "CVE-2023-25809, 2022-0492: cgroups" 61-hostile "no control file of the kernel's can be written" \
	"with all capabilities and no filter it could mount"
row "CVE-2022-23648: VOLUME /../.." 75-image-run "VOLUME /../.." "who joins such a path to his own is outside"
row "CVE-2024-9341, 9407, 9675, 1753: sources of mounts" 82-security "a source that is swapped is opened once" \
	"who looks at a source first and opens it then has the other"
row "CVE-2019-14271: libraries of the container" 82-security "no library of the container was loaded" "the library works"
row "CVE-2018-15664, 2019-10152: rlc cp and links" 65-cp "nothing was written where the link leads" "who copies by name writes there"
row "CVE-2024-9676: /etc/passwd is a FIFO or endless" 61-hostile "a FIFO for /etc/passwd" "who opens such a FIFO waits"
row "GHSA-9rww-v4mm-x4jg: archives" 77-image-archives "nothing outside has changed" "who unpacks by name"
row "CVE-2024-3727, 2021-41190: manifests" 77-image-archives "refuse digest-path" "who joins such a digest to a path is outside"
row "CVE-2026-34079: removal" 82-security "what a link leads to stays" "who removes what is below the name removes it"
row "CVE-2021-41091: state that others read" 61-hostile "another user cannot look into its state" "who leaves it open is looked into"
row "CVE-2021-41103: the store" 82-security "another user cannot list it" "who leaves it open is looked into" 61-hostile
row "CVE-2017-5226, 2023-28100: the caller's terminal" 61-hostile "cannot type into the caller's terminal" "and can be typed into"
row "libslirp: frames" 44-net-process "frames.py garbage" "a byte too far ends it" 94-fuzz
row "libslirp: its death" 44-net-process "the death of the net process is said" "and it pinged"
row "CVE-2021-20199: the peer's address" 47-net-publish "the peer's own address" '"you are $2"'
row "slirp's gateway and the host's loopback" 43-net-loopback "no address connects to the host's loopback" "host-loopback=true opens it"
row "CVE-2020-15257: abstract sockets" 61-hostile "rlc has no abstract socket" "one would be listed"
row "CVE-2020-13401: neighbours" 45-net-bridge "no forged ARP, no router advertisements" "--cap-add NET_RAW gives them back"
row "CVE-2020-13401: router advertisements" 45-net-bridge "router advertisements and redirects are not accepted" "a new network namespace believes them"
row "CVE-2018-7169: a group that keeps out" 61-hostile "CVE-2018-7169" "who can drop the group gets in"
row "newuidmap: environment, arguments" 26-shim "with standard files closed" "agree good"
row "newuidmap: races" 26-shim "no map that was not granted" "one that was granted is seen"
row "user namespaces and the packet filter" 82-security "and cannot be opened by a namespace" "it can where that is allowed"
row "CVE-2026-31431: AF_ALG, AF_VSOCK" 82-security "no AF_ALG" "without the filter the kernel itself answers"
row "keyrings, io_uring, bpf, perf, userfaultfd" 82-security "add_key keyctl request_key" "without the filter the kernel itself answers"
row "argument injection" 75-image-run "an image's --privileged is a word of its command" "the same word before the image is an option"
row "planting: other users' links, pipes and files" 82-security "takes the place of a planted" "is followed by who opens it by name"
row "profiles and their cache" 81-seccomp "a link for the directory" "is followed by who opens it by name" 82-security

# ------------------------------------------------------------ CVE-2022-1227: the image's tools on the host

for who in root "$sub"; do
	kind_of "$who"
	image=$T/trapped-$kind
	make_rootfs "$image" "$who"
	mkdir -p "$image/usr/bin" "$image/usr/sbin" "$image/sbin" "$image/tmp"
	for tool in newuidmap newgidmap ip nft iptables mount umount nsenter tar cp ps ldconfig modprobe rlc-image rlc-seccomp \
		getent busybox-trap; do
		for at in bin sbin usr/bin usr/sbin; do
			rm -f "$image/$at/$tool"
			printf '#!/bin/sh\necho %s >>/tmp/sprung\n' "$tool" >"$image/$at/$tool"
			chmod 0755 "$image/$at/$tool"
		done
	done
	chown -R "$who:" "$image"
	chmod 1777 "$image/tmp"
	as "$who" "$RLC" run -d --name trapped --network none --rootfs "$image" sleep 7001 >/dev/null
	as "$who" "$RLC" exec trapped true
	as "$who" "$RLC" top trapped >/dev/null
	as "$who" "$RLC" cp trapped:/bin/busybox "$T/tmp/out-$kind"
	as "$who" "$RLC" cp "$RLC" trapped:/tmp/ >/dev/null
	as "$who" "$RLC" rm -f trapped >/dev/null
	is "$(cat "$image/tmp/sprung" 2>/dev/null)" "" "CVE-2022-1227: $kind: no program of the image was run"
	rlc --rootfs "$image" tar
	is "$(cat "$image/tmp/sprung")" tar "CVE-2022-1227: $kind: one that is run shows"
done

# ------------------------------------------------------------ CVE-2022-36109: supplementary groups

run setpriv --groups 0,4,27 id -G
like "$out" "27" "CVE-2022-36109: the caller has groups"
who=root
run setpriv --groups 0,4,27 "$RLC" run --network none -u 1000:1000 $bb id -G
is "$out" 1000 "CVE-2022-36109: they end at the container"
run setpriv --groups 0,4,27 setpriv --reuid 1000 --regid 1000 --keep-groups id -G
like "$out" 27 "CVE-2022-36109: who changes the user alone keeps them"
run setpriv --groups 0,4,27 "$RLC" run --network none -u 1000:1000 --group-add 27 $bb id -G
is "$out" "1000 27" "CVE-2022-36109: but for what is asked for"
as root "$RLC" run -d --name groups --network none -u 1000:1000 $bb sleep 7002 >/dev/null
run setpriv --groups 0,4,27 "$RLC" exec groups id -G
is "$out" 1000 "CVE-2022-36109: and at rlc exec"
as root "$RLC" rm -f groups >/dev/null
# a file that denies a group what it gives to all: who is in it sheds it by a program of another group's
shed=$T/shed
mkdir -m 0755 "$shed"
printf '#include <fcntl.h>\n#include <unistd.h>\nint main(void) { char c[9]; return write(1, c, read(open("%s", O_RDONLY), c, 9)) != 9; }\n' \
	/shed/denied >"$T/shed.c"
gcc -static -o "$shed/program" "$T/shed.c"
echo forbidden >"$shed/denied"
chgrp 1000 "$shed/denied"
chgrp 2000 "$shed/program"
chmod 0604 "$shed/denied"
chmod 2755 "$shed/program"
run "$RLC" run --network none -u 1000:1000 --security-opt no-new-privileges=false -v "$shed:/shed" $bb sh -c 'cat /shed/denied; /shed/program'
is "$status $out" "1 " "CVE-2022-36109: who has a group keeps it in a set-group-ID program"
run "$RLC" run --network none --security-opt no-new-privileges=false -v "$shed:/shed" --rootfs /:O \
	setpriv --reuid 1000 --regid 1000 --clear-groups sh -c 'cat /shed/denied; /shed/program'
is "$out" forbidden "CVE-2022-36109: who has it as his own alone sheds it"
rm -rf "$shed"

# ------------------------------------------------------------ CVE-2025-52565: the console; CVE-2025-52881: /proc

canary=$T/canary
for who in root "$sub"; do
	kind_of "$who"
	image=$T/console-$kind
	make_rootfs "$image" "$who"
	echo untouched >"$canary"
	chmod 0666 "$canary"
	rm -rf "${image:?}/dev"
	mkdir -p "$image/dev/pts"
	for name in console ptmx pts/0 tty null; do ln -s "$canary" "$image/dev/$name"; done
	chown -hR "$who:" "$image"
	run as "$who" /usr/bin/python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
		"$RLC" run -it --network none --rootfs "$image" sh -c 'echo typed >/dev/console; echo typed >/dev/tty; tty'
	is "$(cat "$canary") $(stat -c %a "$canary")" "untouched 666" "CVE-2025-52565: $kind: links of the image for the console lead nowhere"
	like "$out" "/dev/" "CVE-2025-52565: $kind: there is a terminal"
	echo typed >"$image/dev/console"
	is "$(cat "$canary")" typed "CVE-2025-52565: $kind: who opens the console by name writes there"
	for at in /proc/self/attr /proc/sys/kernel /proc/thread-self; do
		rlc --tmpfs "$at" $bb true
		isnt "$status" 0 "CVE-2025-52881: $kind: no tmpfs on $at"
	done
done
run unshare --mount sh -c 'mount -t tmpfs covers /proc/$$/attr && echo label >/proc/$$/attr/exec && cat /proc/$$/attr/exec'
is "$out" label "CVE-2025-52881: who writes below a /proc that was covered is deceived"
who=$sub
kind_of "$who"
rlc $bb sh -c 'cat /proc/sys/user/max_user_namespaces; echo 1 >/proc/sys/user/max_user_namespaces'
is "$status $out" "1 0" "CVE-2025-52881: what rlc writes below /proc is the container's, who cannot write it back"

# ------------------------------------------------------------ CVE-2019-14271: libraries of the container

for who in root "$sub"; do
	kind_of "$who"
	image=$T/nss-$kind
	make_rootfs "$image" "$who"
	printf '#include <fcntl.h>\n__attribute__((constructor)) static void trap(void) { creat("/tmp/loaded", 0666); creat("%s/loaded", 0666); }\n' \
		"$T/tmp" >"$T/trap.c"
	mkdir -p "$image/lib/x86_64-linux-gnu" "$image/etc" "$image/tmp"
	chmod 1777 "$image/tmp"
	gcc -shared -fPIC -o "$T/trap.so" "$T/trap.c"
	for library in libnss_files.so.2 libnss_compat.so.2 libnss_trap.so.2; do
		cp "$T/trap.so" "$image/lib/x86_64-linux-gnu/$library"
		cp "$T/trap.so" "$image/lib/$library"
	done
	echo 'passwd: trap files compat' >"$image/etc/nsswitch.conf"
	echo '/lib/libnss_trap.so.2' >"$image/etc/ld.so.preload"
	chown -R "$who:" "$image"
	as "$who" "$RLC" run -d --name nss --network none --rootfs "$image" sleep 7003 >/dev/null
	run as "$who" "$RLC" cp nss:/etc/nsswitch.conf "$T/tmp/nss-$kind"
	is "$status" 0 "CVE-2019-14271: $kind: rlc cp out"
	run as "$who" "$RLC" cp "$RLC" nss:/tmp/
	is "$status" 0 "CVE-2019-14271: $kind: and in"
	as "$who" "$RLC" exec -u root nss true
	is "$(find "$T/tmp/loaded" "$image/tmp/loaded" 2>/dev/null)" "" "CVE-2019-14271: $kind: no library of the container was loaded"
	as "$who" "$RLC" rm -f nss >/dev/null
done
run env LD_PRELOAD="$T/trap.so" true
ok "CVE-2019-14271: the library works" test -e "$T/tmp/loaded"
rm -f "$T/tmp/loaded" /tmp/loaded

# ------------------------------------------------------------ CVE-2024-9341, 9407, 9675, 1753: sources of mounts

who=$sub
image=$T/sources
make_rootfs "$image" "$who"
mkdir -p "$T/source/real" "$T/secret"
chmod 0755 "$T/source" "$T/source/real"
echo secret >"$T/secret/file"
ln -s "$T/secret" "$image/inside"
chown -hR "$who:" "$image" "$T/source"
rlc --rootfs "$image" -v "$T/source/real:/inside" sh -c 'touch /inside/made; ls -d /inside/made'
is "$(ls -A "$T/secret")" file "CVE-2024-9341: a link of the image for a target leads to nothing of the host's"
ln -sfn "$T/source/real" "$T/source/link"
as_background "$who" sh -c "while :; do ln -sfn '$T/source/real' '$T/source/new' && mv -T '$T/source/new' '$T/source/link'
	ln -sfn /proc '$T/source/new' && mv -T '$T/source/new' '$T/source/link'; done"
racer=$!
wrong=0
for ((round = 0; round < 20; round++)); do
	rlc -v "$T/source/link:/mnt" $bb sh -c 'stat -f -c %T /mnt; grep " /mnt " /proc/self/mountinfo | wc -l'
	# the one or the other, whole; or it is refused
	[[ $status = 125 || $out = *$'\n1' ]] || wrong=$((wrong + 1))
done
run /usr/bin/python3 -c 'import os, sys, time
link, real = sys.argv[1:]
deadline, deceived = time.monotonic() + 30, False
while not deceived and time.monotonic() < deadline:
    deceived = os.path.realpath(link) == real and os.path.exists(link + "/self")
print(deceived)' "$T/source/link" "$T/source/real"
is "$out" True "CVE-2024-1753: who looks at a source first and opens it then has the other"
kill "$racer"
wait "$racer" 2>/dev/null
is "$wrong" 0 "CVE-2024-1753: a source that is swapped is opened once"

# ------------------------------------------------------------ CVE-2026-34079: removal where a link was put

precious=$T/precious
for who in root "$sub"; do
	kind_of "$who"
	rm -rf "$precious" "$T/disk-$kind"
	mkdir -m 0777 "$precious"
	as "$who" mkdir "$precious/keep"
	mkdir "$T/disk-$kind"
	chown "$who:" "$T/disk-$kind"
	as_background "$who" "$RLC" run --network none --scratch "$T/disk-$kind" --rootfs /:O sh -c 'touch /etc/left; sleep 7004'
	supervisor=$!
	ok "CVE-2026-34079: $kind: it writes on a disk" wait_for 20 eval "find '$T/disk-$kind' -name left | grep -q ."
	kill -KILL "$supervisor"
	wait "$supervisor" 2>/dev/null
	for made in "$T/disk-$kind"/*; do
		mv "$made" "$made.moved"
		ln -s "$precious" "$made"
	done
	rlc $bb true
	ok "CVE-2026-34079: $kind: what a link leads to stays" test -d "$precious/keep"
	ln -sfn "$precious" "$made"
	rm -rf "${made:?}"/*
	nok "CVE-2026-34079: $kind: who removes what is below the name removes it" test -e "$precious/keep"
	rm -rf "$T/disk-$kind"
done

# ------------------------------------------------------------ CVE-2021-41103: the store of another

who=$sub
rlc $bb true
for who in root "$sub"; do
	kind_of "$who"
	as "$who" "$RLC" images >/dev/null
	as "$who" tar -C "$T/console-${kind}" -c bin | as "$who" "$RLC" import - "kept:$kind" >/dev/null
	store=$T/store-$who
	is "$(stat -c %a "$store")" 700 "CVE-2021-41103: $kind: the store is closed to others"
	run as "$one" ls "$store"
	isnt "$status" 0 "CVE-2021-41103: $kind: another user cannot list it"
done
mkdir -m 0777 "$T/planted"
as "$one" mkdir -m 0777 "$T/planted/store"
run as "$sub" RLC_STORE="$T/planted/store" "$RLC" images
isnt "$status" 0 "CVE-2021-41103: a store that another user made is not used"
is "$(ls -A "$T/planted/store")" "" "CVE-2021-41103: nothing is written there"
rm -rf "$T/planted/store"
as "$one" ln -s "$T/secret" "$T/planted/store"
run as "$sub" RLC_STORE="$T/planted/store" "$RLC" images
isnt "$status" 0 "CVE-2021-41103: nor a link that another planted"

# ------------------------------------------------------------ a local user plants what rlc would write to

# Where others may write, and the kernel's fs.protected_* do not keep their links and pipes away: no sticky bit
open=$T/open
plant() { # KIND AT: by the other user, at the name that rlc is about to use
	rm -rf "${2:?}"
	case $1 in
	directory) as "$one" mkdir -m 0777 "$2" ;;
	link) as "$one" ln -s "$victim" "$2" ;;
	link-to-directory) as "$one" ln -s "$victim.d" "$2" ;;
	hard-link) ln "$victim" "$2" ;; # as where fs.protected_hardlinks is 0
	fifo) as "$one" mkfifo -m 0666 "$2" ;;
	socket) as "$one" /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$2" ;;
	esac
}
rlc_save() { RUN_TIMEOUT=20 run as "$who" "$RLC" save -o "$open/archive" "kept:$kind"; }
untouched() { # what the links lead to is as it was
	[ "$(cat "$victim")" = precious ] && [ "$(stat -c '%a %h' "$victim")" = "$1" ] && [ -z "$(ls -A "$victim.d")" ]
}
for who in root "$sub"; do
	kind_of "$who"
	rm -rf "$open"
	mkdir -m 0777 "$open"
	victim=$open/victim-$kind
	mkdir -m 0700 "$victim.d"
	echo precious >"$victim"
	chmod 0600 "$victim"
	chown "$who:" "$victim" "$victim.d"

	plant link "$open/file"
	as "$who" sh -c "echo overwritten >$open/file"
	is "$(cat "$victim")" overwritten "planting: $kind: a link that another user planted is followed by who opens it by name"
	echo precious >"$victim"

	# the state's directory: by --root, and where an ordinary user has no runtime directory
	fallback=/tmp/rlc-$(id -u "$who")
	for what in directory link-to-directory hard-link fifo socket; do
		for at in "$open/state" "$fallback"; do
			[[ $who != root || $at != "$fallback" ]] || continue
			[ "$at" = "$fallback" ] && root=(-u XDG_RUNTIME_DIR) || root=(RLC_ROOT="$at")
			plant "$what" "$at"
			RUN_TIMEOUT=20 run as "$who" "${root[@]}" "$RLC" run --network none $bb true
			is "$status" 125 "planting: $kind: no state in ${at##*/} that is another user's $what"
			like "$err" "$at" "planting: $kind: which is said"
			links=1
			[ "$what" != hard-link ] || links=2
			ok "planting: $kind: and nothing is written through it" untouched "600 $links"
			is "$(find "$at" -mindepth 1)" "" "planting: $kind: nor into it"
			rm -rf "${at:?}"
		done
	done

	# the store
	for what in directory link-to-directory hard-link fifo; do
		plant "$what" "$open/store"
		RUN_TIMEOUT=20 run as "$who" RLC_STORE="$open/store" "$RLC" volume create planted
		is "$status" 125 "planting: $kind: no volume in a store that is another user's $what"
		RUN_TIMEOUT=20 run as "$who" RLC_STORE="$open/store" "$RLC" run -d --network none $bb true
		is "$status" 125 "planting: $kind: and no container is kept there"
		ok "planting: $kind: and nothing is written through it" untouched "600 $([ "$what" = hard-link ] && echo 2 || echo 1)"
		is "$(find "$open/store" -mindepth 1)" "" "planting: $kind: nor into it"
		rm -rf "$open/store"
	done

	as "$who" ln -s "$victim.d" "$open/store"
	run as "$who" RLC_STORE="$open/store" "$RLC" volume create own
	is "$status" 0 "planting: $kind: a link of one's own is followed"
	rm -rf "$open/store" "${victim:?}.d"/*

	# files that the caller names
	for what in link hard-link fifo; do
		plant "$what" "$open/pid"
		rlc --pidfile "$open/pid" -v "$open:/open:ro" $bb sh -c 'test -f /open/pid && cat /open/pid'
		like "$status $out" '^0 [0-9]+$' "planting: $kind: --pidfile takes the place of a planted $what"
		ok "planting: $kind: and nothing is written through it" untouched "600 1"
		nok "planting: $kind: and it is gone with the container" test -e "$open/pid"
		plant "$what" "$open/cid"
		rlc --cidfile "$open/cid" $bb true
		is "$status" 125 "planting: $kind: --cidfile refuses a planted $what"
		rm -f "$open/cid"
		ok "planting: $kind: and nothing is written through it" untouched "600 1"
	done

	for what in link hard-link; do
		plant "$what" "$open/archive"
		rlc_save
		is "$status" 0 "planting: $kind: save -o takes the place of a planted $what"
		ok "planting: $kind: and nothing is written through it" untouched "600 1"
	done
	plant fifo "$open/archive"
	as_background "$one" timeout 20 cat "$open/archive" >"$T/caught"
	reader=$!
	rlc_save
	is "$status" 125 "planting: $kind: save -o writes into no pipe of another user"
	like "$err" "it is a pipe of uid" "planting: $kind: which is said"
	kill "$reader"
	wait "$reader" 2>/dev/null
	is "$(stat -c %s "$T/caught")" 0 "planting: $kind: who waits at its other end gets nothing"
	rm -f "$open/archive"
	as "$who" mkfifo "$open/archive"
	as_background "$who" cat "$open/archive" >"$T/caught"
	reader=$!
	rlc_save
	wait "$reader"
	ok "planting: $kind: one of his own takes it" tar -tf "$T/caught"
	rm -f "$open/archive"

	# the OCI runtime: its log, and its directory of state where there is no session
	plant link "$open/log"
	run as "$who" "$RLC_OCI" --root "$T/oci-$who" --log "$open/log" state none
	isnt "$status" 0 "planting: $kind: rlc-oci --log refuses a planted link"
	like "$err" "link of another user" "planting: $kind: which is said"
	ok "planting: $kind: and nothing is written through it" untouched "600 1"
	rm "$open/log"
	as "$who" ln -s own-log "$open/log"
	run as "$who" "$RLC_OCI" --root "$T/oci-$who" --log "$open/log" state none
	like "$(cat "$open/own-log")" "none" "planting: $kind: one of his own is followed"
	rm "$open/log" "$open/own-log"
	bundle "$who" '.process.args = ["true"]'
	fallback=/tmp/rlc-oci-$(id -u "$who")
	for what in directory link-to-directory; do
		for at in "$open/oci" "$fallback"; do
			[[ $who != root || $at != "$fallback" ]] || continue
			[ "$at" = "$fallback" ] && root=() || root=(--root "$at")
			plant "$what" "$at"
			run as "$who" -u XDG_RUNTIME_DIR "$RLC_OCI" "${root[@]}" run --bundle "$bundle" planted
			isnt "$status" 0 "planting: $kind: no state of rlc-oci's in ${at##*/} that is another user's $what"
			like "$err" "use '$at': it belongs to uid" "planting: $kind: which is said"
			is "$(find "$at/" -mindepth 1)" "" "planting: $kind: and nothing is written into it"
			rm -rf "${at:?}"
		done
	done
	as "$who" mkdir -m 0777 "$open/oci"
	run as "$who" "$RLC_OCI" --root "$open/oci" run --bundle "$bundle" planted
	like "$status $err" "^[^0].*all users may write there" "planting: $kind: nor in one that is open to all"
	chmod 0711 "$open/oci"
	run as "$who" "$RLC_OCI" --root "$open/oci" run --bundle "$bundle" planted
	is "$status" 0 "planting: $kind: in one that is not it runs"
	rm -rf "$open/oci"

	# a directory above the pidfile that is swapped while the container runs
	mkdir -m 0777 "$open/above" "$open/other"
	echo precious >"$open/other/pid"
	as_background "$who" "$RLC" run --network none --pidfile "$open/above/pid" -v "$open:/open:ro" $bb sh -c \
		'until [ -e /open/go ]; do sleep 0.02; done'
	runs=$!
	ok "planting: $kind: the pidfile is there" wait_for 20 test -s "$open/above/pid"
	mv "$open/above" "$open/moved"
	ln -s "$open/other" "$open/above"
	touch "$open/go"
	wait "$runs"
	is "$? $(cat "$open/other/pid")" "0 precious" "planting: $kind: only the file that was written is removed"
	nok "planting: $kind: and that one is" test -e "$open/moved/pid"

	# nothing of rlc's own is open to others: state, logs, store
	as "$who" "$RLC" run -d --name closed --network none $bb sh -c 'echo line; sleep 7005' >/dev/null
	dirs=("$T/store-$who")
	[ "$who" = root ] && dirs+=(/run/rlc) || dirs+=("$T/run-$who/rlc")
	is "$(find "${dirs[@]}" -maxdepth 0 -perm /077)" "" "planting: $kind: the directories of state and store are closed"
	is "$(find "${dirs[0]}" "${dirs[1]}" -mindepth 1 -maxdepth 3 -name '*.log*' -perm /077)" "" "planting: $kind: and its logs"
	for verb in "stop closed" "kill closed" "logs closed" "exec closed true" "rm -f closed" "inspect closed"; do
		# shellcheck disable=SC2086 # words
		run as "$one" RLC_ROOT="${dirs[1]}" "$RLC" $verb
		isnt "$status" 0 "planting: $kind: another user cannot rlc ${verb%% *} it"
	done
	run as "$who" "$RLC" inspect --format '{{.State.Status}}' closed
	is "$out" running "planting: $kind: it runs on"
	as "$who" "$RLC" rm -f closed >/dev/null
done

# ------------------------------------------------------------ the kernel's surface

surface=$(
	python <<'END'
import ctypes, errno, os, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
# numbers of x86_64 and of all others
old = {"add_key": (248, 217), "keyctl": (250, 219), "request_key": (249, 218), "bpf": (321, 280),
       "perf_event_open": (298, 241), "userfaultfd": (323, 282), "swapoff": (168, 225), "kexec_load": (246, 104)}
numbers = {name: both[platform.machine() != "x86_64"] for name, both in old.items()}
numbers |= {"io_uring_setup": 425, "io_uring_enter": 426, "open_tree": 428, "fsopen": 430, "clone3": 435}
for name, number in numbers.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0)
    print(name, "works" if result >= 0 else errno.errorcode[ctypes.get_errno()])
for name, family, kind in ("AF_ALG", 38, 5), ("AF_VSOCK", 40, 1):
    try:
        socket.socket(family, kind)
        print(name, "works")
    except OSError as e:
        print(name, errno.errorcode[e.errno])
END
)
for who in root "$sub" "$one"; do
	kind_of "$who"
	rlc --rootfs /:O /usr/bin/python3 -c "$surface"
	for call in add_key keyctl request_key bpf perf_event_open userfaultfd swapoff kexec_load io_uring_setup \
		io_uring_enter open_tree fsopen; do
		like "$out" "$call EPERM" "$call: $kind: refused"
	done
	like "$out" "clone3 ENOSYS" "clone3: $kind: unknown"
	like "$out" "AF_ALG EPERM" "CVE-2026-31431: $kind: no AF_ALG"
	like "$out" "AF_VSOCK EPERM" "CVE-2026-31431: $kind: no AF_VSOCK"
	rlc --security-opt seccomp=unconfined --rootfs /:O /usr/bin/python3 -c "$surface"
	for call in keyctl io_uring_setup io_uring_enter clone3 AF_ALG; do
		unlike "$out" "$call EPERM" "$call: $kind: without the filter the kernel itself answers"
	done
done

# 32-bit programs: their way to a socket is socketcall(2), whose arguments no filter sees
if [ "$(uname -m)" = x86_64 ]; then
	cat >"$T/i386.c" <<'END'
static int call(int number, long a, long b, long c)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}
static long code(void)
{
	unsigned inet[3] = {2, 1, 0};
	int bad = 0;

	bad |= (call(102, 1, (long)inet, 0) < 0) << 0;	    /* socketcall(SYS_SOCKET, AF_INET) */
	bad |= (call(359, 2, 1, 0) < 0) << 1;		    /* socket(AF_INET) */
	bad |= (call(359, 38, 5, 0) != -1) << 2;	    /* socket(AF_ALG): EPERM */
	bad |= (call(359, 40, 1, 0) != -1) << 3;	    /* socket(AF_VSOCK) */
	bad |= (call(288, 0, 0, 0) != -1) << 4;		    /* keyctl */
	bad |= (call(310, 0x10000000, 0, 0) != -1) << 5;    /* unshare(CLONE_NEWUSER) */
	bad |= (call(54, 0, 0x5412, 0) != -1) << 6;	    /* ioctl(TIOCSTI) */
	return bad;
}
void _start(void) { call(1, code(), 0, 0); }
END
	gcc -m32 -O1 -nostdlib -static -fno-pie -no-pie -fno-stack-protector -o "$T/bin/i386" "$T/i386.c"
	chmod 0755 "$T/bin/i386"
	# A kernel without 32-bit programs has not this way; tests/unit/filter.c runs the filter for them anywhere
	run bash -c "$T/bin/i386" # for timeout(1) takes what the kernel does not for a script
	ok "CVE-2026-31431: outside the 32-bit program has sockets, and is refused nothing; or none runs here" \
		test "$status" = $((4 | 8 | 16 | 32 | 64)) -o "$status" = 126
	[ "$status" = 126 ] && wanted=126 || wanted=0
	for who in root "$sub"; do
		kind_of "$who"
		rlc -v "$T/bin/i386:/i386" $bb /i386
		is "$status" "$wanted" "CVE-2026-31431: $kind: a 32-bit program has sockets, and no more than others; or does not run"
	done
fi

for who in root "$sub"; do
	kind_of "$who"
	rlc --rootfs /:O nft list ruleset
	isnt "$status" 0 "nested: $kind: the packet filter is closed"
	rlc --rootfs /:O unshare --user --map-root-user --net nft add table inet x
	isnt "$status" 0 "nested: $kind: and cannot be opened by a namespace"
	rlc --security-opt userns=allow --rootfs /:O unshare --user --map-root-user --net nft add table inet x
	is "$status" 0 "nested: $kind: it can where that is allowed"
done

# ------------------------------------------------------------ security modules: asked for, or refused aloud

for profile in "$SRCDIR"/apparmor/*; do
	run apparmor_parser --skip-kernel-load --skip-cache "$profile"
	# rlc's own is for AppArmor 4, and says so
	ok "lsm: AppArmor takes ${profile##*/}, or lacks its version" \
		test "$status" = 0 -o "${profile##*/} ${err#*Could not open }" = "rlc 'abi/4.0': No such file or directory"
done
who=$sub
rlc --security-opt apparmor=unconfined --security-opt label=disable $bb true
is "$status" 0 "lsm: to ask for no profile and no label is always well"
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
	rlc --security-opt apparmor=rlct-no-such-profile $bb true
	refused "lsm: a profile that is not loaded" "rlct-no-such-profile"
else
	rlc --security-opt apparmor=docker-default $bb true
	refused "lsm: a profile where AppArmor is off" "use the AppArmor profile 'docker-default': AppArmor is not enabled"
fi
if [ ! -e /sys/fs/selinux/enforce ]; then
	rlc --security-opt label=system_u:system_r:container_t:s0:c1,c2 $bb true
	refused "lsm: a label where SELinux is off" "use the SELinux label 'system_u:system_r:container_t:s0:c1,c2': SELinux is not enabled"
	rlc --security-opt label=enable $bb true
	refused "lsm: rlc's own" "use the SELinux label 'rlc_payload_t': SELinux is not enabled"
	rlc --security-opt label=type:container_t --security-opt label=level:s0:c1,c2 $bb true
	refused "lsm: parts of one" "use the SELinux label 'container_t:s0:c1,c2': SELinux is not enabled"
	rlc --security-opt label=type:container_t --security-opt label=disable $bb true
	is "$status" 0 "lsm: the last word counts: $err"
fi
for word in apparmor= label= label=x label=a:b label=a:b: label=type: label=type:a/b label=filetype: 'label=level:s0 c1' label:user:; do
	rlc --security-opt "$word" $bb true
	refused "lsm: $word" "parse --security-opt '$word'"
done

# ------------------------------------------------------------ words of an image are no options

who=$sub
rlc $bb --privileged
is "$status" 127 "argument injection: behind the image a word is the command"
rlc --entrypoint --privileged $bb
is "$status" 127 "argument injection: and an entrypoint's is its own"

rm -f "$T"/tmp/out-* "$T"/tmp/nss-*
no_leftovers "nothing is left"
done_testing
