#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Listeners beyond one address and port: ranges, all ports, prefixes, ports that stay; weighted target groups with and without stickiness; rules by
# address family; target type alb. Then all of it changed under traffic, and a restart that changes nothing.
. "$(dirname "$0")/lib.sh"

lab_start 3
for route in 203.0.113.32/28 203.0.113.64/28; do on client ip route add $route via 10.9.0.1; done
on client ip -6 route add 2001:db8:10:8000::/65 via fd09:0::1
on lb "$TOOLS/lab-server" --name lb --port 8443 >/dev/null 2>&1 &
own_server=$!

state() { # WEIGHT OF BLUE, WEIGHT OF GREEN, STICKY, RANGE
	cat <<-EOT
		load_balancers:
		  - name: edge
		    addresses: [$VIP4, "$VIP6"]
		    listeners:
		      - {protocol: TCP, port: 80, default_action: {forward: [{target_group: blue, weight: $1}, {target_group: green, weight: $2}], stickiness: {enabled: $3}}}
		      - protocol: TCP
		        port: 81
		        rules: [{priority: 10, if: {source_ip: ipv6}, then: {forward: green}}]
		        default_action: {forward: blue}
		      - {protocol: TCP, port: $4, default_action: {forward: blue}}
		      - {protocol: TCP, port: 5500, default_action: {forward: green}}
		      - {protocol: TCP, port: 8080-9500, default_action: {forward: kept}}
		      - {protocol: UDP, port: 8080-9500, default_action: {forward: kept-udp}}
		      - {protocol: TCP, port: 8443, default_action: {forward: own}}
		  - name: every
		    addresses: [203.0.113.11]
		    listeners:
		      - {protocol: TCP, port: all, default_action: {forward: blue}}
		      - {protocol: TCP, port: 1000-1999, default_action: {forward: green}}
		  - name: site
		    announce: none
		    addresses: [203.0.113.32/28, 203.0.113.64/28, "2001:db8:10:8000::/65"]
		    listeners: [{protocol: TCP, port: all, default_action: {forward: green}}]
		target_groups:
		  - {name: blue, protocol: TCP, port: 8080, health_check: $health, targets: [10.9.1.11, 10.9.1.12, "fd09:1::11"]}
		  - {name: green, protocol: TCP, port: 8080, health_check: $health, targets: [10.9.1.13, "fd09:1::13"]}
		  - {name: kept, protocol: TCP, port: 8080, health_check: $health, attributes: {preserve_port.enabled: true}, targets: [10.9.1.12, "fd09:1::12"]}
		  - {name: kept-udp, protocol: UDP, port: 9000, health_check: {interval_seconds: 1, timeout_seconds: 1}, attributes: {preserve_port.enabled: true}, targets: [10.9.1.12, "fd09:1::12"]}
		  - {name: own, protocol: TCP, port: 8443, target_type: alb, health_check: {interval_seconds: 1, timeout_seconds: 1}}
	EOT
}
health='{protocol: HTTP, path: /healthz, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2, unhealthy_threshold: 2}'
put() { state "$@" | ctl apply -f -; }
# names of who answered, sorted: connect ADDR PORT COUNT [OPTIONS]
connect() {
	local to=$1 port=$2 count=$3 from=$FROM4
	shift 3
	[[ $to == *:* ]] && from=$FROM6
	client "$TOOLS/lab-connect" --to "$to" --port "$port" --from $from --sources 100 --count "$count" --concurrency 50 "$@" >"$RUN/connect"
	awk '$1 == "from" { printf "%s%s", sep, $2; sep = " " } END { print "" }' <(sort "$RUN/connect")
}
answered() { check_equal "$1" "$2" "$3"; check_equal "$1: none failed" 0 "$(value "$RUN/connect" failed)"; }

check "the state is accepted" put 3 1 false 5000-5999
wait_healthy

note "ranges and all ports"
for port in 5000 5477 5999; do answered "port $port of the range 5000-5999" "t1 t2" "$(connect $VIP4 $port 40 --http /)"; done
answered "a port within the range, named by itself" t3 "$(connect $VIP4 5500 20 --http /)"
answered "IPv6: the range" t1 "$(connect $VIP6 5999 20 --http /)"
answered "all ports: port 1" "t1 t2" "$(connect 203.0.113.11 1 40 --http /)"
answered "all ports: port 65535" "t1 t2" "$(connect 203.0.113.11 65535 40 --http /)"
answered "all ports: a narrower range goes first" t3 "$(connect 203.0.113.11 1500 20 --http /)"
check_equal "beside the range nobody answers for a target" "" "$(connect $VIP4 6000 5 --http / --timeout-ms 500)"

note "prefixes"
for address in 203.0.113.32 203.0.113.47 203.0.113.64; do answered "$address, any port" t3 "$(connect $address 4711 20 --http /)"; done
answered "2001:db8:10:8000::/65, first address" t3 "$(connect 2001:db8:10:8000:: 4711 20 --http /)"
answered "2001:db8:10:8000::/65, some address" t3 "$(connect 2001:db8:10:8000:1234::5 80 20 --http /)"

note "ports that stay"
answered "port 8080 stays: the web server" t2 "$(connect $VIP4 8080 20 --http /)"
answered "port 9000 stays: the echo server" t2 "$(connect $VIP4 9000 20)"
answered "IPv6: port 9000 stays" t2 "$(connect $VIP6 9000 20)"
client "$TOOLS/lab-udp" --to $VIP4 --port 9000 --from $FROM4 --sources 20 --sockets 20 --count 200 >"$RUN/udp"
check_equal "UDP: port 9000 stays" 20 "$(from "$RUN/udp" t2)"
check_equal "UDP: nothing is lost" 0 "$(value "$RUN/udp" lost)"

