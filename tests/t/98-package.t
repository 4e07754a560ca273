#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian packages: lintian has nothing to say; installed, a user has containers with a network and ids; purged,
# nothing is left.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/debs.sh"
needs root mountns rlc subids tun busybox dpkg-buildpackage dh lintian setcap
user_with_subids

# --- built, but where tests/t/92-vm.t did that, or RLC_DEBS names a directory of packages that are to be tested ---

ok "they are built" debs_build
compgen -G "$debs/rlc_*.changes" >/dev/null || {
	fail "there are packages"
	diag "$(tail -n 30 "$debs/log")"
	done_testing
}
is "$(printf '%s\n' "$debs"/*.deb | wc -l)" 4 "there are rlc, rlc-newuidmap, and what debuggers want of both"

RUN_TIMEOUT=300
run lintian --allow-root --fail-on error,warning "$debs"/rlc_*.changes
is "$status" 0 "lintian has no error and no warning"
is "$(grep -v '^running with root' <<<"$out")" "" "nor anything else to say"

# --- installed, used, purged: over this system, in a container of root's ---

cat >"$T/inside" <<'END'
files() { find /usr /etc /var/lib /opt /srv /home -path /var/lib/dpkg -prune -o -path /usr/lib/sysimage -prune -o -print | sort; }
user() { setpriv --reuid "$sub" --regid "$sub" --init-groups env -i PATH=/usr/bin:/bin HOME=/tmp/home XDG_RUNTIME_DIR=/tmp/home "$@"; }
! command -v rlc || exit 9
rm -rf /var/lib/rlc # of this system
mkdir -m 700 /tmp/home && chown "$sub:" /tmp/home
files >/tmp/before
dpkg -i /debs/rlc_*.deb /debs/rlc-newuidmap_*.deb >/tmp/dpkg 2>&1
echo "install=$?"
getcap /usr/libexec/rlc/new?idmap
user rlc run builtin:busybox sh -c 'echo ids=$(id -u); ping -c 1 10.0.2.2 | grep received'
mount --bind /dev/null /usr/bin/newuidmap && mount --bind /dev/null /usr/bin/newgidmap
user rlc --log-level debug run --network none builtin:busybox sh -c 'echo mapped=$(wc -l </proc/self/uid_map)' 2>&1 | grep -e mapped -e tier
umount /usr/bin/newuidmap /usr/bin/newgidmap
rlc run --network none builtin:busybox echo root=$?
user TMPDIR=/var/tmp rlc selftest --only 'kernel/*' | grep -c '^ok'
user rlc-oci --version | head -n 1
man -w rlc-run >/dev/null 2>&1 || ls /usr/share/man/man1/rlc-run.1.gz
dpkg -P rlc-newuidmap rlc >>/tmp/dpkg 2>&1
echo "purge=$?"
files >/tmp/after
diff /tmp/before /tmp/after && echo "left=nothing"
! dpkg-query -W 'rlc*' 2>/dev/null
END
run as root "$RLC" run --privileged --network none --rootfs /:O -v "$debs:/debs:ro" -v "$T/inside:/mnt/inside:ro" \
	-v /dev/net/tun:/dev/net/tun --tmpfs /tmp -e sub="$sub" sh /mnt/inside
is "$status" 0 "a container of this system"
like "$out" 'install=0' "dpkg installs both"
like "$out" 'newgidmap cap_setgid=ep.*newuidmap cap_setuid=ep' "the shim has its two capabilities"
like "$out" $'ids=0\n1 packets transmitted, 1 packets received' "a user has a container with a network"
like "$out" 'idmap: tier 2.*mapped=2' "the shim maps where shadow's programs are not"
like "$out" 'root=0' "root has one, too"
like "$out" $'\n5\n' "isolation holds"
like "$out" $'\nrlc-oci' "rlc-oci is there"
like "$out" $'purge=0\nleft=nothing$' "purged, they leave no file"

done_testing
