#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a new user does wrong: each mistake has one message that names the object and the cause, in one form.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image userns subids busybox python3
user_with_subids

bb=builtin:busybox
mkdir -m 755 "$T/directory"
install -d -m 700 -o 54321 "$T/nobody"
echo text >"$T/file"
tar -C "$T" -cf "$T/root.tar" file
rlc() { run as "$sub" "$RLC" "$@"; }
# wrong REGEX ARGUMENT…
wrong() {
	local regex=$1

	shift
	rlc "$@"
	refused "rlc ${*@Q}" "$regex"
	unlike "$err" $'[.!]($|\n)|^rlc: [A-Z][a-z]|\u201c|in the rootfs|SIG[A-Z]+$' "rlc ${*@Q}: in the form of all"
}

# --- words ---

wrong "run 'logn': no such command; did you mean 'rlc logs'" logn
wrong "run 'volume lss': no such command; did you mean 'rlc volume ls'" volume lss
wrong "run 'image': a command is missing; 'rlc image --help'" image
wrong "run 'build': .*rlc commit" build .
wrong "run 'create': .*rlc run --detach" create app
wrong "run 'login': .*rlc pull" login
wrong "parse '--rot': no such option; did you mean --root" --rot=x ps
wrong "parse '-itx': no such option; 'rlc --help'" -itx ps
wrong "parse '--root': it needs a value" --root
wrong "parse --root '': the directory is empty" --root '' ps
wrong "parse --log-level 'loud': not one of error, warn, info, debug" --log-level loud ps
wrong "parse --log-format 'xml': not one of text, json" --log-format xml ps
wrong "parse '--al': no such option; did you mean --all" ps --al
wrong "parse '-Z': no such option; 'rlc ps --help'" ps -Z
wrong "read options of ps: cannot parse integer value 'x' for -n" ps -n x
wrong "read options of ps: missing argument for -n; 'rlc ps --help' explains them" ps -n
wrong "read arguments of ps: it takes none" ps x
wrong "read arguments of logs: some are missing; they are CONTAINER" logs
wrong "parse --filter 'foo=bar': there are id=.*label=" ps -f foo=bar
wrong "'asleep' is no status: created, .*exited" ps -f status=asleep
wrong "parse '--netwrk': no such option; did you mean --network" run --netwrk none
wrong "parse '--frobnicate': no such option; 'rlc run --help'" run --frobnicate
run as "$sub" RLC_LOG_LEVEL=loud "$RLC" ps
refused "a variable" "parse RLC_LOG_LEVEL 'loud'"

# For programs: an object each, with a hint's parts
fields() { /usr/bin/python3 -c 'import json, sys; [print(*map(json.loads(line).get, sys.argv[1:])) for line in sys.stdin]' "$@" <<<"$err"; }
run as "$sub" "$RLC" --log-format json run --rootfs "$T/none" true
is "$status $(fields level code msg)" "125 error RLC-R01 rootfs: open '$T/none': No such file or directory" "JSON: a message"
like "$(fields why fix)" 'a rootfs is .* mkdir -p ' "JSON: its hint"
run as "$sub" RLC_LOG_FORMAT=json "$RLC" image inspect $'no\n"image'
is "$status $(fields level | sort -u)" "125 error" "JSON: any text, by the variable"
run as "$sub" RLC_LOG_FORMAT=xml "$RLC" ps
refused "a variable" "parse RLC_LOG_FORMAT 'xml'"

run as "$sub" "$RLC" help volume ls
is "$status ${out%%$'\n'*}" "0 Usage: rlc volume ls [OPTION...]" "help of a command of a group"

# --- values ---

wrong "parse --network 'foo': mode 'foo' is not slirp" run --network foo
wrong "parse --network 'container:': not of the form container:NAME" run --network container:
wrong "join: use '/etc/passwd': not a namespace" run --network ns:/etc/passwd $bb true
wrong "publish: use --publish: with --network none" run --network none -p 80 $bb true
wrong "parse --publish '80:80/sctp': protocol 'sctp'" run -p 80:80/sctp
wrong "parse --publish '::1:80:80': an IPv6 address stands in brackets" run -p ::1:80:80
wrong "parse --volume '/tmp:x': destination 'x' is not an absolute path" run -v /tmp:x
wrong "parse --volume '/tmp:/x:foo': unknown option 'foo'" run -v /tmp:/x:foo
wrong "volumes: open '/nope', to be mounted on '/x': No such file" run --network none -v /nope:/x $bb true
wrong "parse --mount 'type=bind,source=/tmp': 'destination' is missing" run --mount type=bind,source=/tmp
wrong "parse --memory '10x': not a size" run -m 10x
wrong "parse --cpus 'x': not a number of processors" run --cpus x
wrong "parse --blkio-weight '5': not a weight from 10 to 1000" run --blkio-weight 5
wrong "process: find user 'nope': the container's /etc/passwd" run --network none -u nope $bb true
wrong "parse --add-host 'x': not of the form NAME:ADDRESS" run --add-host x
wrong "parse --sysctl 'x': not of the form NAME=VALUE" run --sysctl x
wrong "sysctl: set 'kernel.foo=1': no parameter of a namespace" run --network none --sysctl kernel.foo=1 $bb true
wrong "write the --pidfile '/nope/x': open '/nope'" run --network none --pidfile /nope/x $bb true
wrong "parse --env-file 'nope': open: No such file" run --env-file nope

