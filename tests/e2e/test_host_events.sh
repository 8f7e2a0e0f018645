#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What happens to a host while traffic runs: MACs that change, links that flap, addresses, MTUs, gateways and routes that change, interfaces that are
# taken away and made anew. Every event says how many milliseconds flows were without an answer, and the same flows go on afterwards.
. "$(dirname "$0")/lib.sh"

L2_VIP4=203.0.113.11 L2_VIP6=2001:db8:10::11
FAR_VIP4=203.0.113.12 FAR_VIP6=2001:db8:10::12
FAR4=10.9.9.15 FAR6=fd09:9::15

lab_start 5
in_ns() { local host=$1; shift; ip -n "leat-$LAB_NAME-$host" "$@"; }

# t2 serves mode l2. t3 and t4 are gateways to t5, which is not on the switch any more.
on t2 sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
in_ns t2 addr add $L2_VIP4/32 dev lo
in_ns t2 addr add $L2_VIP6/128 dev lo nodad
in_ns t5 link set eth0 down
for gw in 3 4; do
	on t$gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns t$gw link add far type veth peer name gw$gw netns "leat-$LAB_NAME-t5"
	in_ns t$gw link set far up
	in_ns t5 link set gw$gw up
	on t$gw ethtool -K far tx off >/dev/null 2>&1
	on t5 ethtool -K gw$gw tx off >/dev/null 2>&1
	in_ns t$gw addr add 10.9.3$gw.1/24 dev far
	in_ns t$gw addr add fd09:3$gw::1/64 dev far nodad
	in_ns t5 addr add 10.9.3$gw.15/24 dev gw$gw
	in_ns t5 addr add fd09:3$gw::15/64 dev gw$gw nodad
	in_ns t$gw route add $FAR4 via 10.9.3$gw.15
	in_ns t$gw route add $FAR6 via fd09:3$gw::15
done
in_ns t5 addr add $FAR4/32 dev lo
in_ns t5 addr add $FAR6/128 dev lo nodad
in_ns t5 route replace default via 10.9.33.1
in_ns t5 -6 route replace default via fd09:33::1
far_via() { # HOST: the gateway to the remote target
	in_ns lb route replace $FAR4 via 10.9.1.1$1
	in_ns lb route replace $FAR6 via fd09:1::1$1
}
far_via 3
# As a network daemon would keep them; the kernel itself drops IPv6 addresses of a link that is set down.
on lb sysctl -qw net.ipv6.conf.front.keep_addr_on_down=1 net.ipv6.conf.back.keep_addr_on_down=1

check "the state is accepted" apply "
load_balancers:
  - {name: translated, type: network, addresses: [$VIP4, '$VIP6'], listeners: [{protocol: TCP_UDP, port: 9000, default_action: {forward: near}}]}
  - {name: direct, type: network, addresses: [$L2_VIP4, '$L2_VIP6'], listeners: [{protocol: TCP_UDP, port: 9000, default_action: {forward: l2}}]}
  - {name: remote, type: network, addresses: [$FAR_VIP4, '$FAR_VIP6'], listeners: [{protocol: TCP_UDP, port: 9000, default_action: {forward: far}}]}
target_groups:
  - {name: near, protocol: TCP_UDP, port: 9000, targets: [10.9.1.11, 'fd09:1::11'],
     health_check: {port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}}
  - {name: l2, protocol: TCP_UDP, port: 9000, forwarding: l2, targets: [10.9.1.12, 'fd09:1::12'],
     health_check: {port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}}
  - {name: far, protocol: TCP_UDP, port: 9000, targets: [$FAR4, '$FAR6'],
     health_check: {port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}}
"
wait_healthy

# Flows that run through all of it: three ways, both families, both protocols.
sets=()
for way in "nat $VIP4 $VIP6 10" "l2 $L2_VIP4 $L2_VIP6 20" "far $FAR_VIP4 $FAR_VIP6 30"; do
	set -- $way
	for protocol in udp tcp; do
		sets+=(--flows "$1-$protocol-4,$protocol,$2,9000,198.51.100.$4,4" --flows "$1-$protocol-6,$protocol,$3,9000,2001:db8:c::$4,4")
	done
