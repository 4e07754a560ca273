#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Detached containers of images: shown by the image's name, they hold its layers while they live, and are
# started again from them, if they are still there.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox
user_with_subids
leftovers_begin

umask 022
make_rootfs "$T/layers/base"
"$LIB/make-image.py" "$T/oci" --name app "$T/layers/base" --config '{"Cmd": ["sh", "-c", "echo hello; exec sleep 1000"], "WorkingDir": "/srv"}' >/dev/null

said_twice() { [ "$(as "$who" "$RLC" logs one)" = hello$'\n'hello ]; }

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc() { run as "$who" "$RLC" "$@"; }

	rlc pull "oci:$T/oci:app"
	rlc tag "$out" app
	rlc run -d --name one --network none app
	is "$status $err" "0 " "$kind: run -d of an image"
	rlc ps --format '{{.Image}} {{.Command}}'
	like "$out" '^app "sh -c echo hello' "$kind: ps has its name and command"
	rlc exec one pwd
	is "$out" /srv "$kind: exec starts in the image's directory"
	rlc stop one
	rlc start one
	is "$status$err" "0" "$kind: started again from its layers"
	ok "$kind: and it says the same" wait_for 10 said_twice
	rlc stop one
	rlc rmi -f app
	rlc images -q
	for image in $out; do rlc rmi -f "$image"; done
	rlc image prune
	rlc start one
	is "$status" 0 "$kind: its layers stay for a container that is kept, though the image is gone"
	rlc rm -f one
	is "$status" 0 "$kind: it is removed"
	rlc image prune
	like "$out" '^layer:' "$kind: and its layers go with the next sweep"
done
done_testing
