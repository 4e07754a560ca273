#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the documents tell a reader to type works. A block of code is run, line by line, unless the comment before it
# says otherwise: <!-- no commands: WHAT --> or <!-- run by FILE -->, a test that does the same.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs root mountns rlc rlc_image userns subids tun busybox world
user_with_subids
eval "_world_hosts_of_old() $(declare -f _world_hosts | tail -n +2)"
_world_hosts() { _world_hosts_of_old && printf '%s deb.debian.org\n' 203.0.113.80 2001:db8:2::80; }
world_up || fail "no world"

# --- what the documents take for granted ---

bb=builtin:busybox
home=$T/home-$sub
user=(in_host --user "$sub" -C "$home" PATH="$T/bin:/usr/bin:/bin")
make_rootfs "$T/tree" "$sub"
echo 12.5 >"$T/tree/etc/debian_version"
tar -C "$T/tree" --numeric-owner -cf "$home/debian.tar" .
chown "$sub:" "$home/debian.tar"
run "${user[@]}" sh -ec 'rlc import debian.tar debian:12 && rlc save -o docker.tar debian:12'
is "$status" 0 "there are images: $err"
# an engine that has an image and a container
cat >"$T/bin/docker" <<END
#!/bin/sh
case \$1 in save) cat "$home/docker.tar" ;; export) cat "$home/debian.tar" ;; esac
END
chmod 755 "$T/bin/docker"

# --- the blocks, as files NUMBER.block: document and line, comment, text ---

blocks() { # DOCUMENT
	awk -v document="$1" '
		/^```/ && !inside { inside = 1; start = NR; language = substr($0, 4); comment = previous ~ /^<!--/ ? previous : ""; text = ""; next }
		/^```/ { inside = 0; printf "%s:%d\037%s\037%s\037%s\n", document, start, language, comment, text; next }
		inside { gsub(/\\/, "\\\\"); gsub(/\t/, "\\t"); text = text $0 "\\n" }
		/[^ ]/ { previous = $0 }' "$1"
}

# One command line, as typed; $where for messages
type_line() {
	case $1 in
	*Ctrl-C*)
		run "${user[@]}" timeout -s INT 3 bash -c "$1"
		[ "$status" != 130 ] && [ "$status" != 124 ] || status=0
		;;
	*) run "${user[@]}" bash -c "$1" ;;
	esac
	is "$status" 0 "$where: $1"
}

# Lines with a prompt are commands, others are what they print; without any prompt all are commands.
type_block() { # TEXT
	local line inside='' prompts

	prompts=$(grep -c '^\$ ' <<<"$1")
	while IFS= read -r line; do
		case $line in
		'$ rlc run') inside=1 ;; # and what is typed into it
		'/ # exit') [ -z "$inside" ] || run "${user[@]}" timeout 30 rlc run -i $bb sh -e <<<"${inside#1}"
			is "$status" 0 "$where: what is typed inside" ;;
		'/ # '*) inside+=${line#/ # }$'\n' ;;
		'$ '*) type_line "${line#\$ }" ;;
		'' | '#'*) ;;
		*) [ "$prompts" -gt 0 ] || type_line "$line" ;;
		esac
	done <<<"$1"
}

cd "$SRCDIR" || exit 1
documents=(README.md HACKING.md ARCHITECTURE.md doc/*.md)
for document in "${documents[@]}"; do
	[ "$document" != doc/formats.md ] || run "${user[@]}" rlc run -d --name web --health-cmd true $bb sleep 1000
	while IFS=$'\037' read -r where language comment text; do
		text=$(printf %b "$text")
		case $language:$comment in
		c:*) ;;
		*:'<!-- no commands: '?*' -->') pass "$where has no commands: ${comment:18:-4}" ;;
		*:'<!-- run by '*' -->')
			file=${comment#<!-- run by } file=${file% -->}
			ok "$where: there is $file" test -s "$file"
			while read -r word _; do
				word=${word##*[/=]}
				grep -qF -- "$word" "$file" tests/lib/*.sh || fail "$where: $file knows nothing of $word"
			done < <(sed 's/ *#.*//; s/^\$ //; s/^[A-Z]*=[^ ]* //' <<<"$text" | grep '^[a-z.]')
			;;
		sh:)
			run "${user[@]}" bash -c "$text"
			is "$status$err" 0 "$where: the script"
			scripted=$out
			;;
		:)
			type_block "$text"
			;;
		*) fail "$where: a block in '$language' after '$comment' is not known here" ;;
		esac
	done < <(blocks "$document")
