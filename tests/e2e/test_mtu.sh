#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The path to the targets takes 1400 bytes and both ends believe in 1500. In nat TCP is told by the MSS; everything else learns it from Leat's
# packet-too-big, in nat and in l2, over both families. And ICMP errors find their way through nat in both directions.
. "$(dirname "$0")/lib.sh"

L2_VIP4=203.0.113.11 L2_VIP6=2001:db8:10::11

lab_start 2
on t2 sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
on t2 ip addr add $L2_VIP4/32 dev lo
on t2 ip addr add $L2_VIP6/128 dev lo nodad
# Leat's end of the link alone: the targets go on announcing an MSS that fits 1500.
on lb ip link set back mtu 1400
check "the state is accepted" apply "
load_balancers:
  - name: translated
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners:
      - {protocol: TCP, port: 80, default_action: {forward: web}}
      - {protocol: UDP, port: 9000, default_action: {forward: echo}}
      - {protocol: UDP, port: 9999, default_action: {forward: closed}}
  - name: direct
    type: network
    addresses: [$L2_VIP4, '$L2_VIP6']
    listeners: [{protocol: TCP, port: 8080, default_action: {forward: web-l2}}]
target_groups:
  - name: web
    protocol: TCP
    port: 8080
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
  - name: web-l2
    protocol: TCP
    port: 8080
    forwarding: l2
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.12, 'fd09:1::12']
  - name: echo
    protocol: UDP
    port: 9000
    health_check: {protocol: TCP, port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
  - name: closed
    protocol: UDP
    port: 9999
    health_check: {protocol: TCP, port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
"
check "the targets become healthy" wait_healthy

head -c 1000000 /dev/urandom >"$RUN/upload"
upload() { client curl -sS -m 5 -H Expect: --data-binary "@$RUN/upload" -o /dev/null -w '%{http_code} %{size_upload}' "$1"; }
# told COUNT_BEFORE: how many packet-too-big there have been since
told() { echo $(($(verdict packet_too_big) - $1)); }
knows_mtu() { client ip route get "$1" | grep -q 'mtu 1400'; }

# mss HOST FILTER: what a host may send in a segment of its one connection, with the 12 bytes of timestamps
mss() { local host=$1; shift; on "$host" ss -Htino "$@" | awk '{ for (i = 1; i <= NF; i++) if (sub(/^mss:/, "", $i)) print $i + 12 }'; }
connected() { [ -n "$(mss t1 "sport = :8080 and src $1")" ]; }
clamped() { # DESCRIPTION VIP TARGET MSS
	local before holder vip=$2 target=$3
	[[ $2 != *:* ]] || { vip="[$2]" target="[$3]"; }
	before=$(verdict packet_too_big)
	client bash -c 'exec 3<>"/dev/tcp/$0/80"; exec sleep 1.5' "$2" &
	holder=$!
	check "$1: a connection is made" wait_until 3 connected "$target"
	check_equal "$1: the client was told what the path to the target carries" "$4" "$(mss client "dst $vip and dport = :80")"
	check_equal "$1: the target was told so, too" "$4" "$(mss t1 "src $target and sport = :8080")"
	wait $holder
	check_equal "$1: an upload of 1 MB arrives" "200 1000000" "$(upload "http://$vip/" 2>&1)"
	check_equal "$1: no segment was too long" 0 "$(told "$before")"
}
clamped "nat, IPv4" $VIP4 10.9.1.11 1360
clamped "nat, IPv6" $VIP6 fd09:1::11 1340
check "a smaller MSS may be set" ctl tg modify web --mss-maximum 1000
clamped "nat, IPv4, MSS 1000" $VIP4 10.9.1.11 1000

datagram_through() { # DESCRIPTION VIP
	local before
	before=$(verdict packet_too_big)
	client bash -c 'exec 3<>"/dev/udp/$0/9000"; head -c 1420 /dev/zero >&3; sleep 0.2' "$2"
	check_equal "$1: a datagram that is too long is answered" 1 "$(told "$before")"
	check "$1: the client knows the path's MTU now" knows_mtu "$2"
}
datagram_through "nat, IPv4" $VIP4
datagram_through "nat, IPv6" $VIP6

upload_through() { # DESCRIPTION URL VIP
	local before
	before=$(verdict packet_too_big)
	check_equal "$1: an upload of 1 MB arrives" "200 1000000" "$(upload "$2" 2>&1)"
	check_at_least "$1: because Leat told the path's MTU" 1 "$(told "$before")"
	check_at_most "$1: and not for every segment" 100 "$(told "$before")"
	check "$1: the client knows it now" knows_mtu "$3"
}
upload_through "l2, IPv4" "http://$L2_VIP4:8080/" $L2_VIP4
upload_through "l2, IPv6" "http://[$L2_VIP6]:8080/" $L2_VIP6

# A target's closed port: its error reaches the client's socket.
ask() { client timeout 3 bash -c 'exec 3<>"/dev/udp/$0/9999"; echo x >&3; read -t 2 -r answer <&3' "$1" 2>&1; }
check_match "nat, IPv4: the client is told that the target's port is closed" "refused" "$(ask $VIP4)"
check_match "nat, IPv6: the client is told that the target's port is closed" "refused" "$(ask $VIP6)"
check_at_least "errors of targets were translated" 2 "$(verdict icmp_to_client_redirect)"

# Clients that are gone when the answer comes: their errors reach the target, whose host finds nothing wrong with them.
server=$(cat "$RUN/t1.server.pid")
leave() { client bash -c 'for i in 1 2; do exec 3<>"/dev/udp/$0/9000"; echo x >&3; exec 3>&-; done' "$1"; }
kill -STOP "$server"
leave $VIP4
leave $VIP6
sleep 0.1
kill -CONT "$server"
counts() { on t1 nstat -asz "$1" | awk -v name="$1" '$1 == name { print $2 }'; }
to_target() { [ "$(verdict icmp_to_target_redirect)" -ge 2 ]; }
check "errors of clients were translated" wait_until 3 to_target
check_at_least "the target's host takes those over IPv4" 1 "$(counts IcmpInDestUnreachs)"
check_at_least "the target's host takes those over IPv6" 1 "$(counts Icmp6InDestUnreachs)"
check_equal "none had a wrong checksum" 0 "$(($(counts IcmpInCsumErrors) + $(counts Icmp6InCsumErrors)))"

lab stop KILL
check_match "without leatd, the client is told so all the same" "refused" "$(ask $VIP4)"
lab leatd
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
