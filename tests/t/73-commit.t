#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a container wrote: rlc diff lists it, rlc commit makes a layer of it that other programs read, and
# rlc export writes the whole root; whether the container is kept or not, runs or not, in every id map.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc rlc_image userns subids busybox skopeo umoci attr
user_with_subids
bb=builtin:busybox

umask 022
base=$T/layers/base
make_rootfs "$base"
mkdir -p "$base/old/deep" "$base/opt/sub" "$base/same" && echo original | tee "$base/old/deep/file" "$base/old/other" >/dev/null
echo 1 | tee "$base/opt/gone" "$base/opt/changed" "$base/opt/sub/kept" "$base/same/file" >/dev/null
top=$T/layers/top
mkdir -p "$top/opt" && echo 2 >"$top/opt/fromtop"
"$LIB/make-image.py" "$T/oci" --name app "$base" "$top" --config '{"Cmd": ["true"], "Entrypoint": ["sh", "-c"],
	"Env": ["PATH=/bin", "A=image"], "Labels": {"l": "image"}, "WorkingDir": "/opt", "User": "0"}' >/dev/null
leftovers_begin

# shellcheck disable=SC2016 # for the container's shell
work='rm -r /old && mkdir -p /old/new && echo x >/old/other && rm /opt/gone && echo x >/opt/changed &&
	echo n >/opt/n && ln /opt/n /opt/m && chown 5:6 /opt/n && chmod 4755 /opt/n && mkdir -p /d/e && ln -s x /d/l &&
	mkfifo /d/fifo && rm /opt/fromtop && chmod 700 /same && touch -d @1000000000 /opt/n /d/e && umask 077 && mkdir "/odd name"'
changed="A /d
A /d/e
A /d/fifo
A /d/l
A /odd name
C /old
D /old/deep
A /old/new
C /old/other
C /opt
C /opt/changed
D /opt/fromtop
D /opt/gone
A /opt/m
A /opt/n
C /same"

# A tar file in words: names, kinds, modes, owners, sizes, times, links, attributes
listing() { # FILE
	python3 - "$1" <<'END'
import sys, tarfile
links = {}
with tarfile.open(sys.argv[1]) as tar:
    for member in sorted(tar, key=lambda m: m.name):
        # which of a file's names is the first does not matter
        first = links.setdefault(member.linkname if member.islnk() else member.name, member)
        if member.islnk():
            member.linkname, member.size, member.type, member.mtime = "", first.size, first.type, first.mtime
        xattrs = {k: v for k, v in first.pax_headers.items() if "xattr" in k}
        print(member.name.removeprefix("./"), member.type, oct(member.mode), member.uid, member.gid, member.size,
              int(member.mtime) if not member.isdir() else "", member.linkname, xattrs)
END
}

without_mounts() { grep -vE '^(etc/(hosts|hostname|resolv.conf)|proc|sys|dev) '; }

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc() { run as "$who" "$RLC" "$@"; }
	exported() { as "$who" "$RLC" export "$1" >"$T/export.tar"; listing "$T/export.tar"; }

	rlc pull "oci:$T/oci:app"
	rlc tag "$out" app
	rlc run -d --name kept --network none -e B=mine app "$work"
	rlc wait kept
	is "$out" 0 "$kind: a container changes its files"
	rlc run -d --rm --name thrown --network none -e B=mine app "$work && echo done && sleep 1000"
	logged_done() { as "$who" "$RLC" logs thrown | grep -qx "done"; }
	ok "$kind: so does one that is not kept" wait_for 10 logged_done
	for name in kept thrown; do
		rlc diff "$name"
		is "$out" "$changed" "$kind, $name: diff"
	done
	rlc diff --format json kept
	is "$(python3 -c 'import json,sys; print("\n".join("%s %s" % (c["Kind"], c["Path"]) for c in json.load(sys.stdin)))' <<<"$out")" \
		"$changed" "$kind: as JSON"

	# an attribute, from outside, for no program of the image's could write one
	pid=$(as "$who" "$RLC" inspect thrown | sed -n 's/.*"Pid": *\([0-9]*\).*/\1/p')
	setfattr -n user.colour -v green "/proc/$pid/root/opt/n"
	for name in kept thrown; do
		rlc commit -m "a message" -a Žofie -c 'CMD ["echo", "a b"]' -c 'ENV C="c c"' -c 'LABEL m=1' -c 'EXPOSE 80' \
			-c 'HEALTHCHECK --interval=90s --retries=2 CMD test -e /x' -c 'WORKDIR sub' -c 'STOPSIGNAL INT' \
			-c 'VOLUME ["/data"]' "$name" "made:$name"
		is "$status" 0 "$kind, $name: commit"
		# of what rlc mounts a container's root has the places alone
		exported "$name" | without_mounts >"$T/container" && exported "made:$name" | without_mounts >"$T/image"
		is "$(diff "$T/container" "$T/image")" "" \
			"$kind, $name: the image has the same files, owners, modes, times, attributes and links"
		like "$(grep '^opt/n' "$T/image")" "0o4755 5 6 2" "$kind, $name: owners are those inside"
	done
	like "$(cat "$T/image")" "user.colour.*green" "$kind: attributes are there"
	rlc run --network none --entrypoint sh made:kept -c 'cat /opt/n; ls /old /opt; echo $A $B $C; pwd'
	is "$(xargs <<<"$out")" "n /old: new other /opt: changed m n sub image mine c c /opt/sub" "$kind: it runs"
	rlc run --network none made:kept
	is "$out" "" "$kind: under the image's entrypoint"

	# what others think of it
	rlc save --format oci-archive -o "$T/tmp/made.tar" made:kept
	chmod 0644 "$T/tmp/made.tar"
	run skopeo inspect --config "oci-archive:$T/tmp/made.tar"
	is "$status" 0 "$kind: skopeo reads it"
	is "$(python3 -c '
