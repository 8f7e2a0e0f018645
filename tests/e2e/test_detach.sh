#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# leatctl detach and taking the lab down leave nothing behind: no pin, link, address, route, process.
. "$(dirname "$0")/lib.sh"

lab up 2 || { not_ok "the lab did not start"; finish; }
before_addresses=$(on lb ip -o addr show | sort)
before_routes=$(on lb ip route show table all; on lb ip -6 route show table all)
lab leatd || { not_ok "leatd did not start"; finish; }
cat >"$RUN/two.yaml" <<EOT
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4, "$VIP6"]
    listeners: [{protocol: TCP_UDP, port: 9000, default_action: {forward: echo}}]
target_groups:
  - name: echo
    protocol: TCP_UDP
    port: 9000
    health_check: {interval_seconds: 1, timeout_seconds: 1}
    targets: [10.9.1.11, 10.9.1.12, "fd09:1::11", "fd09:1::12"]
EOT
check "a state is accepted" ctl apply -f "$RUN/two.yaml"
wait_healthy
check "traffic flows" client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from $FROM4 --sources 50 --count 200
check_match "the VIP is on the interface" "$VIP4" "$(on lb ip -o addr show dev front)"
check_match "the program is attached" "xdp" "$(on lb ip -o link show dev front)"
check "pins are there" test -e "$RUN/bpf/leat/nlb_ingress"

pid=$(cat "$RUN/lb.leatd.pid")
check "detach succeeds" ctl detach
gone() { [ ! -e "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"; }
check "leatd ends" wait_until 5 gone
check "no pin is left" test ! -e "$RUN/bpf/leat"
check_equal "no program is attached" "" "$(on lb ip -o link show | grep -o 'xdp' | head -n 1)"
check_equal "the addresses are what they were" "$before_addresses" "$(on lb ip -o addr show | sort)"
check_equal "so are the routes" "$before_routes" "$(on lb ip route show table all; on lb ip -6 route show table all)"
check_equal "the state is kept: a new start announces and forwards again" 0 "$(lab leatd >/dev/null && wait_healthy >/dev/null && client "$TOOLS/lab-connect" --to $VIP6 --port 9000 --from $FROM6 --sources 50 --count 200 >/dev/null; echo $?)"

lab stop KILL
check "after a SIGKILL 'leatd --detach' takes it down without a running leatd" on lb "$BUILD/leatd" --config "$RUN/leatd.yaml" --detach
check "no pin is left" test ! -e "$RUN/bpf/leat"
check_equal "and the addresses are what they were" "$before_addresses" "$(on lb ip -o addr show | sort)"

"$LAB" down "$LAB_NAME"
check_equal "the lab leaves no namespace" "" "$(ip netns list | grep "leat-$LAB_NAME" || true)"
check "no directory" test ! -e "$RUN"
check_equal "and no mount" "" "$(grep "$RUN" /proc/mounts || true)"
check_equal "and no process" "" "$(ps -eo stat,args | grep -v '^Z' | grep -F "$RUN" | grep -v grep || true)"
echo end
exit 0
