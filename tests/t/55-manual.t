#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command has help, a manual page and completion, and they say the same.
. "$(dirname "$0")/../lib/lib.sh"
needs rlc busybox mandoc zsh fish

man=$T/man
ok "the manual pages can be made" "$SRCDIR/doc/man/generate" "$RLC" "$man" "$BUILD/rlc-oci"

commands_of() { "$RLC" "$@" --help=table | awk -F '\t' '$1 == "command" { print $2 }'; }
options_of() { "$RLC" "$@" --help=table | awk -F '\t' '$1 == "option" { print "--" $2 }'; }

all=()
collect() { # WORD…
	local command

	for command in $(commands_of "$@"); do
		all+=("${*:+$* }$command")
		collect "$@" "$command"
	done
}
collect
ok "there are commands" test ${#all[@]} -gt 25

for command in "${all[@]}"; do
	read -ra words <<<"$command"
	run "$RLC" "${words[@]}" --help
	is "$status" 0 "$command: --help"
	is "$err" "" "$command: says nothing else"
	like "$out" "Usage:" "$command: tells its usage"
	name=$("$RLC" "${words[@]}" --help=table | awk -F '\t' '$1 == "usage" { print $2 }')
	page=$man/rlc-${name// /-}.1
	ok "$command: has a page" test -s "$page"
	missing=
	for option in $(options_of "${words[@]}"); do
		[[ $out == *"$option"* ]] || missing+=" help:$option"
		grep -qF -- "${option//-/\\-}" "$page" || missing+=" page:$option"
	done
	is "$missing" "" "$command: help and page have every option"
	title=rlc-${name// /-}
	grep -qF "${title//-/\\-}" "$man/rlc.1" "$man"/rlc-*.1
	is $? 0 "$command: its page is found from another"
done

# no date, so that the pages of one version are always the same
is "$(mandoc -Tlint -Wwarning "$man"/*.[158] 2>&1 | grep -v 'missing date')" "" "the pages are in order"
SOURCE_DATE_EPOCH=86400 "$SRCDIR/doc/man/generate" "$RLC" "$T/dated" "$BUILD/rlc-oci"
is "$(mandoc -Tlint -Wwarning "$T/dated"/*.1 2>&1)" "" "with a date, too"

# --- completion ---

mkdir "$T/path"
ln -s "$RLC" "$T/path/rlc"
export RLC_ROOT=$T/state RLC_STORE=$T/store
"$RLC" run -d --name sleeper --network none builtin:busybox sleep 1000 >/dev/null
when_finished "$RLC" rm -f sleeper

in_bash() { # WORD…: the last is what the cursor is behind
	PATH=$T/path:$PATH bash -c '. "$0"; COMP_WORDS=(rlc "$@"); COMP_CWORD=$#; COMPREPLY=(); _rlc
		printf "%s\n" "${COMPREPLY[@]}"' "$SRCDIR/doc/completion/rlc" "$@"
}

in_zsh() {
	PATH=$T/path:$PATH zsh -fc 'compadd() { local -a from; while (($#)); do
			case $1 in -d) shift ;; -a) from=(${(P)2}); shift ;; -l) ;; *) from+=($1) ;; esac; shift
		done; print -l -- ${(M)from:#$PREFIX*}; }
		_files() { :; }; _signals() { return 1; }
		file=$1; shift; words=(rlc "$@"); CURRENT=$(($# + 1)); PREFIX=$words[CURRENT]; source $file' \
		zsh "$SRCDIR/doc/completion/_rlc" "$@"
}

in_fish() {
	PATH=$T/path:$PATH HOME=$T fish --no-config -c 'source $argv[1]; complete -C "rlc $argv[2..-1]"' \
		"$SRCDIR/doc/completion/rlc.fish" "$@" | cut -f1
}

for shell in bash zsh fish; do
	complete() { "in_$shell" "$@"; }
	is "$(complete ren)" rename "$shell: a command"
	is "$(complete "" | sort | xargs)" "$(commands_of | sort | xargs)" "$shell: all commands"
	is "$(complete image pru)" prune "$shell: a command of a group"
	is "$(complete run --zzz)" "" "$shell: nothing where there is nothing"
	is "$(complete run --hostn)" --hostname "$shell: an option"
	is "$(complete run -- 2>/dev/null | grep '^--' | sort -u | xargs)" "$(options_of run | sort -u | xargs)" \
		"$shell: all options of run"
	is "$(complete exec --env A=1 --wor)" --workdir "$shell: behind an option with a value"
	is "$(complete --log-level inf)" info "$shell: a value"
	is "$(complete stop sle)" sleeper "$shell: a container"
	is "$(complete run builtin:)" builtin:busybox "$shell: an image"
done
done_testing
