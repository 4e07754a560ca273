#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# doc/formats.md is true: whatever a command prints as JSON is described there, with its type, and whatever is
# described is printed. And --format of a text picks the same members everywhere.
RLC_TEST_NETNS=1
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3
ip link set lo up
leftovers_begin

bb=builtin:busybox
export RLC_STORE=$T/store
rlc() { run "$RLC" "$@"; }

# Containers and images that between them have a value for every member
tar -C "$SRCDIR" -cf "$T/root.tar" COPYING
rlc import "$T/root.tar" app:1
is "$status$err" 0 "an image"
rlc run -d --name rich --network slirp -p 127.0.0.1:0:80 -l a=b --annotation c=d --device /dev/null -v named:/data -v /etc:/x:ro \
	--health-cmd 'echo x; false' --health-interval 50ms -u 1:1 -h host -w /tmp $bb sleep 1000
is "$status$err" 0 "a container with much"
rlc run -d --name plain --network none $bb sleep 1000
rlc volume create -l e=f other
rlc run --rm=false --name ended --network none $bb sh -c 'kill -9 $$'
"$RLC" wait --condition unhealthy rich
"$RLC" exec plain touch /tmp/new
ip link add rlcfmt0 type bridge && ip address add 10.231.77.1/24 dev rlcfmt0 && ip link set rlcfmt0 up
rlc run -d --name bridged --network bridge:rlcfmt0 $bb sleep 1000
is "$status$err" 0 "a container on a bridge"

# Texts are bytes, in whatever locale
for locale in C C.UTF-8 de_DE.ISO-8859-1; do
	run env LC_ALL="$locale" "$RLC" ps --filter name=plain --format '{{.Names}} → Ж'
	is "$out$err" "plain → Ж" "a template with letters that are not ASCII's, LC_ALL=$locale"
done
run env LC_ALL=C "$RLC" volume ls -q --filter label=Ж
is "$status$out$err" 0 "a filter with one"

# compare SECTION: JSON, or lines of it, on standard input
cat >"$T/compare" <<'PYTHON'
import json, re, sys

text = open(sys.argv[1]).read()
section = re.search(r"^## " + re.escape(sys.argv[2]) + r"\n(.*?)(?=^## |\Z)", text, re.M | re.S)
if not section:
    sys.exit(f"there is no section '{sys.argv[2]}'")
described = dict(re.findall(r"^\| ([A-Z]\S*) \| (.*?) \|", section.group(1), re.M))
opaque = "Config" if sys.argv[2] == "rlc image inspect" else None
kinds = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number", type(None): "null"}
seen = {}

def walk(value, path):
    if path:
        seen.setdefault(path, set()).add(kinds[type(value)])
    if path and path == opaque:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            walk(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for element in value:
            walk(element, path + "[]")

for line in sys.stdin:
    value = json.loads(line)
    for element in value if isinstance(value, list) else [value]:
        walk(element, "")
for path, types in seen.items():
    if path not in described:
        print(f"{path} is not described")
    elif not types <= set(described[path].split(" or ")):
        print(f"{path} is {sorted(types)}, not {described[path]}")
for path in described.keys() - seen.keys():
    print(f"{path} is described, but not there")
PYTHON
agrees() { # SECTION WORD…
	local section=$1

	shift
	is "$("$RLC" "$@" | python3 "$T/compare" "$SRCDIR/doc/formats.md" "$section" 2>&1 | sort)" "" "rlc $*"
}
agrees "rlc ps" ps -a --format json
agrees "rlc images" images --format json
agrees "rlc events" events --format json
agrees "rlc top" top --format json rich
agrees "rlc stats" stats --no-stream --format json
agrees "rlc diff" diff --format json plain
agrees "rlc port" port --format json rich
agrees "rlc network ls" network ls --format json
agrees "rlc network ls" network inspect rlcfmt0
agrees "rlc volume ls" volume ls --format json
agrees "rlc volume ls" volume inspect named other
agrees "rlc info" info --format json
agrees "rlc version" version --format json
agrees "rlc check" check --format json
agrees "rlc inspect" inspect rich plain ended bridged
agrees "rlc image inspect" image inspect app:1

# Every command that has --format, but those that mean something else by it, has a section
missing=
for command in $("$RLC" help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'); do
	for sub in '' ls inspect; do
		# shellcheck disable=SC2086 # two words or one
		"$RLC" $command $sub --help 2>/dev/null | grep -q -- '{{\.NAME' || continue
		name="rlc $command${sub:+ $sub}"
		[ -z "$sub" ] || "$RLC" "$command" --help | grep -q "^  $sub " || continue
		case $name in
		"rlc network inspect" | "rlc volume inspect") name="${name% *} ls" ;; # the same
		"rlc image ls") name="rlc images" ;;
		esac
		grep -qx "## $name" "$SRCDIR/doc/formats.md" || missing+="$name, "
	done
done
is "$missing" "" "every command with --format has a section"

# The same members in a text, and a table of them
rlc ps --format '{{.Names}} {{.State}} {{.Labels}} {{.exitcode}}' -a --sort names
is "$out" $'bridged running  0\nended stopped  137\nplain running  0\nrich running a=b 0' "a text"
rlc ps -a --sort names --format 'table {{.Names}}\t{{.State}}'
is "$out" $'NAMES    STATE\nbridged  running\nended    stopped\nplain    running\nrich     running' "a table"
rlc inspect -f '{{.Name}}\t{{.Config.User}} {{json .Config.Labels}} {{json .State.Verdict}}' rich
is "$out" $'rich\t1:1 ["a=b"] null' "inspect"
rlc images --format '{{.Repository}}:{{.Tag}}'
is "$out" app:1 "images"
rlc version -f '{{.Version}}'
like "rlc $out" "^$("$RLC" version | head -n 1)$" "version"
for words in "ps" "images" "top plain" "events" "port rich" "network ls" "volume ls" "stats --no-stream" "info" "version" "inspect plain"; do
	# shellcheck disable=SC2086 # words
	rlc $words --format 'x {{.Nothing}}'
	refused "$words: a member that does not exist" "column 5: there is no 'Nothing' here, but "
	# shellcheck disable=SC2086 # words
	rlc $words --format xml
	refused "$words: a form that does not exist" "parse --format 'xml'"
done

# ps: which, and in which order
ids() { "$RLC" ps "$@" --format '{{.Names}}' | paste -sd,; }
is "$(ids)" bridged,plain,rich "the newest first"
is "$(ids -n 2),$(ids -l)" "bridged,ended,bridged" "--last, --latest"
is "$(ids --filter label=a),$(ids --filter label=a=b),$(ids --filter label=a=c)" "rich,rich," "--filter label"
is "$(ids --filter name=plain --filter name=rich)" plain,rich "one of several names"
is "$(ids --filter name=plain --filter status=stopped)" "" "but all of several kinds"
is "$(ids --filter exited=137),$(ids --filter status=exited)" ended,ended "--filter exited, status"
is "$(ids --filter ancestor=$bb | tr , '\n' | wc -l)" 4 "--filter ancestor"
is "$(ids --filter health=unhealthy)" rich "--filter health"
is "$(ids -a --sort names)" bridged,ended,plain,rich "--sort names"
rlc ps --filter status=asleep
refused "a state that does not exist" "'asleep' is no status"

rlc rm -fa
rlc volume rm named other
rlc rmi app:1
ip link del rlcfmt0
no_leftovers "nothing is left"
done_testing
