#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Hosts as they are: what is not Leat's reaches the stack; VIPs are announced; a target's new MAC, a link flap, an interface that comes back and an
# unreachable target are followed without a restart.
. "$(dirname "$0")/lib.sh"

lab_start 3
# Announcements, seen from the client's side of the wire.
on client timeout 8 tcpdump -lni eth0 'arp or (icmp6 and ip6[40] == 136)' >"$RUN/announced" 2>/dev/null &
sleep 0.5
check "the demo's state is accepted" ctl apply -f tools/lab/demo.yaml
wait_healthy
check "gratuitous ARP for the IPv4 VIP is on the wire" wait_until 5 grep -qE "$VIP4.*$VIP4|Reply $VIP4 is-at|tell $VIP4" "$RUN/announced"
check "an unsolicited neighbour advertisement for the IPv6 VIP is on the wire" wait_until 5 grep -q "$VIP6" "$RUN/announced"

check "the load balancer's own addresses answer ping" client ping -c2 -W2 10.9.0.1
check "so does the VIP" client ping -c2 -W2 $VIP4
on lb "$TOOLS/lab-server" --name lb --port 2222 >/dev/null 2>&1 &
server=$!
sleep 0.3
client "$TOOLS/lab-connect" --to 10.9.0.1 --port 2222 --count 50 >"$RUN/own"
check_equal "a service of the load balancer's own host is reached past Leat" 50 "$(from "$RUN/own" lb)"
kill $server 2>/dev/null

# Somebody else takes a VIP away: ip addr del, a reload of networkd.
vip_is_there() { on lb ip -o addr show dev front | grep -q "$1"; }
for vip in $VIP4/32 $VIP6/128; do
	on lb ip addr del $vip dev front
	check "the VIP ${vip%/*} that someone else took away is put back" wait_until 2 vip_is_there "$vip"
	check "the log says so" wait_until 2 grep -q "vip: ${vip%/*} was taken off 'front' by someone else: put back" "$RUN/lb.leatd.log"
done
for i in 1 2 3 4 5; do
	on lb ip addr del $VIP4/32 dev front 2>/dev/null
	sleep 0.1
done
check "and again, once a second" wait_until 4 vip_is_there "$VIP4/32"
check_equal "the log does not repeat itself" 1 "$(grep -c "vip: $VIP4 was taken off" "$RUN/lb.leatd.log")"
check "so does the VIP" client ping -c2 -W2 $VIP4

traffic() { client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 100 --count 600 --timeout-ms 1000; }
check "traffic flows" traffic

on t2 ip link set eth0 address 02:00:00:00:99:02
on t2 ping -c1 -W1 10.9.1.1 >/dev/null
resolved() { [ "$(ctl target list -o json | jq '[.targets[] | select(.next_hop != "resolved")] | length')" = 0 ]; }
wait_until 10 resolved
wait_healthy
check "a target with a new MAC address gets its traffic" wait_until 10 traffic

on lb ip link set back down
check "with the link to the targets down, they are not healthy" wait_until 8 eval '[ "$(target_state web 10.9.1.11:8080)" != healthy ]'
on lb ip link set back up
on lb ip -6 addr add fd09:1::1/64 dev back nodad 2>/dev/null
check "after the flap the targets come back" wait_until 20 all_healthy
check "and traffic flows" wait_until 10 traffic

on t3 ip link set eth0 down
unhealthy() { [ "$(target_state web 10.9.1.13:8080)" = unhealthy ]; }
check "a target whose host is gone becomes unhealthy" wait_until 15 unhealthy
check "none of 600 connections fails because of it" traffic
check_match "its reason is named" "timeout|unreachable|no answer" "$(ctl target list web -o json | jq -r '.targets[] | select(.target == "10.9.1.13:8080") | .description')"
on t3 ip link set eth0 up
on t3 ip -6 addr add fd09:1::13/64 dev eth0 nodad 2>/dev/null
on t3 ip route add default via 10.9.1.2 2>/dev/null
check "back again, it becomes healthy" wait_until 20 all_healthy

# The front interface disappears and comes back under its name: the program is attached to the new one.
on lb ip link del front
missing() { [ "$(ctl status -o json | jq -r '.interfaces[] | select(.name == "front") | .state')" != attached ]; }
check "status says that an interface is missing" wait_until 5 missing
ip -n "leat-$LAB_NAME-client" link add eth0 type veth peer name front netns "leat-$LAB_NAME-lb"
ip -n "leat-$LAB_NAME-client" link set eth0 up
ip -n "leat-$LAB_NAME-lb" link set front up
on client ethtool -K eth0 tx off >/dev/null 2>&1
on lb ethtool -K front tx off >/dev/null 2>&1
ip -n "leat-$LAB_NAME-client" link set dev eth0 xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
ip -n "leat-$LAB_NAME-client" addr add 10.9.0.2/24 dev eth0
ip -n "leat-$LAB_NAME-client" route add 203.0.113.0/24 dev eth0 src 10.9.0.2
ip -n "leat-$LAB_NAME-lb" addr add 10.9.0.1/24 dev front
attached() { [ "$(ctl status -o json | jq -r '.interfaces[] | select(.name == "front") | .state')" = attached ]; }
check "the interface comes back: the program is attached again" wait_until 10 attached
check_match "the VIP is announced on it again" "$VIP4" "$(sleep 1; on lb ip -o addr show dev front)"
check "and traffic flows" wait_until 10 traffic
# A pin or the API's socket that somebody removes under a running leatd.
program_on() { on lb ip -o link show dev front | grep -o "prog/xdp id [0-9]*"; }
before=$(program_on)
rm "$RUN/bpf/leat/link_front"
check_equal "without its pin the program stays on the interface" "$before" "$(program_on)"
check "and the pin comes back" wait_until 8 test -e "$RUN/bpf/leat/link_front"
check "traffic flows" traffic
rm "$RUN/leatd.sock"
check "leatctl finds leatd again after its socket was removed" wait_until 4 ctl version
check "the log says so" grep -q "api: somebody removed the socket '$RUN/leatd.sock': bound again" "$RUN/lb.leatd.log"
# 193 connections that ask nothing (128 served, 64 and 1 in the queue) lock nobody out for long.
python3 - "$RUN/leatd.sock" <<-'EOT' &
	import socket, sys, time
	idle = []
	for i in range(193):
	    s = socket.socket(socket.AF_UNIX)
	    s.settimeout(1)
	    try: s.connect(sys.argv[1])
	    except OSError: pass
	    idle.append(s)
	time.sleep(20)
EOT
idle=$!
sleep 1
check "with 193 idle connections leatctl gets its answer within seconds" wait_until 12 ctl version
kill $idle 2>/dev/null
check_equal "no packet ended without a reason" 0 "$(( $(verdict none) + $(verdict internal) ))"
finish
