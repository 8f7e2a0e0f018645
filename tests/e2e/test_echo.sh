#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# VIPs answer ping: announced or not, of every size that fits a frame, whether their targets are well or not, with and without leatd; and no more
# often than allowed. Addresses that are no VIP stay the host's.
. "$(dirname "$0")/lib.sh"

QUIET4=203.0.113.20 QUIET6=2001:db8:10::20

lab_start 1
# No interface has these: without Leat nobody answers for them.
client ip route add $QUIET4 via 10.9.0.1
client ip -6 route add $QUIET6 via fd09:0::1
check "the state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]
  - name: quiet
    type: network
    announce: none
    addresses: [$QUIET4, '$QUIET6']
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]
target_groups:
  - name: web
    protocol: TCP
    port: 8080
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
"
check "the targets become healthy" wait_healthy

pings() { # DESCRIPTION ADDRESS...
	local description=$1 address
	shift
	for address in "$@"; do
		check "$description: $address" client ping -c2 -i0.1 -W2 "$address"
	done
}
all=("$VIP4" "$VIP6" "$QUIET4" "$QUIET6")
replies=$(verdict echo_reply)
pings "a VIP answers" "${all[@]}"
check_equal "it was Leat that answered" 8 "$(($(verdict echo_reply) - replies))"
check_equal "the interface does not have the VIP that is not announced" "" "$(on lb ip -o addr show to $QUIET4)"
for size in 0 1 1471 1472; do
	check "$size bytes of data come back over IPv4" client ping -c1 -W2 -s $size -p 5a $QUIET4
done
check "1452 bytes of data come back over IPv6" client ping -c1 -W2 -s 1452 -p 5a $QUIET6
check_match "with TTL 64" "ttl=64" "$(client ping -c1 -W2 $QUIET4)"

replies=$(verdict echo_reply)
pings "the host answers for its own address" 10.9.0.1 fd09:0::1
check_equal "and Leat leaves it to the host" 0 "$(($(verdict echo_reply) - replies))"

# ICMP echo is the program's as packets are: no leatd, no target.
lab kill t1
is_down() { [ "$(target_state web 10.9.1.11:8080)" = unhealthy ]; }
check "the target is down" wait_until 15 is_down
pings "with all targets down" "${all[@]}"
lab stop KILL
pings "without leatd" "${all[@]}"
lab leatd

client timeout 20 ping -q -f -c 20000 $QUIET4 >"$RUN/flood" 2>&1
check_at_least "a flood is answered in part" 100 "$(awk '/received/ { print $4 }' "$RUN/flood")"
limited() { [ "$(verdict echo_limited)" -gt 0 ]; }
check "and limited in part" wait_until 3 limited
sleep 0.2
pings "after it VIPs answer as before" $VIP4 $QUIET6
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
