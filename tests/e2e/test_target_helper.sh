#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# leat-target on real hosts: packets that a tunnel entry other than Leat encapsulated (tools/lab/lab-encap) reach real servers, in every
# family combination of IPIP and GUE, at XDP and tc; the client is answered directly. Second hop between two targets. What up does, down
# takes back; status finds what is wrong; refusals are one sentence.
. "$(dirname "$0")/lib.sh"

TARGET=$BUILD/leat-target
CHUNK=16384 # bytes of an upload that are echoed at a time: many full segments

target() { # HOST ARGS...
	local host=$1 command=$2
	shift 2
	on "$host" "$TARGET" "$command" "$@" --bpffs "$RUN/bpf/$host" --state-dir "$RUN/$host.state"
}
status_json() { target "$1" status -o json; }
counter() { status_json "$1" | jq -r --arg n "$2" '.counters[] | select(.name == $n) | .packets'; }
problems() { status_json "$1" | jq -r '.problems[].problem'; }

# The entry: everything to the VIPs goes through it. encap ARGS... (of lab-encap)
encap() {
	local i
	encap_stop
	nsenter --net="/run/netns/leat-$LAB_NAME-lb" -- "$TOOLS/lab-encap" --tun leat0 "$@" >"$RUN/encap" 2>&1 &
	encap_pid=$!
	wait_until 5 grep -q ready "$RUN/encap" || { not_ok "lab-encap $*"; cat "$RUN/encap"; return; }
	on lb ip route replace 203.0.113.0/24 dev leat0
	on lb ip -6 route replace 2001:db8:10::/64 dev leat0
}
encap_pid='' too_long=0
encap_stop() {
	[ -n "$encap_pid" ] || return 0
	kill -TERM $encap_pid 2>/dev/null
	wait $encap_pid 2>/dev/null
	encap_pid=''
	too_long=$((too_long + $(value "$RUN/encap" too_long)))
}

# upload VIP: 20 chunks, each compared with what the server echoes
upload() {
	client timeout 10 bash -c "exec 3<>/dev/tcp/$1/9000; read -r name <&3
		for i in {1..20}; do cat $RUN/chunk >&3; head -c $CHUNK <&3 | cmp - $RUN/chunk || exit 1; done"
}

works() { # DESCRIPTION VIP FROM KIND
	local before passed
	before=$(counter t1 "$4") passed=$(counter t1 passed)
	check "$1: 100 TCP connections" client "$TOOLS/lab-connect" --to "$2" --port 9000 --from "$3" --sources 20 --count 100
	check "$1: 200 datagrams, none lost" client "$TOOLS/lab-udp" --to "$2" --port 9000 --from "$3" --sources 20 --sockets 50 --count 200 --rate 2000
	check "$1: an upload of full segments arrives whole" upload "$2"
	check_at_least "$1: counted as $4" $((before + 600)) "$(counter t1 "$4")"
	check_at_most "$1: and as nothing else" $((passed + 50)) "$(counter t1 passed)"
}

every_combination() { # NAME
	too_long=0
	encap --to 10.9.1.11
	works "$1: IPv4 in IPv4" $VIP4 $FROM4 ip4_in_ip4
	works "$1: IPv6 in IPv4" $VIP6 $FROM6 ip6_in_ip4
	encap --to fd09:1::11
	works "$1: IPv4 in IPv6" $VIP4 $FROM4 ip4_in_ip6
	works "$1: IPv6 in IPv6" $VIP6 $FROM6 ip6_in_ip6
	encap --to 10.9.1.11 --gue
	works "$1: IPv4 in GUE over IPv4" $VIP4 $FROM4 ip4_in_gue4
	works "$1: IPv6 in GUE over IPv4" $VIP6 $FROM6 ip6_in_gue4
	encap --to fd09:1::11 --gue --alternate fd09:1::12
	works "$1: IPv4 in GUE over IPv6 with an alternate" $VIP4 $FROM4 ip4_in_gue6
	works "$1: IPv6 in GUE over IPv6 with an alternate" $VIP6 $FROM6 ip6_in_gue6
	encap_stop
	check_equal "$1: no packet was too long for the path (MSS)" 0 $too_long
}