# --- files and images ---

wrong "seccomp: '$T/file': read the profile: line 1, column 4" run --network none --security-opt "seccomp=$T/file" $bb true
wrong "open '$T/directory': Is a directory" load -i "$T/directory"
wrong "read '$T/file': unpack the archive: " load -i "$T/file"
wrong "read '$T/root.tar': it is no archive of images, .*rlc import" load -i "$T/root.tar"
wrong "read '$T/file': unpack the archive: " import "$T/file" x
wrong "open '$T/directory': Is a directory" import "$T/directory" x
wrong "open '$T/directory/index.json': No such file" pull "oci:$T/directory"
wrong "read '$T/file': unpack the archive: " pull "oci-archive:$T/file"
wrong "read '$T/directory': Is a directory" pull "oci-archive:$T/directory"
wrong "parse --tls-verify 'maybe': neither true nor false" pull --tls-verify maybe localhost:1/x
wrong "parse --force 'yes': neither true nor false" rm --force=yes x
wrong "container 'x': none has this name" rm --force=false x
wrong "fetch image 'localhost:1/x': get 'https://localhost:1/v2/x/manifests/latest': Failed to connect" pull localhost:1/x
rlc import "$T/root.tar" small
wrong "find image 'nope' for linux/arm64: .*: rlc pull --platform linux/arm64 nope" run --pull never --platform linux/arm64 nope
wrong "find image 'nope': it is not in the store; 'rlc images'" rmi nope
wrong "find image 'builtin:busybox': it is not in the store, for it is a part of rlc" tag $bb x
wrong "make '/nope/x': No such file" save -o /nope/x $bb
wrong "read image name 'UPPER': " pull UPPER

# --- containers ---

rlc run -d --name ended --network none $bb true
rlc wait ended
for words in "exec ended true" "top ended" "cp ended:/etc/passwd ." "port ended"; do
	# shellcheck disable=SC2086 # words
	wrong "find container 'ended': it has ended; 'rlc start'" $words
done
wrong "find container 'nope': none that runs has this name.*'rlc ps'" exec nope true
wrong "find container 'nope': none has this name.*'rlc ps -a'" logs nope
wrong "take the name 'ended': container .* has it" run --name ended --network none $bb true
rlc rm ended
rlc run -d --name lives --network none $bb sleep 1000
wrong "wait for the health of 'lives': it has no check \(run --health-cmd\)" wait --condition healthy lives
wrong "remove container 'lives': it is running; stop it, or use --force" rm lives
for seconds in -5 -1 1.5 '' forever; do
	for verb in stop restart; do
		wrong "parse --time '$seconds': not a number of seconds; to wait without end, 'rlc kill --signal TERM'" \
			$verb -t "$seconds" lives
	done
done
rlc ps -q --filter name=lives
isnt "$out" "" "and none of them ends it"
rlc rm -f lives
run env -u HOME setpriv --reuid 54321 --regid 54321 --clear-groups "$RLC" --root "$T/nobody" ps
is "$status $err" "0 " "who has no home directory and no name hears nothing of it"
for home in '' relative; do
	run as "$sub" HOME=$home env -u RLC_STORE "$RLC" info --format '{{.StoreRoot}}'
	like "$out" '^/.*/.local/share/rlc$' "HOME='$home' is none: the store is where the user's is"
done
wrong "open the store '$T/file': Not a directory .RLC-S02" --store "$T/file" images

# --- what cannot be written ---

run as "$sub" sh -c 'exec "$0" save small >/dev/full' "$RLC"
refused "rlc save on a full device" "^rlc: write '/dev/full': No space left on device .RLC-S03"
for words in --help version ps "run --help" "ps --help" "images --format json"; do
	# shellcheck disable=SC2086 # words
	run as "$sub" sh -c 'exec "$0" "$@" >/dev/full' "$RLC" $words
	refused "rlc $words on a full device" "^rlc: write to standard output: No space left on device"
done

# --- the form, in the source ---

is "$(cd "$SRCDIR" && perl -0777 -ne '
	while (/\berror_(?:set|errno)\((?:[^"()]|\([^()]*\))*((?:"(?:\\.|[^"\\])*"\s*)+)/g) {
		my $text = join "", $1 =~ /"((?:\\.|[^"\\])*)"/g;
		print "$ARGV: $text\n" if $text =~ /^[A-Z][a-z]|[^.][.!]$|\\n/;
	}' src/*/*.c helpers/*/*.c)" "" "texts of errors begin in lower case, end without a full stop, and are one line"
done_testing