import json, sys
config = json.load(sys.stdin)
wish = config["config"]
print(wish["Entrypoint"], wish["Cmd"], wish["Env"], wish["Labels"], wish["WorkingDir"], wish["StopSignal"], list(wish["ExposedPorts"]), list(wish["Volumes"]))
print(len(config["rootfs"]["diff_ids"]), config["author"], config["history"][-1]["comment"], len(config["history"]))' <<<"$out")" \
		"['sh', '-c'] ['echo', 'a b'] ['PATH=/bin', 'A=image', 'B=mine', 'C=c c'] {'l': 'image', 'm': '1'} /opt/sub INT ['80/tcp'] ['/data']
3 Žofie a message 3" "$kind: with all that was changed"
	rlc image inspect made:kept
	like "$(tr -d ' \n' <<<"$out")" '"Healthcheck":\{"Test":\["CMD-SHELL","test-e/x"\],"Interval":90000000000,.*"Retries":2' \
		"$kind: and its Healthcheck"
	rm -rf "$T/made" && mkdir "$T/made"
	run skopeo copy -q "oci-archive:$T/tmp/made.tar" "oci:$T/made/oci:x"
	run umoci unpack --image "$T/made/oci:x" "$T/made/bundle"
	is "$status" 0 "$kind: umoci unpacks it"
	is "$(cd "$T/made/bundle/rootfs" && find opt old d odd* same -printf '%p %y %m %U:%G %n\n' | sort)" "d d 755 0:0 3
d/e d 755 0:0 2
d/fifo p 644 0:0 1
d/l l 777 0:0 1
odd name d 700 0:0 2
old d 755 0:0 3
old/new d 755 0:0 2
old/other f 644 0:0 1
opt d 755 0:0 3
opt/changed f 644 0:0 1
opt/m f 4755 5:6 2
opt/n f 4755 5:6 2
opt/sub d 755 0:0 2
opt/sub/kept f 644 0:0 1
same d 700 0:0 2
same/file f 644 0:0 1" "$kind: to the same tree"
	rm -rf "$T/made" "$T/tmp/made.tar"

	# the image is gone: all files become one layer
	rlc rm -f thrown
	rlc rmi app made:kept made:thrown
	for image in $(as "$who" "$RLC" images -q); do rlc rmi -f "$image"; done
	rlc commit kept whole
	is "$status" 0 "$kind: a container whose image is gone is committed whole"
	exported kept | without_mounts >"$T/container"
	exported whole | without_mounts >"$T/image"
	is "$(diff "$T/container" "$T/image")" "" "$kind: with the same files"
	rlc rm kept

	# the built-in image, and directories
	rlc run -d --name built --network none $bb sh -c 'echo x >/new; rm /etc/shells'
	rlc wait built
	rlc run --network none -d --name odd $bb sh -c 'touch "/$(printf "a\\033[31m\\nb")"' $'\xff'
	rlc wait odd
	rlc diff odd
	is "$out" 'A /a\x1b[31m\nb' "$kind: a name is not for the terminal to obey"
	rlc diff --format json odd
	like "$out" '"Path":"/a.u001b.31m.u000ab"' "$kind: as JSON it is whole"
	rlc commit odd own:odd
	rlc image inspect --format '{{json .Config.Cmd}}' own:odd
	like "$out$err" ',"."\]$' "$kind: a word of its command that is no UTF-8 is replaced, as JSON wants it"
	rlc rm odd
	rlc diff built
	is "$(paste -sd, <<<"$out")" "C /etc,D /etc/shells,A /new" "$kind: diff of the built-in image"
	rlc commit built own:1
	rlc run --network none own:1 sh -c 'cat /new; ls /etc/shells; stat -c %a /tmp'
	is "$(paste -sd' ' <<<"$out")" "x 1777" "$kind: and an image of its own"
	rlc rm built
	cp -a "$base" "$T/dir-$kind" && chown -R "$who:" "$T/dir-$kind"
	rlc run -d --name over --network none --rootfs "$T/dir-$kind:O" sh -c 'echo x >/new; rm /same/file'
	rlc wait over
	rlc diff over
	is "$(paste -sd, <<<"$out")" "A /new,C /same,D /same/file" "$kind: diff of an overlay over a directory"
	rlc commit over own:2
	rlc run --network none own:2 sh -c 'cat /new; ls /same'
	is "$out" x "$kind: and an image of it"
	rlc rm over
	rlc run -d --name plain --network none --rootfs "$T/dir-$kind" sh -c 'echo x >/plain'
	rlc wait plain
	rlc diff plain
	refused "$kind: diff of a directory as it is" 'its root is no overlay'
	rlc export plain
	is "$status" 0 "$kind: which can be exported all the same"
	rlc rm plain

	# refusals leave nothing
	rlc run -d --name x --network none $bb true
	rlc wait x
	before=$(as "$who" "$RLC" images)
	rlc commit x 'Not A Name'
	refused "$kind: a bad name" 'Not A Name'
	for change in 'FROM x' 'ENV x' 'EXPOSE 99999' 'HEALTHCHECK --often CMD x' 'VOLUME data' "LABEL 'x"; do
		rlc commit -c "$change" x made:bad
		refused "$kind: the change '$change'" "change '$change'"
	done
	is "$(as "$who" "$RLC" images)" "$before" "$kind: no image was made"
	is "$(ls -A "$T/store-$who/tmp")" "" "$kind: and nothing is left in the store"
	rlc commit --pause=maybe x made:bad
	refused "$kind: a --pause that is neither" "--pause 'maybe'"
	rlc export nothing
	refused "$kind: export of nothing" "neither a container .* nor an image"
	rlc rm x
