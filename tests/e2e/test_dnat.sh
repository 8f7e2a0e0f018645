#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Forwarding dnat over both families: targets see the client's own address and port and answer by way of the load balancer, whose host routes nothing.
# Flows that can't keep their client's address (one client port through two listeners, a target that calls its own listener) are translated.
. "$(dirname "$0")/lib.sh"

OTHER4=203.0.113.11 OTHER6=2001:db8:10::11
ME4=198.51.100.7 ME6=2001:db8:c::7

lab_start 2
for target in t1 t2; do
	on $target ip route replace default via 10.9.1.1
	on $target ip -6 route replace default via fd09:1::1
done
on lb sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.rp_filter=1

check "the state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners:
      - {protocol: TCP, port: 80, default_action: {forward: web}}
      - {protocol: TCP_UDP, port: 9000, default_action: {forward: echo}}
      - {protocol: UDP, port: 9999, default_action: {forward: closed}}
  - name: other
    type: network
    addresses: [$OTHER4, '$OTHER6']
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]
target_groups:
  - name: web
    protocol: TCP
    port: 8080
    forwarding: dnat
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
  - name: echo
    protocol: TCP_UDP
    port: 9000
    forwarding: dnat
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 10.9.1.12, 'fd09:1::11', 'fd09:1::12']
  - name: closed
    protocol: UDP
    port: 9999
    forwarding: dnat
    health_check: {protocol: TCP, port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
"
check "the targets become healthy" wait_healthy
check_match "leatctl tells the mode" "dnat" "$(ctl tg list)"

seen() { client curl -sS -m 5 --interface "$1" --local-port "$2" "$3/client" 2>&1; } # ADDRESS PORT URL
check_equal "nginx sees the client's address and port, IPv4" "$ME4 43210" "$(seen $ME4 43210 "http://$VIP4")"
check_equal "nginx sees the client's address and port, IPv6" "$ME6 43210" "$(seen $ME6 43210 "http://[$VIP6]")"
check "4,000 TCP connections over IPv4" client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 4000
check "4,000 TCP connections over IPv6" client "$TOOLS/lab-connect" --to $VIP6 --port 9000 --from $FROM6 --sources 200 --count 4000
check "10,000 datagrams over IPv4: none lost, none misrouted" client "$TOOLS/lab-udp" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --sockets 500 --count 10000
check "10,000 datagrams over IPv6: none lost, none misrouted" client "$TOOLS/lab-udp" --to $VIP6 --port 9000 --from $FROM6 --sources 200 --sockets 500 --count 10000
check_match "leatctl flows knows them" "$ME4" "$(ctl flows --client $ME4 --limit 100)"

# pair FROM TO1 TO2: two connections from one port of the client, used in turn; what nginx sees of each, twice
pair() {
	client python3 - "$@" <<-'EOT'
		import socket, sys
		def connect(to):
		    s = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.settimeout(5)
		    s.bind((sys.argv[1], 45000))
		    s.connect((to, 80))
		    return s
		def ask(s):
		    s.sendall(b'GET /client HTTP/1.1\r\nHost: t\r\n\r\n')
		    answer = b''
		    while not answer.split(b'\r\n\r\n', 1)[-1].endswith(b'\n') or b'\r\n\r\n' not in answer:
		        answer += s.recv(4096)
		    return answer.decode().split('\r\n\r\n')[1].split()
		both = connect(sys.argv[2]), connect(sys.argv[3])
		for i in 1, 2:
		    a, b = ask(both[0]), ask(both[1])
		    print(a[0], a[1], b[0], 'same' if b[1] == '45000' else 'another')
	EOT
}
check_equal "one client port through two addresses, IPv4: both connections live, one is translated" \
	"$(printf '%s\n' "$ME4 45000 10.9.1.1 another" "$ME4 45000 10.9.1.1 another")" "$(pair $ME4 $VIP4 $OTHER4 2>&1)"
check_equal "one client port through two addresses, IPv6: both connections live, one is translated" \
	"$(printf '%s\n' "$ME6 45000 fd09:1::1 another" "$ME6 45000 fd09:1::1 another")" "$(pair $ME6 $VIP6 $OTHER6 2>&1)"

# Hairpin: the chosen target itself, and its neighbour, which the target would answer past Leat.
from_target() { on "$1" curl -sS -m 5 "$2/client" 2>&1 | cut -d' ' -f1; }
check_equal "a target calls its own listener, IPv4" 10.9.1.1 "$(from_target t1 "http://$VIP4")"
check_equal "a target calls its own listener, IPv6" fd09:1::1 "$(from_target t1 "http://[$VIP6]")"
check_equal "a neighbour of the target calls the listener, IPv4" 10.9.1.1 "$(from_target t2 "http://$VIP4")"
check_equal "a neighbour of the target calls the listener, IPv6" fd09:1::1 "$(from_target t2 "http://[$VIP6]")"

ask_closed() { client timeout 3 bash -c 'exec 3<>"/dev/udp/$0/9999"; echo x >&3; read -t 2 -r answer <&3' "$1" 2>&1; }
check_match "the client is told that the target's port is closed, IPv4" "refused" "$(ask_closed $VIP4)"
check_match "the client is told that the target's port is closed, IPv6" "refused" "$(ask_closed $VIP6)"

# leatd ends and comes back: flows and their answers go on meanwhile.
client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 100 --count 100 --seconds 8 >"$RUN/streams" &
streams=$!
client "$TOOLS/lab-udp" --to $VIP6 --port 9000 --from $FROM6 --sources 100 --sockets 200 --rate 2000 --seconds 7 >"$RUN/udp" &
udp=$!
sleep 2
lab stop KILL
sleep 2
check "without leatd a new connection keeps the client's address" test "$(seen $ME4 43211 "http://$VIP4")" = "$ME4 43211"
check "leatd starts again" lab leatd
wait $udp $streams
check_equal "SIGKILL: datagrams lost" 0 "$(value "$RUN/udp" lost)"
check_equal "SIGKILL: datagrams at another target than before" 0 "$(value "$RUN/udp" misrouted)"
check_equal "SIGKILL: streams broken" 0 "$(awk '/^(reset|closed|failed|stalled|wrong) / { n += $2 } END { print n + 0 }' "$RUN/streams")"
check_equal "SIGKILL: streams open" 100 "$(value "$RUN/streams" open)"

check "a target leaves" ctl target remove echo 10.9.1.12
check "and every new connection goes to the other" client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from $FROM4 --sources 50 --count 500
# A target whose default gateway is somebody else: its answers never come by.
on t2 ip route replace default via 10.9.1.2
check "a target whose default route leads elsewhere joins" ctl target add web 10.9.1.12
is_healthy() { [ "$(target_state web 10.9.1.12:8080)" = healthy ]; }
check "it becomes healthy all the same" wait_until 15 is_healthy
client bash -c 'for i in $(seq 80); do timeout 1 bash -c "exec 3<>/dev/tcp/$0/80" & done; wait' $VIP4 >/dev/null 2>&1
check_match "status names it" "target 'web/10.9.1.12:8080' takes flows, and no answer of it has come back" "$(ctl status)"
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
