#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Interfaces as hosts have them: several of them, one that is not attached, one that can't transmit, offloads that are in the way; targets behind
# VLAN subinterfaces (one tag and two) and behind a bond, where the kernel has them.
. "$(dirname "$0")/lib.sh"

lab_start 2
in_ns() { local host=$1; shift; ip -n "leat-$LAB_NAME-$host" "$@"; }
settings() { # INTERFACES: leatd anew with these
	lab stop
	sed -i "s/^interfaces:.*/interfaces: [$1]/" "$RUN/leatd.yaml"
	lab leatd
}
status_says() { ctl status | grep -qE "$1"; }
status_is_silent() { ! status_says "$1"; }
state() { # TARGET...: one nat group of these, behind the VIP
	apply "
load_balancers: [{name: edge, type: network, addresses: [$VIP4, '$VIP6'], listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]}]
target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [$1],
     health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}}"
}
connect() { client "$TOOLS/lab-connect" --to "${2:-$VIP4}" --port 80 --http / --from "${3:-$FROM4}" --sources 100 --count 300 --timeout-ms "${CONNECT_TIMEOUT_MS:-3000}" >"$RUN/$1" || { cat "$RUN/$1"; return 1; }; }

# ---- offloads ----
feature() { on lb ethtool -k front | awk -v f="$1:" '$1 == f { print $2 }'; }
if on client ethtool -k eth0 | grep -q '^rx-vlan-offload: on$'; then
	check_equal "what hides VLAN tags from XDP is turned off where the program is attached" off "$(feature rx-vlan-offload)"
	check_match "the log says so" "interface: 'front': rx-vlan-hw-parse.* turned off" "$(cat "$RUN/lb.leatd.log")"
	check_equal "and status" true "$(ctl status -o json | jq '.interfaces[] | select(.name == "front") | .offloads_off | contains(["rx-vlan-hw-parse"])')"
	settings "front, back"
	check_equal "it stays off over a restart" off "$(feature rx-vlan-offload)"
	check "leatctl detach" ctl detach
	check_equal "turns it on again" on "$(feature rx-vlan-offload)"
	lab stop
	lab leatd
	check_equal "attached again, it is off" off "$(feature rx-vlan-offload)"
else
	skip "offloads: veth has no rx-vlan-offload here"
fi

# ---- an interface that can't transmit ----
check "the state is accepted" state "10.9.1.11, 'fd09:1::11'"
wait_healthy
check "traffic flows" connect plain
check_equal "target list -o json says how packets leave" "back back $(in_ns t1 -o link show eth0 | grep -o 'link/ether [^ ]*' | cut -d' ' -f2) 0 1500" \
	"$(ctl target list -o json | jq -r '.targets[] | select(.target == "10.9.1.11:8080") | .path | "\(.interface) \(.route) \(.mac) \(.vlans | length) \(.mtu)"')"
in_ns sw link set dev port0 xdp off
if wait_until 8 status_says "interface 'back' does not transmit what XDP redirects to it"; then
	ok "an interface that does not transmit is named"
	check_match "with the cure" "gro on" "$(ctl status)"
	check_match "and a metric" 'leat_interface_transmits{interface="back"} 0' "$(on lb curl -s http://127.0.0.1:9101/metrics)"
	in_ns sw link set dev port0 xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
	check "and no more when it does" wait_until 8 status_is_silent "does not transmit"
else
	in_ns sw link set dev port0 xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
	skip "an interface that does not transmit: the kernel can't say (before Linux 6.3)"
fi

# ---- a target by another interface ----
in_ns lb link add side type veth peer name side netns "leat-$LAB_NAME-t2"
for host in lb t2; do
	on $host ethtool -K side tx off >/dev/null 2>&1
	in_ns $host link set side up
done
in_ns t2 link set dev side xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp
in_ns lb addr add 10.9.5.1/24 dev side
in_ns t2 addr add 10.9.5.12/24 dev side
check "a target by a third interface is added" state "10.9.1.11, 'fd09:1::11', 10.9.5.12"
wait_healthy
check "status says that its interface is not among the settings'" wait_until 3 \
	status_says "target 'web/10.9.5.12:8080' is reached by interface 'side', which is not among 'interfaces'"
check_match "with the cure" "add that interface to 'interfaces'" "$(ctl status)"
check_match "target list shows it" "by side, not attached" "$(ctl target list web)"
check "no connection is lost to it" connect portless
check_equal "because it gets none" 300 "$(from "$RUN/portless" t1)"
settings "front, back, side"
wait_healthy
check "with the interface among them, nothing is wrong" wait_until 5 status_is_silent "not among"
check "clients by one interface, targets by two others: no connection is lost" connect three
check_at_least "the one by the second interface gets its share" 80 "$(from "$RUN/three" t1)"
check_at_least "so does the one by the third" 80 "$(from "$RUN/three" t2)"