setup_of() { # HOST: what up may change
	on "$1" ip -o addr show dev lo | awk '{ print $4 }'
	on "$1" ip route show table local type local | grep -v 'proto kernel'
	on "$1" sysctl -a 2>/dev/null | grep -E 'conf\.(all|eth0)\.(arp_ignore|arp_announce|rp_filter)'
	on "$1" tc qdisc show dev eth0
	on "$1" tc filter show dev eth0 ingress 2>/dev/null | sed 's/\[[0-9]*\]//; s/ id [0-9]*//' # a replaced program has another id
	on "$1" ip link show dev eth0 | grep -o 'xdp.*'
	ls -d "$RUN/bpf/$1" 2>/dev/null
}

refused() { # DESCRIPTION EXIT REGEX COMMAND...
	local description=$1 exit=$2 regex=$3 output status=0
	shift 3
	output=$("$@" 2>&1 >/dev/null) || status=$?
	check_equal "$description: exit status" "$exit" $status
	check_match "$description: the sentence" "^leat-target: .*$regex" "$output"
}

# A connection that stays open while the entry changes: it echoes once, waits for the file, echoes again. Result in $RUN/hop.
open_stream() { # VIP
	rm -f "$RUN/hop" "$RUN/switched"
	client timeout 20 bash -c "
		exec 3<>/dev/tcp/$1/9000
		read -r name <&3 && echo one >&3 && read -r -t 5 first <&3 && echo \"\$name \$first\" >$RUN/hop
		while [ ! -e $RUN/switched ]; do sleep 0.05; done
		echo two >&3 && read -r -t 5 second <&3 && echo \"\$second\" >>$RUN/hop" 2>/dev/null &
	stream=$!
	wait_until 5 grep -q one "$RUN/hop"
}
end_stream() { touch "$RUN/switched"; wait $stream 2>/dev/null; }

second_hop() { # NAME VIP HOME ENTRY ALTERNATE: the connection lives on HOME (t2); then its packets come to t1
	local before
	encap --to "$3" --gue
	open_stream "$2"
	before=$(counter t1 second_hop_forwarded)
	encap --to "$4" --gue --alternate "$5"
	end_stream
	check_equal "second hop, $1: the connection goes on" "t2 one two" "$(tr '\n' ' ' <"$RUN/hop" | sed 's/ $//')"
	check_at_least "second hop, $1: counted" $((before + 1)) "$(counter t1 second_hop_forwarded)"
	check "second hop, $1: new connections are t1's own" client "$TOOLS/lab-connect" --to "$2" --port 9000 --from "$6" --sources 5 --count 20
}

lab up 2 || { not_ok "the lab did not start"; finish; }
on lb sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
client ip route replace 203.0.113.0/24 via 10.9.0.1 src 10.9.0.2
client ip -6 route replace 2001:db8:10::/64 via fd09:0::1 src fd09:0::2
head -c $CHUNK /dev/urandom >"$RUN/chunk"
UP="--vip $VIP4 $VIP6 --interface eth0"
fresh=$(setup_of t1)

# ---- every kind, at both hooks ----
check "up" target t1 up $UP
check_equal "a veth driver has native XDP" xdp "$(status_json t1 | jq -r '.interfaces[0].mode')"
every_combination xdp
check "up again, with --mode tc: replaced in place" target t1 up $UP --mode tc
check_equal "status says so" tc "$(status_json t1 | jq -r '.interfaces[0].mode')"
check_equal "XDP is off the interface" "" "$(on t1 ip link show dev eth0 | grep -o 'prog/xdp')"
every_combination tc
check_equal "nothing is wrong" "" "$(problems t1)"
check_equal "nothing was damaged" 0 "$(status_json t1 | jq '[.counters[] | select(.name | IN("none", "outer_bad", "inner_bad", "gue_unknown", "edit_refused", "merged")) | .packets] | add')"

check "up with --mss off" target t1 up $UP --mss off
encap --to fd09:1::11 --gue
upload $VIP4 >/dev/null 2>&1
encap_stop
check_at_least "then segments are too long for the path: the check above can fail" 1 $too_long
check "up again" target t1 up $UP