done
run "${user[@]}" rlc rm -f web
ok "the documents have commands" test "$test_count" -gt 20

# what both of doc/walk.md print
is "$scripted" "$(sed -n '/^walk$/,/process$/p' doc/walk.md)" "doc/walk.md: the container by hand is what rlc makes"

# --- what they mention on the way, and what hints advise, exists ---

mentioned() { # standard input: lines that begin with rlc; prints those whose command or options there are not
	local span command sub options word

	while read -r span; do
		read -r _ command sub options < <(sed -E 's/[|&;<>].*//; s/^rlc( --(root|store|log-level|log-format) [^ ]+)*/rlc/' <<<"$span")
		[[ $command == [a-z]* ]] || continue
		"$RLC" "$command" --help=table >"$T/table" 2>/dev/null || echo "$span"
		[[ $sub != [a-z]* ]] || ! grep -q ^command "$T/table" ||
			"$RLC" "$command" "$sub" --help=table >"$T/table" 2>/dev/null || echo "$span"
		while read -r word; do
			[ "$word" = --help ] || cut -f 1-2 "$T/table" | grep -qx "option.${word#--}" || echo "$span"
		done < <(grep -oE -- '--[a-z-]+' <<<"$sub $options")
	done
}
is "$(cat "${documents[@]}" | grep -o '`rlc [^`]*`' | tr -d '`' | sort -u | mentioned)" "" "commands and options that documents mention"
is "$(sed 's/\\-/-/g; s/\\fR.*//' doc/man/*.roff | grep -oE '(^|\.B )  *rlc [a-z].*|^rlc [a-z-]+ .*' | sed 's/^\.B *//; s/^ *//' |
	sort -u | mentioned)" "" "and manual pages"
is "$(grep -o 'RLC-[A-Z][0-9]*' src/base/hint.c | while read -r code; do "$RLC" check --explain "$code"; done |
	grep fix: | grep -v 'an rlc' | grep -oE '\brlc (--[a-z]+ [^ ]+ )?[a-z][^;:)…]*' | sort -u | mentioned)" "" "and hints"

# --- what is refused looks as they say ---

tun_mode 0600
run in_host --user "$sub" "$RLC" run $bb true
tun_mode 0666
for document in README.md ARCHITECTURE.md; do
	is "$(grep -A 2 '^rlc: network: open ./dev/net/tun' $document)" "$err" "$document: a refusal"
done

# --- the recorded session, and the picture ---

install -m 755 doc/record "$T/bin/record" # the sources may be where the user cannot go
run "${user[@]}" "$T/bin/record" "$T/bin/rlc"
is "$status" 0 "the session can be recorded: $err"
typed() { /usr/bin/python3 -c '
import json, re, sys
for line in list(sys.stdin)[1:]:
    print(json.loads(line)[2].split("\r\n")[0])'; }
is "$(typed <<<"$out")" "$(typed <doc/session.cast)" "and has the commands of doc/session.cast"
ok "doc/architecture.svg is a picture" /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
sys.exit(not tree.parse("doc/architecture.svg").getroot().tag.endswith("}svg"))'
links=
for document in "${documents[@]}"; do
	while read -r target; do
		[ -e "$(dirname "$document")/${target%%#*}" ] || links+=" $document:$target"
	done < <(grep -oE '\]\([^)#:]+\)' "$document" | sed 's/^](//; s/)$//')
done
is "$links" "" "links lead to what is there"
done_testing