# ---- VLANs: the kernel reaches the target by a subinterface ----
# The lab's veths must have tags in the frame: nothing on the way may keep them beside it.
for i in "lb back" "sw port0" "sw port1" "t1 eth0"; do on "${i% *}" ethtool -K "${i#* }" txvlan off rxvlan off tx-vlan-stag-hw-insert off >/dev/null 2>&1; done
if in_ns lb link add link back name back.100 type vlan id 100 2>/dev/null; then
	in_ns t1 link add link eth0 name eth0.100 type vlan id 100
	in_ns lb link add link back name back.7 type vlan proto 802.1ad id 7
	in_ns lb link add link back.7 name back.7.9 type vlan id 9
	in_ns t1 link add link eth0 name eth0.7 type vlan proto 802.1ad id 7
	in_ns t1 link add link eth0.7 name eth0.7.9 type vlan id 9
	for i in back.100 back.7 back.7.9; do in_ns lb link set $i up; done
	for i in eth0.100 eth0.7 eth0.7.9; do in_ns t1 link set $i up; done
	in_ns lb addr add 10.9.6.1/24 dev back.100
	in_ns t1 addr add 10.9.6.11/24 dev eth0.100
	in_ns lb addr add fd09:6::1/64 dev back.100 nodad
	in_ns t1 addr add fd09:6::11/64 dev eth0.100 nodad
	in_ns lb addr add 10.9.7.1/24 dev back.7.9
	in_ns t1 addr add 10.9.7.11/24 dev eth0.7.9
	check "a target in a VLAN is accepted" state "10.9.6.11, 'fd09:6::11'"
	wait_healthy
	check "it is reached by what the VLAN lies on" grep -q "neigh: 10.9.6.11 is reached by 'back'" "$RUN/lb.leatd.log"
	check "connections to it succeed, IPv4" connect vlan4
	check "connections to it succeed, IPv6" connect vlan6 $VIP6 $FROM6
	check "a target in a VLAN within a VLAN" state "10.9.7.11"
	wait_healthy
	check_equal "its tags are shown" "back back.7.9 7 9" \
		"$(ctl target list -o json | jq -r '.targets[] | select(.target == "10.9.7.11:8080") | .path | "\(.interface) \(.route) \(.vlans | join(" "))"')"
	check "connections to it succeed" connect qinq
	settings "front, back.100"
	check_equal "a VLAN in the settings is attached by what it lies on" back "$(ctl status -o json | jq -r '.interfaces[] | select(.of == "back.100") | .name')"
	check "and is reached like that" connect parent
	# A VIP announced in a VLAN.
	check "a VIP on a VLAN subinterface" apply "
load_balancers: [{name: edge, type: network, addresses: [10.9.6.50], interfaces: [back.100], listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]}]
target_groups: [{name: web, protocol: TCP, port: 8080, targets: [10.9.6.11], health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}}]"
	wait_healthy
	sleep 1
	check_match "is where it was asked for" "back.100 .*10.9.6.50" "$(on lb ip -o addr show dev back.100 | sed 's/@[^ ]*//')"
	check "and serves clients in that VLAN" on t1 bash -c 'ip addr add 10.9.6.99/24 dev eth0.100; curl -sS -m 3 --interface 10.9.6.99 http://10.9.6.50/'
else
	skip "VLAN subinterfaces: this kernel has no 8021q"
fi

# ---- a bond ----
if in_ns lb link add bond0 type bond mode active-backup miimon 100 2>/dev/null; then
	in_ns lb link add two type veth peer name two netns "leat-$LAB_NAME-t2"
	in_ns t2 link add br1 type bridge
	in_ns t2 addr flush dev side
	for i in side two; do
		on lb ethtool -K $i tx off >/dev/null 2>&1
		on t2 ethtool -K $i tx off >/dev/null 2>&1
		in_ns lb link set $i down
		in_ns lb link set $i master bond0
		in_ns t2 link set $i master br1 up
		in_ns t2 link set dev $i xdp obj "$TOOLS/lab-pass.bpf.o" sec xdp 2>/dev/null
	done
	in_ns lb link set bond0 up
	in_ns t2 link set br1 up
	in_ns lb addr flush dev side
	in_ns lb addr add 10.9.5.1/24 dev bond0
	in_ns t2 addr add 10.9.5.12/24 dev br1
	settings "front, bond0"
	check "a target behind a bond" state "10.9.5.12"
	wait_healthy
	check_equal "the program is attached to the bond's members" "side two" "$(ctl status -o json | jq -r '[.interfaces[] | select(.of == "bond0") | .name] | sort | join(" ")')"
	check "connections through the bond succeed" connect bond
	active=$(in_ns lb -d link show bond0 | grep -o 'active_slave [a-z]*' | cut -d' ' -f2)
	in_ns t2 link set "${active:-side}" down
	sleep 2
	check "so they do after its active member fails" wait_until 5 connect failover
	in_ns lb link set two nomaster
	left() { [ "$(ctl status -o json | jq -r '[.interfaces[] | select(.of == "bond0") | .name] | join(" ")')" = side ]; }
	check "a member that leaves is detached" wait_until 3 left
else
	skip "bonds: this kernel has no bonding"
fi
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