# ---- what GRO merged, at tc: the queue is held back so that segments meet ----
merged() { # DESCRIPTION VIP KIND: an upload arrives whole in fewer packets than were sent
	local before=$(counter t1 "$3")
	check "GRO, $1: an upload arrives whole" upload "$2"
	check_at_most "GRO, $1: in merged packets" 200 $(($(counter t1 "$3") - before))
}
check "up with --mode tc" target t1 up $UP --mode tc
on t1 ethtool -K eth0 gro on
ip netns exec "leat-$LAB_NAME-t1" sh -c 'echo 2000000 >/sys/class/net/eth0/gro_flush_timeout; echo 2 >/sys/class/net/eth0/napi_defer_hard_irqs'
encap --to 10.9.1.11
merged "IPv4 in IPv4" $VIP4 ip4_in_ip4
merged "IPv6 in IPv4" $VIP6 ip6_in_ip4
encap --to fd09:1::11
merged "IPv4 in IPv6" $VIP4 ip4_in_ip6
merged "IPv6 in IPv6" $VIP6 ip6_in_ip6
on t1 ethtool -K eth0 gro off
ip netns exec "leat-$LAB_NAME-t1" sh -c 'echo 0 >/sys/class/net/eth0/gro_flush_timeout; echo 0 >/sys/class/net/eth0/napi_defer_hard_irqs'
check "up again" target t1 up $UP

# ---- ECN ----
encap --to 10.9.1.11 --tos 3
before=$(counter t1 ecn_dropped)
client timeout 3 bash -c "exec 3<>/dev/tcp/$VIP4/9000" 2>/dev/null
check_at_least "congestion marked outside a packet without ECN: dropped, counted" $((before + 1)) "$(counter t1 ecn_dropped)"

# ---- second hop ----
check "t1 with --second-hop" target t1 up $UP --second-hop
check "t2 with --second-hop, at tc" target t2 up $UP --second-hop --mode tc
second_hop "IPv4" $VIP4 10.9.1.12 10.9.1.11 10.9.1.12 $FROM4
second_hop "IPv6" $VIP6 fd09:1::12 fd09:1::11 fd09:1::12 $FROM6
second_hop "IPv4, then IPv6" $VIP4 10.9.1.12 10.9.1.11 fd09:1::12 $FROM4
second_hop "IPv6, then IPv4" $VIP6 10.9.1.12 fd09:1::11 10.9.1.12 $FROM6
check "t1 at tc" target t1 up $UP --second-hop --mode tc
second_hop "at tc" $VIP4 10.9.1.12 10.9.1.11 10.9.1.12 $FROM4
before=$(counter t1 unknown_connection)
encap --to 10.9.1.12 --gue
open_stream $VIP4
encap --to 10.9.1.11 --gue
end_stream
check_equal "without an alternate the connection is reset" "t2 one" "$(cat "$RUN/hop")"
check_at_least "and counted as unknown" $((before + 1)) "$(counter t1 unknown_connection)"
encap_stop

# ---- status finds what is wrong, up mends it ----
on t1 ip addr del $VIP4/32 dev lo
on t1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
on t1 tc filter del dev eth0 ingress
on t1 ip addr add 10.9.1.77/24 dev eth0
on t1 ip link set eth0 mtu 1400
found=$(problems t1)
check_match "status: VIP" "VIP '$VIP4' is not on loopback" "$found"
check_match "status: sysctl" "net.ipv4.conf.*arp_ignore is 0, not 1" "$found"
check_match "status: program" "interface 'eth0': the tc filter of ingress is gone" "$found"
check_match "status: a new address" "address '10.9.1.77' is newer than the setup" "$found"
check_match "status: MTU" "the MTU is 1400 now" "$found"
check_match "each with its cure" "cure: run 'leat-target up' again" "$(target t1 status)"
check "up again" target t1 up $UP --second-hop --mode tc
check_equal "mended" "" "$(problems t1)"
on t1 ip link set eth0 mtu 1500
on t1 ip addr del 10.9.1.77/24 dev eth0

