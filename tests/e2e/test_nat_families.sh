#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Forwarding nat between address families: an IPv4 address of the load balancer with IPv6 targets and the other way round. Transfers with checksums, UDP,
# ICMP errors, a path MTU of 1400, restart.
. "$(dirname "$0")/lib.sh"

FOUR=203.0.113.46 SIX=2001:db8:10::64

lab_start 2
head -c 20000000 /dev/urandom >"$RUN/random"
# Reads to the end and sends it all back.
on t1 python3 -c '
import socket, threading
def serve(s):
    data = b"".join(iter(lambda: s.recv(1 << 20), b""))
    s.sendall(data)
    s.close()
listener = socket.create_server(("::", 8000), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
' &
check "the state is accepted" apply "
load_balancers:
  - name: four-to-six
    type: network
    addresses: [$FOUR]
    listeners:
      - {protocol: TCP, port: 80, default_action: {forward: web6}}
      - {protocol: TCP_UDP, port: 9000, default_action: {forward: echo6}}
      - {protocol: TCP, port: 8000, default_action: {forward: back6}}
      - {protocol: UDP, port: 9999, default_action: {forward: closed6}}
  - name: six-to-four
    type: network
    addresses: ['$SIX']
    listeners:
      - {protocol: TCP, port: 80, default_action: {forward: web4}}
      - {protocol: TCP_UDP, port: 9000, default_action: {forward: echo4}}
      - {protocol: TCP, port: 8000, default_action: {forward: back4}}
      - {protocol: UDP, port: 9999, default_action: {forward: closed4}}
  - name: both
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web-both}}]
target_groups:
  - {name: web6, protocol: TCP, port: 8080, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: ['fd09:1::11']}
  - {name: web4, protocol: TCP, port: 8080, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.11]}
  - {name: web-both, protocol: TCP, port: 8080, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.12]}
  - {name: back6, protocol: TCP, port: 8000, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: ['fd09:1::11']}
  - {name: back4, protocol: TCP, port: 8000, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.11]}
  - {name: echo6, protocol: TCP_UDP, port: 9000, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: ['fd09:1::11', 'fd09:1::12']}
  - {name: echo4, protocol: TCP_UDP, port: 9000, health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.11, 10.9.1.12]}
  - {name: closed6, protocol: UDP, port: 9999, health_check: {protocol: TCP, port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: ['fd09:1::11']}
  - {name: closed4, protocol: UDP, port: 9999, health_check: {protocol: TCP, port: 8080, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.11]}
"
check "the targets become healthy" wait_healthy

seen() { client curl -sS -m 5 "$1/client" 2>&1 | cut -d' ' -f1; }
check_equal "an IPv4 client at an IPv6 target" fd09:1::1 "$(seen "http://$FOUR")"
check_equal "an IPv6 client at an IPv4 target" 10.9.1.1 "$(seen "http://[$SIX]")"
check_equal "a group with targets of one family serves both: the same one" 10.9.1.1 "$(seen "http://$VIP4")"
check_equal "a group with targets of one family serves both: the other one" 10.9.1.1 "$(seen "http://[$VIP6]")"
check_equal "status has nothing against it" 0 "$(ctl status -o json | jq '[.problems[]? | select(.text | test("family|no_target"))] | length')"

check "4,000 TCP connections, IPv4 to IPv6" client "$TOOLS/lab-connect" --to $FOUR --port 9000 --from $FROM4 --sources 200 --count 4000
check "4,000 TCP connections, IPv6 to IPv4" client "$TOOLS/lab-connect" --to $SIX --port 9000 --from $FROM6 --sources 200 --count 4000
check "10,000 datagrams, IPv4 to IPv6: none lost, none misrouted" client "$TOOLS/lab-udp" --to $FOUR --port 9000 --from $FROM4 --sources 200 --sockets 500 --count 10000
check "10,000 datagrams, IPv6 to IPv4: none lost, none misrouted" client "$TOOLS/lab-udp" --to $SIX --port 9000 --from $FROM6 --sources 200 --sockets 500 --count 10000
check_match "leatctl flows knows them" "fd09:1::1[12]" "$(ctl flows --client 198.51.100.7 --limit 100)"

# 20 MB up, and the same ones down again.
send_and_get() { # ADDRESS
	client python3 - "$1" "$RUN/random" <<-'EOT'
		import socket, sys
		data = open(sys.argv[2], 'rb').read()
		s = socket.create_connection((sys.argv[1], 8000), timeout=20)
		s.sendall(data)
		s.shutdown(socket.SHUT_WR)
		answer = b''.join(iter(lambda: s.recv(1 << 20), b''))
		print(len(answer), answer == data)
	EOT
}
check_equal "20 MB up and down, IPv4 to IPv6: every byte" "20000000 True" "$(send_and_get $FOUR 2>&1)"
check_equal "20 MB up and down, IPv6 to IPv4: every byte" "20000000 True" "$(send_and_get $SIX 2>&1)"

ask_closed() { client timeout 3 bash -c 'exec 3<>"/dev/udp/$0/9999"; echo x >&3; read -t 2 -r answer <&3' "$1" 2>&1; }
check_match "an IPv4 client is told that the IPv6 target's port is closed" "refused" "$(ask_closed $FOUR)"
check_match "an IPv6 client is told that the IPv4 target's port is closed" "refused" "$(ask_closed $SIX)"

# A client that is gone when the answer comes: its error reaches the target.
server=$(cat "$RUN/t1.server.pid") other=$(cat "$RUN/t2.server.pid")
leave() { client bash -c 'for i in 1 2 3 4; do exec 3<>"/dev/udp/$0/9000"; echo x >&3; exec 3>&-; done' "$1"; }
kill -STOP "$server" "$other"
leave $FOUR
leave $SIX
sleep 0.1
kill -CONT "$server" "$other"
counts() { for target in t1 t2; do on $target nstat -asz "$1"; done | awk -v name="$1" '$1 == name { n += $2 } END { print n }'; }
to_target() { [ "$(verdict icmp_to_target_redirect)" -ge 4 ]; }
check "errors of clients were translated" wait_until 3 to_target
check_at_least "IPv6 targets take those of IPv4 clients" 1 "$(counts Icmp6InDestUnreachs)"
check_at_least "IPv4 targets take those of IPv6 clients" 1 "$(counts IcmpInDestUnreachs)"
check_equal "none had a wrong checksum" 0 "$(($(counts IcmpInCsumErrors) + $(counts Icmp6InCsumErrors)))"

# leatd ends and comes back.
client "$TOOLS/lab-streams" --to $FOUR --port 9000 --from $FROM4 --sources 50 --count 50 --seconds 6 >"$RUN/streams" &
streams=$!
client "$TOOLS/lab-udp" --to $SIX --port 9000 --from $FROM6 --sources 100 --sockets 200 --rate 2000 --seconds 5 >"$RUN/udp" &
udp=$!
sleep 2
lab stop KILL
sleep 1
check_equal "without leatd new connections are made" fd09:1::1 "$(seen "http://$FOUR")"
check "leatd starts again" lab leatd
wait $udp $streams
check_equal "SIGKILL: datagrams lost" 0 "$(value "$RUN/udp" lost)"
check_equal "SIGKILL: streams broken" 0 "$(awk '/^(reset|closed|failed|stalled|wrong) / { n += $2 } END { print n + 0 }' "$RUN/streams")"
check_equal "SIGKILL: streams open" 50 "$(value "$RUN/streams" open)"

# A path of 1400 bytes to the targets, of which no end knows.
on lb ip link set back mtu 1400
narrow() { [ "$(client curl -sS -m 5 -H Expect: --data-binary "@$RUN/upload" -o /dev/null -w '%{http_code} %{size_upload}' "$1" 2>&1)" = "200 1000000" ]; }
head -c 1000000 "$RUN/random" >"$RUN/upload"
sleep 0.5
check "an upload over a path of 1400 bytes, IPv4 to IPv6" narrow "http://$FOUR/"
check_match "the client was told 20 bytes less" "mtu 1380" "$(client ip route get $FOUR)"
check "an upload over a path of 1400 bytes, IPv6 to IPv4" narrow "http://[$SIX]/"
check_match "the client was told 20 bytes more" "mtu 1420" "$(client ip -6 route get $SIX)"
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal) + $(verdict untranslatable)))"
finish