done

# What is left of it all goes with prune, but not what a container needs
theirs() { run as "$sub" "$RLC" "$@"; }
theirs pull "oci:$T/oci:app" && theirs tag "$out" app
theirs run -d --name ended --network none app true
theirs wait ended
theirs run -d --name lives --network none app 'sleep 1000'
theirs tag own:1 unused
theirs prune -f
is "$(as "$sub" "$RLC" ps -a --format '{{.Names}}')" lives "prune removes containers that have ended"
like "$(as "$sub" "$RLC" images --format '{{.Repository}}')" unused "but no image that has a name"
theirs prune -a -f
is "$(as "$sub" "$RLC" images --format '{{.Repository}}' | sort -u | xargs)" "app localhost/oci" "prune -a those that no container was made of"
theirs restart -t 0 lives
is "$status" 0 "what a container was made of is left"
theirs rm -f lives
theirs prune -af
is "$(find "$T/store-$sub"/{blobs/sha256,layers,names,tmp} -mindepth 1)" "" "and goes when it has gone"

# Other id maps: what is written is as it is inside
rlc() { run as "$sub" "$RLC" "$@"; }
uid=$(id -u "$sub")
for name in stopped running; do
	rlc run -d --name "$name" --userns=keep-id --network none -u 0 $bb sh -c "echo x >/new; chown $uid:77 /new; [ $name = stopped ] || sleep 1000"
	[ "$name" = running ] || rlc wait "$name"
	is_there() { as "$sub" "$RLC" export "$name" | tar -t | grep -q new; }
	wait_for 10 is_there
	as "$sub" "$RLC" export "$name" >"$T/export.tar"
	like "$(listing "$T/export.tar" | grep '^new ')" " $uid 77 " "keep-id, $name: an owner is who he is inside"
	rlc rm -f "$name"
done
rlc() { run as root "$RLC" "$@"; }
rlc pull "oci:$T/oci:app" && rlc tag "$out" app
for keep in true false; do
	rlc run -d --rm=$keep --name mapped --uidmap 0:2000000:65536 --network none app "$work; echo done; sleep 1000"
	logged_done() { as root "$RLC" logs mapped | grep -qx "done"; }
	wait_for 10 logged_done
	rlc diff mapped
	is "$out" "$changed" "root's own range of ids, --rm=$keep: diff"
	rlc commit mapped mapped:1
	as root "$RLC" export mapped:1 >"$T/export.tar"
	like "$(listing "$T/export.tar" | grep '^opt/n ')" "0o4755 5 6 2" "root's own range of ids, --rm=$keep: owners are those inside"
	rlc rm -f mapped
done

# A payload that puts links where directories were, while the walk goes on: nothing of the host gets in
echo "host secret" >"$T/secret" && chmod 0644 "$T/secret"
as "$sub" "$RLC" run -d --name hostile --network none $bb sh -c "mkdir /a /b; echo mine >/a/secret
	while :; do mv /a /c; ln -s $T /a; rm /a; mv /c /a; done" >/dev/null
for _ in 1 2 3 4 5 6 7 8; do
	as "$sub" "$RLC" export hostile 2>/dev/null | tar -xO --wildcards '*secret' 2>/dev/null
	as "$sub" "$RLC" diff hostile 2>/dev/null
done >"$T/seen"
nok "no file of the host's is in what was written" grep -q "host secret" "$T/seen"
as "$sub" "$RLC" rm -f hostile >/dev/null
no_leftovers "nothing is left"
done_testing