done
(exec nsenter --net="/run/netns/leat-$LAB_NAME-client" -- "$TOOLS/lab-outage" "${sets[@]}" >"$RUN/outage" 2>"$RUN/outage.err") &
flows=$!
check "all flows are answered" wait_until 10 grep -q '^ready' "$RUN/outage"

marks() { grep -c '^mark' "$RUN/outage"; }
# mark: asks for a report of the time since the last one; prints it
mark() {
	local n
	n=$(($(marks) + 1))
	kill -USR1 $flows
	until [ "$(marks)" = $n ]; do sleep 0.01; done
	awk -v n=$n '/^mark/ { m++; next } m == n - 1 && /outage_ms/' "$RUN/outage"
}
worst() { awk -v p="$1" '$1 ~ p && $3 > w { w = $3 } END { print w + 0 }'; }
# after EVENT WAY UDP_LIMIT TCP_LIMIT: waits until every flow is answered again and says how long the worst was not. WAY: regular expression of the sets
# that the event concerns; the others must not notice. TCP's own waiting between retransmissions is part of its figure.
after() {
	local event=$1 way=$2 report all
	sleep 1 # what an event breaks may break late: a MAC is believed until the next look
	wait_until 12 settle
	report=$(cat "$RUN/settled")
	note "$event: UDP $(worst "($way)-udp" <<<"$report") ms, TCP $(worst "($way)-tcp" <<<"$report") ms without an answer at worst"
	check_at_most "$event: ms that UDP flows were without an answer" "$3" "$(worst "($way)-udp" <<<"$report")"
	check_at_most "$event: ms that TCP flows were without an answer" "$4" "$(worst "($way)-tcp" <<<"$report")"
	check_equal "$event: sets of flows that were looked at" 12 "$(grep -c outage_ms <<<"$report")"
	check_equal "$event: flows that are not answered afterwards" 0 "$(awk '{ n += $5 - $7 } END { print n + 0 }' <<<"$report")"
	[ "${5:-}" = broken ] || check_equal "$event: connections that broke" 0 "$(awk '{ n += $9 } END { print n + 0 }' <<<"$report")"
}
# Looks without taking the marks apart: collects reports until all are alive, keeping the worst of each set.
: >"$RUN/settled"
settle() {
	local now
	now=$(mark)
	awk 'FILENAME != "-" { w[$1] = $3; b[$1] = $9; next }
	     { if (w[$1] > $3) $3 = w[$1]; $9 += b[$1]; print }' "$RUN/settled" - <<<"$now" >"$RUN/settled.new"
	mv "$RUN/settled.new" "$RUN/settled"
	awk '$5 != $7 { bad = 1 } END { exit bad }' "$RUN/settled"
}
begin() {
	wait_until 10 all_healthy
	sleep 0.3
	mark >/dev/null
	: >"$RUN/settled"
}
hop() { ctl target list "$1" -o json | jq -r '[.targets[].next_hop] | unique | join(" ")'; }
hop_is() { [ "$(hop "$1")" = "$2" ]; }
status_says() { ctl status | grep -qE "$1"; }

# ---- neighbours ----
begin
for host in t1 t2; do on $host sysctl -qw net.ipv4.conf.eth0.arp_notify=1 net.ipv6.conf.eth0.ndisc_notify=1; done
in_ns t1 link set eth0 address 02:00:00:00:11:01
in_ns t2 link set eth0 address 02:00:00:00:11:02
after "targets with new MACs that they announce" "nat|l2" 1500 2500
on t1 sysctl -qw net.ipv4.conf.eth0.arp_notify=0 net.ipv6.conf.eth0.ndisc_notify=0
on t2 sysctl -qw net.ipv4.conf.eth0.arp_notify=0 net.ipv6.conf.eth0.ndisc_notify=0
begin
in_ns t1 link set eth0 address 02:00:00:00:12:01
in_ns t2 link set eth0 address 02:00:00:00:12:02
after "targets with new MACs that nobody announces" "nat|l2" 6000 9000