note "weights"
connect $VIP4 80 10000 --http / >/dev/null
check_equal "10,000 connections succeed" 10000 "$(value "$RUN/connect" ok)"
check_at_most "green has 25 % of them: off by" 1 "$(awk -v n="$(from "$RUN/connect" t3)" 'BEGIN { d = n / 100 - 25; print d < 0 ? -d : d }')"
put 3 0 false 5000-5999 >/dev/null
answered "weight 0 takes nothing" "t1 t2" "$(connect $VIP4 80 200 --http /)"
put 1 1 true 5000-5999 >/dev/null
client "$TOOLS/lab-connect" --to $VIP4 --port 80 --from $FROM4 --sources 1 --count 200 --concurrency 20 --http / >"$RUN/sticky"
case "$(from "$RUN/sticky" t3)" in
0 | 200) ok "sticky: one client stays in one group" ;;
*) not_ok "sticky: one client stays in one group"; sed 's/^/# /' "$RUN/sticky" ;;
esac
connect $VIP4 80 4000 --http / >/dev/null
check_at_least "sticky: many clients are in both" 600 "$(from "$RUN/connect" t3)"

note "a group without a healthy target"
lab kill t3 >/dev/null
check "its target becomes unhealthy" wait_until 15 bash -c "$(declare -f ctl lab target_state); LAB=$LAB LAB_NAME=$LAB_NAME; [ \"\$(target_state green 10.9.1.13:8080)\" = unhealthy ]"
answered "its share goes to the other group" "t1 t2" "$(connect $VIP4 80 200 --http /)"
lab start t3 >/dev/null
wait_healthy
check_match "and comes back" t3 "$(connect $VIP4 80 400 --http /)"

note "rules"
answered "IPv4 clients go by the default" "t1 t2" "$(connect $VIP4 81 40 --http /)"
answered "IPv6 clients go by the rule" t3 "$(connect $VIP6 81 20 --http /)"
check_equal "rule list names it" "edge/TCP:81 10 ipv6 green" "$(ctl rule list -o json | jq -r '.rules[] | "\(.listener) \(.priority) \(.source_ip) \(.forward)"')"
check "a rule is created" ctl rule create edge/TCP:81 20 --source-ip ipv4 --forward green
answered "and decides" t3 "$(connect $VIP4 81 20 --http /)"
check_match "its priority is taken" "exists already" "$(ctl rule create edge/TCP:81 20 --source-ip ipv6 --forward green 2>&1)"
check "the rule is modified" ctl rule modify edge/TCP:81 20 --forward blue
answered "and decides otherwise" "t1 t2" "$(connect $VIP4 81 40 --http /)"
check "the rule is deleted" ctl rule delete edge/TCP:81 20

note "target type alb"
answered "this host's own server answers" lb "$(connect $VIP4 8443 20)"
answered "IPv6 too" lb "$(connect $VIP6 8443 20)"
check_at_least "its packets are counted as local" 100 "$(verdict local)"
check_equal "its health is known" healthy "$(target_state own $VIP4:8443)"
check_at_least "and its listener's packets" 100 "$(ctl listener list -o json | jq '.listeners[] | select(.name == "edge/TCP:8443") | .packets')"

note "export, diff, restart"
ctl export >"$RUN/exported"
check_match "the export applies to itself" "no change|nothing|0 change" "$(ctl diff -f "$RUN/exported" 2>&1)"
maps() { on lb bpftool -j map dump pinned "$RUN/bpf/leat/port_ranges" | jq -S . | md5sum; on lb bpftool -j map dump pinned "$RUN/bpf/leat/listeners" | jq -S . | md5sum; }
before=$(maps)
packets=$(ctl listener list -o json | jq '[.listeners[] | select(.name == "every/TCP:all") | .packets] | add')
lab stop && lab leatd
wait_healthy
check_equal "a restart leaves the maps as they are" "$before" "$(maps)"
check_equal "and the counters" "$packets" "$(ctl listener list -o json | jq '[.listeners[] | select(.name == "every/TCP:all") | .packets] | add')"

note "changes under traffic"
client "$TOOLS/lab-connect" --to $VIP4 --port 5477 --from $FROM4 --sources 100 --count 100000 --seconds 8 --rate 800 --concurrency 50 --http / >"$RUN/live" &
live=$!
client "$TOOLS/lab-connect" --to 203.0.113.40 --port 7 --from 198.51.100.150 --sources 100 --count 100000 --seconds 8 --rate 400 --concurrency 50 --http / >"$RUN/live-prefix" &
live_prefix=$!
for range in 5000-5477 5477-5999 5000-5999 1-5499 5470-5480 5000-5999; do
	put 1 1 true $range >/dev/null || not_ok "range $range"
	put 2 1 false $range >/dev/null || not_ok "range $range"
	sleep 0.3
done
wait $live $live_prefix
check_equal "no connection to a port that stays heard failed" 0 "$(value "$RUN/live" failed)"
check_at_least "of so many" 2000 "$(value "$RUN/live" ok)"
check_equal "nor one to the prefix" 0 "$(value "$RUN/live-prefix" failed)"

note "refusals"
refused() { check_match "$1" "$2" "$(ctl "${@:3}" 2>&1)"; }
refused "a range that overlaps by half" "overlap" listener create edge --protocol TCP --port 5900-6100 --forward blue
refused "a range that is there" "exists already|already used" listener create edge --protocol TCP --port 5000-5999 --forward green
refused "a prefix that is announced" "announce: none is needed" lb create more --address 203.0.113.96/28
refused "bits behind the prefix" "behind its prefix" lb create more --address 203.0.113.97/28 --announce none
refused "targets of an alb group" "has no targets of its own" target add own 10.9.1.11
kill $own_server
finish