# ---- idempotence, down ----
before=$(setup_of t1)
check "up once more" target t1 up $UP --second-hop --mode tc
check_equal "changes nothing" "$before" "$(setup_of t1)"
check "another set of VIPs" target t1 up --vip $VIP4 203.0.113.128/25 --interface eth0
check_equal "a VIP that is not wanted any more is gone" "" "$(on t1 ip -6 addr show dev lo | grep $VIP6)"
check_match "a prefix is local" "local 203.0.113.128/25" "$(on t1 ip route show table local)"
check "down" target t1 down
check_equal "everything is as it was before" "$fresh" "$(setup_of t1)"
check "down twice is no error" target t1 down
check_equal "status: nothing is set up" '{"up":false}' "$(status_json t1 | jq -c .)"

# ---- l2; what was there before stays ----
on t1 ip addr add $VIP4/32 dev lo
on t1 sysctl -qw net.ipv4.conf.eth0.rp_filter=1
check_match "l2: a strict rp_filter is told" "rp_filter: 1 -> 2 \(strict would drop" "$(target t1 up $UP --l2)"
check_equal "l2: no program" "" "$(on t1 ip link show dev eth0 | grep -o 'prog/xdp'; on t1 tc qdisc show dev eth0 clsact)"
client ip route add $VIP4/32 dev eth1
client ping -c 1 -W 1 $VIP4 >/dev/null 2>&1
check_match "l2: no target answers ARP for the VIP" "FAILED|INCOMPLETE" "$(client ip neigh show $VIP4 dev eth1)"
check "l2: down" target t1 down
check_equal "rp_filter is strict again" 1 "$(on t1 sysctl -n net.ipv4.conf.eth0.rp_filter)"
check_match "a VIP that was there before up stays" "$VIP4" "$(on t1 ip addr show dev lo)"
client ip neigh flush dev eth1
client ping -c 1 -W 1 $VIP4 >/dev/null 2>&1
check_match "without leat-target it is answered: the check above can fail" "lladdr" "$(client ip neigh show $VIP4 dev eth1)"
client ip route del $VIP4/32 dev eth1
on t1 ip addr del $VIP4/32 dev lo
on t1 sysctl -qw net.ipv4.conf.eth0.rp_filter=0

# ---- refusals ----
refused "no such interface" 1 "interface 'eth9' does not exist" target t1 up --vip $VIP4 --interface eth9
refused "loopback" 1 "interface 'lo': packets from a load balancer don't arrive there" target t1 up --vip $VIP4 --interface lo
refused "the VIP is an interface's" 1 "VIP '10.9.1.11' is an address of interface 'eth0'" target t1 up --vip 10.9.1.11 --interface eth0
refused "no bpf file system" 1 "is not on a bpf file system: mount one" on t1 "$TARGET" up $UP --bpffs "$RUN/none" --state-dir "$RUN/t1.state"
on t1 ip link add plain0 type bridge
on t1 ip link set plain0 up
refused "no native XDP" 1 "interface 'plain0': native XDP refused: .*--mode tc works" target t1 up --vip $VIP4 --interface plain0 --mode xdp
check_equal "a refused up leaves nothing behind" "$fresh" "$(setup_of t1)"
check_match "auto falls back to tc, and says so" "no native XDP .*, so tc" "$(target t1 up --vip $VIP4 --interface plain0)"
check "down" target t1 down
pass=$BUILD/tools/lab/lab-pass.bpf.o
on t1 ip link set dev eth0 xdp obj "$pass" sec xdp
refused "a foreign XDP program" 1 "another XDP program is there" target t1 up $UP --mode xdp
check_match "auto goes beside it" "another XDP program is there.*, so tc" "$(target t1 up $UP)"
check "down" target t1 down
check_match "and leaves it alone" "xdp" "$(on t1 ip link show dev eth0)"
on t1 ip link set dev eth0 xdp off
refused "usage" 2 "up: --vip is missing" target t1 up --interface eth0
refused "nobody's command" 2 "there is no command 'start'" target t1 start
exec 8>"$RUN/t1.state/lock"
flock 8
refused "two at once" 1 "another leat-target is at work" target t1 down
exec 8>&-
finish