# ---- links ----
begin
in_ns lb link set back down
check "status names the interface that is down" wait_until 2 status_says "interface 'back' is down"
check "target list names the reason" hop_is near link-down
check_at_least "packets meanwhile have their reason" 1 "$(ctl stats --drops -o json | jq '[.verdicts[] | select(.verdict == "no_next_hop")][0].packets // 0')"
sleep 0.5
in_ns lb link set back up
far_via 3
after "the link to the targets set down for a second" "nat|l2|far" 4500 6000
begin
in_ns sw link set port0 down
check "a lost carrier is named too" wait_until 2 status_says "interface 'back' is down"
sleep 0.5
in_ns sw link set port0 up
after "the link to the targets without carrier for a second" "nat|l2|far" 4500 6000
begin
in_ns lb link set front down
check "status names the interface that is down" wait_until 2 status_says "interface 'front' is down"
sleep 0.5
in_ns lb link set front up
in_ns lb route add 198.51.100.0/24 via 10.9.0.2
in_ns lb route add 2001:db8:c::/64 via fd09:0::2
after "the link to the clients set down for a second" "nat|l2|far" 4500 6000

# ---- MTU ----
big() { # VIP FAMILY: a datagram of 1450 bytes that may not be fragmented; what the client's kernel knows of the path afterwards
	client python3 - "$1" "$2" <<-'EOT'
		import socket, sys, time
		v6 = sys.argv[2] == "6"
		s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(41 if v6 else 0, 23 if v6 else 10, 2)  # IPV6_MTU_DISCOVER, IP_MTU_DISCOVER: do
		s.connect((sys.argv[1], 9000))
		for i in range(3):
		    try: s.send(b"x" * (1400 if v6 else 1420))
		    except OSError: pass
		    time.sleep(0.1)
		print(s.getsockopt(41 if v6 else 0, 24 if v6 else 14))
	EOT
}
begin
in_ns lb link set back mtu 1400
sleep 0.2
check_equal "the link's new MTU is told to IPv4 clients" 1400 "$(big $VIP4 4)"
check_equal "the link's new MTU is told to IPv6 clients" 1400 "$(big $VIP6 6)"
in_ns lb link set back mtu 1500
after "the MTU of the link to the targets, lowered and raised" "nat|l2|far" 1500 2500
begin
in_ns lb route replace $FAR4 via 10.9.1.13 mtu 1320
in_ns lb route replace $FAR6 via fd09:1::13 mtu 1320
sleep 0.2
check_equal "a route's MTU is told to IPv4 clients" 1320 "$(big $FAR_VIP4 4)"
check_equal "a route's MTU is told to IPv6 clients" 1320 "$(big $FAR_VIP6 6)"
far_via 3
after "the MTU of a route, set and taken back" "far" 1500 2500

# ---- gateways and routes ----
begin
far_via 4
check "the new gateway is shown" wait_until 2 hop_is far "via 10.9.1.14 via fd09:1::14"
after "another gateway to a remote target" "far" 1500 2500
begin
in_ns t4 link set eth0 address 02:00:00:00:12:04
after "a gateway with a new MAC that nobody announces" "far" 6000 9000
begin
in_ns lb route del $FAR4
in_ns lb route replace blackhole $FAR4
in_ns lb route del $FAR6
check "target list names what the routes say" wait_until 2 hop_is far "blackhole no-route"
check "so does status" status_says "'far/$FAR4:9000' has no next hop: the host's route to the address is a blackhole"
sleep 0.5
in_ns lb route del blackhole $FAR4
far_via 4
after "no route to a remote target for a second" "far" 3500 5000
begin
in_ns lb route replace $FAR4 nexthop via 10.9.1.13 nexthop via 10.9.1.14
in_ns lb route del $FAR6
in_ns lb -6 route add $FAR6 nexthop via fd09:1::13 nexthop via fd09:1::14
wait_until 2 eval '[[ "$(hop far)" == via* ]]'
used=$(hop far | grep -q "10.9.1.13" && echo 3 || echo 4)
in_ns sw link set port$used down
after "one of two gateways of a multipath route dies" "far" 9000 14000
in_ns sw link set port$used up
in_ns lb route del $FAR6
far_via 3

