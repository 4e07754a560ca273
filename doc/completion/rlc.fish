# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of rlc for fish: as the one for bash, it asks `rlc COMMAND --help=table`.

function __rlc_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l path
    set -l option ''
    set -l positional 0
    set -l rows (command rlc --help=table 2>/dev/null)

    for word in $words[2..-1]
        if test -n "$option"
            set option ''
        else if string match -q -- '-*' $word
            set option (printf '%s\n' $rows | awk -F '\t' -v w=$word \
                '$1 == "option" && ("--" $2 == w || "-" $3 == w) { print $4; exit }')
        else if printf '%s\n' $rows | awk -F '\t' -v w=$word '$1 == "command" && $2 == w { f = 1 } END { exit !f }'
            set -a path $word
            set rows (command rlc $path --help=table 2>/dev/null)
        else
            set positional (math $positional + 1)
        end
    end
    if test -z "$option"; and string match -q -- '-*' $current
        printf '%s\n' $rows | awk -F '\t' '$1 == "option" { print "--" $2 "\t" $6; if ($3 != "") print "-" $3 "\t" $6 }'
        return
    end
    if test -z "$option"
        set -l commands (printf '%s\n' $rows | awk -F '\t' '$1 == "command" { print $2 "\t" $4 }')
        if test (count $commands) -gt 0
            printf '%s\n' $commands
            return
        end
        set option (printf '%s\n' $rows | awk -F '\t' -v p=$positional \
            '$1 == "usage" { many = $3 ~ /\.\.\./ && $3 !~ /COMMAND/; sub(/ .*/, "", $3); if (p == 0 || many) print $3; exit }')
    end
    switch "$option"
        case '*CONTAINER*'
            command rlc ps -a --format '{{.Names}}' 2>/dev/null
            command rlc ps -aq 2>/dev/null
        case '*IMAGE*'
            command rlc images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null
            echo builtin:busybox
        case '*VOLUME*'
            command rlc volume ls -q 2>/dev/null
        case 'BRIDGE*'
            command rlc network ls --format '{{.Name}}' 2>/dev/null
        case LEVEL
            printf '%s\n' error warn info debug
        case FORMAT
            printf '%s\n' table json
        case BOOL
            printf '%s\n' true false
        case '*'
            __fish_complete_path $current
    end
end

complete -c rlc -f -a '(__rlc_complete)'
