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
on client ethtool -K eth0 tx off gro on >/dev/null 2>&1
on lb ethtool -K front tx off gro on >/dev/null 2>&1
ip -n "leat-$LAB_NAME-client" addr add 10.9.0.2/24 dev eth0
ip -n "leat-$LAB_NAME-client" route add 203.0.113.0/24 dev eth0 src 10.9.0.2
ip -n "leat-$LAB_NAME-lb" addr add 10.9.0.1/24 dev front
attached() { [ "$(ctl status -o json | jq -r '.interfaces[] | select(.name == "front") | .state')" = attached ]; }
check "the interface comes back: the program is attached again" wait_until 10 attached
check_match "the VIP is announced on it again" "$VIP4" "$(sleep 1; on lb ip -o addr show dev front)"
check "and traffic flows" wait_until 10 traffic
check_equal "no packet ended without a reason" 0 "$(( $(verdict none) + $(verdict internal) ))"
finish