# ---- addresses ----
begin
in_ns lb addr del 10.9.1.1/24 dev back
in_ns lb addr del fd09:1::1/64 dev back
in_ns lb addr add 10.9.1.101/24 dev back
in_ns lb addr add fd09:1::101/64 dev back nodad
far_via 3
for address in 10.9.1.1 fd09:1::1; do
	check "flows from $address, which nobody answers for any more, end" wait_until 5 \
		grep -q "source: $address is not an address of this host any more: its flows end" "$RUN/lb.leatd.log"
done
sleep 1
after "the address that targets see is another one" "nat|far" 2500 3500 broken
check_equal "connections in nat were told so, and are open again" 16 "$(awk '/^(nat|far)-tcp/ { n += $9 } END { print n + 0 }' "$RUN/settled")"
check_equal "those in l2 know nothing of it" 0 "$(awk '/^l2/ { n += $9 } END { print n + 0 }' "$RUN/settled")"
in_ns lb addr add 10.9.1.1/24 dev back
in_ns lb addr add fd09:1::1/64 dev back nodad

# ---- interfaces made anew, with another index and another MAC ----
begin
in_ns lb link del back
check "status says that an interface is missing" wait_until 2 status_says "interface 'back' is not attached: no such interface"
in_ns lb link add back type veth peer name port0 netns "leat-$LAB_NAME-sw"
on lb ethtool -K back tx off >/dev/null 2>&1
on sw ethtool -K port0 tx off >/dev/null 2>&1
in_ns sw link set port0 master br0 up
in_ns sw link set dev port0 xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
in_ns lb link set back up
for n in 101 1; do # the flows' source is 10.9.1.101 since then
	in_ns lb addr add 10.9.1.$n/24 dev back
	in_ns lb addr add fd09:1::$n/64 dev back nodad
done
far_via 3
after "the interface to the targets deleted and made anew" "nat|l2|far" 5000 8000
begin
in_ns lb link del front
check "status says that an interface is missing" wait_until 2 status_says "interface 'front' is not attached: no such interface"
in_ns client link add eth0 type veth peer name front netns "leat-$LAB_NAME-lb"
on client ethtool -K eth0 tx off >/dev/null 2>&1
on lb ethtool -K front tx off >/dev/null 2>&1
in_ns client link set eth0 up
in_ns client link set dev eth0 xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
in_ns lb link set front up
in_ns client addr add 10.9.0.2/24 dev eth0
in_ns client addr add fd09:0::2/64 dev eth0 nodad
in_ns lb addr add 10.9.0.1/24 dev front
in_ns lb addr add fd09:0::1/64 dev front nodad
in_ns lb route add 198.51.100.0/24 via 10.9.0.2
in_ns lb route add 2001:db8:c::/64 via fd09:0::2
in_ns client route add 203.0.113.0/24 dev eth0 src 10.9.0.2
in_ns client route add 2001:db8:10::/64 dev eth0 src fd09:0::2
after "the interface to the clients deleted and made anew" "nat|l2|far" 6000 9000

kill $flows
wait $flows
check_equal "bytes of connections that were not the ones sent" 0 "$(tail -13 "$RUN/outage" | awk '/outage_ms/ { n += $11 } END { print n + 0 }')"
note "drops: $(ctl stats --drops -o json | jq -c '[.verdicts[] | {(.verdict): .packets}] | add')"
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
