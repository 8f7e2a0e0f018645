#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Forwarding l2 (direct server return) over both families, TCP and UDP: targets see the client's address and answer past the load balancer.
. "$(dirname "$0")/lib.sh"

lab_start 3
for target in t1 t2 t3; do
	on $target sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	on $target ip addr add $VIP4/32 dev lo
	on $target ip addr add $VIP6/128 dev lo nodad
done
check "the state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners: [{protocol: TCP_UDP, port: 9000, default_action: {forward: echo}}]
target_groups:
  - name: echo
    protocol: TCP_UDP
    port: 9000
    forwarding: l2
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 10.9.1.12, 10.9.1.13, 'fd09:1::11', 'fd09:1::12', 'fd09:1::13']
"
check "the targets become healthy" wait_healthy
check "4,000 TCP connections over IPv4" client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 4000
check "4,000 TCP connections over IPv6" client "$TOOLS/lab-connect" --to $VIP6 --port 9000 --from $FROM6 --sources 200 --count 4000
check "10,000 datagrams over IPv4: none lost, none misrouted" client "$TOOLS/lab-udp" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --sockets 500 --count 10000
check "10,000 datagrams over IPv6: none lost, none misrouted" client "$TOOLS/lab-udp" --to $VIP6 --port 9000 --from $FROM6 --sources 200 --sockets 500 --count 10000

client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from 198.51.100.240 --sources 1 --count 60 --seconds 6 >"$RUN/streams" &
streams=$!
wait_until 10 grep -q '^open' "$RUN/streams"
check_match "a target sees the client's own address" "198.51.100.240" "$(on t1 ss -tnH state established; on t2 ss -tnH state established; on t3 ss -tnH state established)"
check_match "leatctl flows knows them" "198.51.100.240" "$(ctl flows --client 198.51.100.240 --limit 100)"
check "a target leaves" ctl target remove echo 10.9.1.13
check_equal "answers do not pass through Leat" 0 "$(( $(verdict reply_tx) + $(verdict reply_redirect) ))"
check_wait "no stream breaks while the removed target drains" $streams
finish
