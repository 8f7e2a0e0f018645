#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# leatd that can't start says in one sentence what to do and exits with 1.
. "$(dirname "$0")/lib.sh"

lab up 1 || { not_ok "the lab did not start"; finish; }

# refused DESCRIPTION REGEX COMMAND...
refused() {
	local description=$1 regex=$2 said status=0
	shift 2
	said=$(on lb timeout 20 "$@" 2>&1) || status=$?
	check_equal "$description: exit status 1" 1 "$status"
	check_match "$description: says what to do" "$regex" "$(tail -n 1 <<<"$said")"
}
settings() { # sed expressions over the lab's settings
	sed "$@" "$RUN/leatd.yaml" >"$RUN/other.yaml"
	echo "$RUN/other.yaml"
}

refused "a missing interface" "'eth9'.*exist" "$BUILD/leatd" --config "$(settings 's/\[front, back\]/[eth9]/')"
on lb ip link add nodrv0 type bridge
refused "a driver without native XDP" "nodrv0.*native XDP.*xdp_mode: generic" "$BUILD/leatd" --config "$(settings 's/\[front, back\]/[nodrv0]/')"
on lb ip link del nodrv0
refused "no root" "root" setpriv --reuid=65534 --regid=65534 --clear-groups "$BUILD/leatd" --config "$RUN/leatd.yaml"
refused "no bpffs" "mount -t bpf" "$BUILD/leatd" --config "$(settings "s|^bpffs:.*|bpffs: $RUN/state/nobpf|")"
refused "a kernel that is too old (as uname tells it)" "kernel 2\.6.* is too old: Leat needs Linux 6\.1" setarch --uname-2.6 "$BUILD/leatd" --config "$RUN/leatd.yaml"
refused "a missing settings file" "/nowhere.yaml" "$BUILD/leatd" --config /nowhere.yaml
refused "an unknown setting" "other.yaml:[0-9]+:.*unknown key 'intefaces'" "$BUILD/leatd" --config "$(settings 's/interfaces/intefaces/')"
refused "no interfaces" "interfaces" "$BUILD/leatd" --config "$(settings '/interfaces/d')"
on lb "$BUILD/leatd" --nonsense >/dev/null 2>&1
check_equal "an unknown option: exit status 2" 2 $?

check "a good start" lab leatd
refused "a second leatd" "pid [0-9]+" "$BUILD/leatd" --config "$RUN/leatd.yaml"
check "the first one goes on" ctl status
check_match "its privileges are reduced" "^cap_net_bind_service,cap_net_admin,cap_net_raw,cap_perfmon,cap_bpf$" \
	"$(capsh --decode="$(awk '/^CapEff/ { print $2 }' "/proc/$(cat "$RUN/lb.leatd.pid")/status")" | sed 's/.*=//')"
check_equal "no process of it can get them back" 1 "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$(cat "$RUN/lb.leatd.pid")/status")"
check_equal "the socket is for root and the group" 660 "$(stat -c %a "$RUN/leatd.sock")"
finish
