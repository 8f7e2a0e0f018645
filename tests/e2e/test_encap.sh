#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Forwarding ipip and gue (direct server return inside packets to the target), every family of VIP over every family of target, with leat-target
# unpacking: targets see the client's address; big transfers arrive whole, by the targets' MSS or by Leat's packet-too-big; targets die and drain.
. "$(dirname "$0")/lib.sh"

KINDS="ipip4 ipip6 gue4 gue6" # mode, family of the targets; each has VIPs of both families
vip4() { case $1 in ipip4) echo 203.0.113.21 ;; ipip6) echo 203.0.113.22 ;; gue4) echo 203.0.113.23 ;; gue6) echo 203.0.113.24 ;; esac; }
vip6() { echo "2001:db8:10::$(vip4 "$1" | cut -d. -f4)"; }

[ -x "$BUILD/leat-target" ] || { skip "leat-target is not built: nobody to unpack"; echo end; exit 0; }
lab up 3 && echo 'encap_sources: [172.30.0.0/16, "fd09:e::/64"]' >>"$RUN/leatd.yaml" && lab leatd || { not_ok "the lab did not start"; finish; }

# The first target of ipip is behind another hop than itself.
on t1 ip addr add 10.8.0.11/32 dev lo
on lb ip route add 10.8.0.11/32 via 10.9.1.11
vips=()
for kind in $KINDS; do vips+=(--vip "$(vip4 $kind)" --vip "$(vip6 $kind)"); done
# unpack HOST OPTIONS...
unpack() { on "$1" "$BUILD/leat-target" up "${vips[@]}" --interface eth0 --bpffs "$RUN/bpf/target-$1" --state-dir "$RUN/target-$1" "${@:2}"; }
check "leat-target unpacks on t1, and asks second targets" unpack t1 --second-hop
check "leat-target unpacks on t2, by tc" unpack t2 --mode tc
check "leat-target unpacks on t3, and leaves the MSS alone" unpack t3 --mss off

# A server of files on t3: GET /N gives N bytes, PUT answers with the SHA-256 of what came.
cat >"$RUN/files.py" <<-'EOT'
	import hashlib, http.server, socket
	class Files(http.server.BaseHTTPRequestHandler):
	    protocol_version = 'HTTP/1.1'
	    def answer(self, body):
	        self.send_response(200)
	        self.send_header('Content-Length', str(len(body)))
	        self.end_headers()
	        self.wfile.write(body)
	    def do_GET(self):
	        self.answer(bytes(i * 7 & 255 for i in range(256)) * (int(self.path[1:]) // 256))
	    def do_PUT(self):
	        digest, left = hashlib.sha256(), int(self.headers['Content-Length'])
	        while left:
	            part = self.rfile.read(min(left, 65536))
	            digest.update(part)
	            left -= len(part)
	        self.answer(digest.hexdigest().encode())
	    def log_message(self, *args):
	        pass
	class Server(http.server.ThreadingHTTPServer):
	    address_family = socket.AF_INET6
	Server(('::', 7000), Files).serve_forever()
EOT
on t3 python3 "$RUN/files.py" &

targets_of() { # KIND NUMBER...
	local kind=$1 list=() n
	shift
	for n in "$@"; do
		case $kind:$n in *6:*) list+=("'fd09:1::1$n'") ;; ipip4:1) list+=(10.8.0.11) ;; *) list+=("10.9.1.1$n") ;; esac
	done
	(IFS=,; echo "${list[*]}")
}
state() {
	local kind check='{interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}'
	echo "load_balancers:"
	for kind in $KINDS; do
		echo "  - name: $kind"
		echo "    addresses: [$(vip4 $kind), '$(vip6 $kind)']"
		echo "    listeners:"
		echo "      - {protocol: TCP, port: 8080, default_action: {forward: web-$kind}}"
		echo "      - {protocol: TCP_UDP, port: 9000, default_action: {forward: echo-$kind}}"
		echo "      - {protocol: TCP, port: 7000, default_action: {forward: files-$kind}}"
	done
	echo "target_groups:"
	for kind in $KINDS; do
		echo "  - {name: web-$kind, protocol: TCP, port: 8080, forwarding: ${kind%?}, health_check: $check, targets: [$(targets_of $kind 1 2)]}"
		echo "  - {name: echo-$kind, protocol: TCP_UDP, port: 9000, forwarding: ${kind%?}, health_check: $check, targets: [$(targets_of $kind 1 2 3)]}"
		echo "  - {name: files-$kind, protocol: TCP, port: 7000, forwarding: ${kind%?}, health_check: $check, targets: [$(targets_of $kind 3)]}"
	done
}
check "the state is accepted" apply "$(state)"
check "the targets become healthy" wait_healthy
check_match "leatctl tells the modes" "web-gue6 +TCP +8080 +gue " "$(ctl tg list)"
check_match "status says that full-size packets don't fit" "group 'web-gue6'.*gue adds 72 bytes, the MTU is 1500.*are told 1428" "$(ctl status)"

head -c 1000000 /dev/urandom >"$RUN/upload"
digest=$(sha256sum "$RUN/upload" | cut -d' ' -f1)
told() { echo $(($(verdict packet_too_big) - $1)); }

through() { # KIND FAMILY VIP URL-HOST CLIENT OVERHEAD
	local what="$1, IPv$2 VIP" before
	check_equal "$what: the target sees the client's address" "$5" "$(client curl -sS -m 5 --interface "$5" "http://$4:8080/client" 2>&1 | cut -d' ' -f1)"
	check "$what: 500 TCP connections" client "$TOOLS/lab-connect" --to "$3" --port 9000 --from "$5" --sources 50 --count 500
	check "$what: 2,000 datagrams, none lost, none misrouted" client "$TOOLS/lab-udp" --to "$3" --port 9000 --from "$5" --sources 50 --sockets 200 --count 2000 --rate 4000
	before=$(verdict packet_too_big)
	check_equal "$what: an upload arrives" "200 1000000" \
		"$(client curl -sS -m 8 -H Expect: --data-binary "@$RUN/upload" -o /dev/null -w '%{http_code} %{size_upload}' "http://$4:8080/" 2>&1)"
	check_equal "$what: with segments that fit, as the target's MSS says" 0 "$(told "$before")"
	check_equal "$what: an upload to a target that says nothing arrives whole" "$digest" \
		"$(client curl -sS -m 8 -H Expect: -T "$RUN/upload" "http://$4:7000/" 2>&1)"
	check_at_least "$what: because Leat told what fits" 1 "$(told "$before")"
	check_match "$what: and that is the path's MTU less the outer headers" "mtu $((1500 - $6))" "$(client ip route get "$3")"
	check_equal "$what: a download arrives whole" "$(python3 -c 'import sys; sys.stdout.buffer.write(bytes(i * 7 & 255 for i in range(256)) * 39062)' | sha256sum)" \
		"$(client curl -sS -m 8 "http://$4:7000/9999999" 2>&1 | sha256sum)"
}
for kind in $KINDS; do
	case $kind in ipip4) overhead=20 ;; gue6) overhead=72 ;; *) overhead=40 ;; esac
	through $kind 4 "$(vip4 $kind)" "$(vip4 $kind)" 198.51.100.77 $overhead
	through $kind 6 "$(vip6 $kind)" "[$(vip6 $kind)]" 2001:db8:c::77 $overhead
done
check_equal "answers do not pass through Leat" 0 "$(($(verdict reply_tx) + $(verdict reply_redirect)))"

# Outer sources, seen on the wire before t2: many in ipip, one in gue with many ports.
outer() { # FILTER VIP: outer "address port" pairs of 300 packets or 3 s
	on sw timeout 3 tcpdump -i port2 -nn -c 300 -Q out "$1" >"$RUN/outer" 2>/dev/null &
	local dump=$!
	sleep 0.5
	client "$TOOLS/lab-connect" --to "$2" --port 9000 --from $FROM4 --sources 50 --count 400 >/dev/null
	wait $dump
	sed -nE 's/^[^ ]+ IP6? ([^ ]+) > .*/\1/p' "$RUN/outer"
}
found=$(outer 'ip proto 4' "$(vip4 ipip4)")
check_at_least "ipip: outer sources on the wire" 30 "$(sort -u <<<"$found" | wc -l)"
check_equal "ipip: all of them of the prefix" 0 "$(grep -cv '^172\.30\.' <<<"$found")"
found=$(outer 'udp dst port 6080' "$(vip4 gue4)")
check_at_least "gue: UDP source ports on the wire" 30 "$(sort -u <<<"$found" | wc -l)"
check_equal "gue: all from the load balancer's own address" 0 "$(grep -cvE '^10\.9\.1\.1\.(49[1-9]|5|6)[0-9]+$' <<<"$found")"

# A target dies; another one drains.
client "$TOOLS/lab-connect" --to "$(vip4 gue4)" --port 9000 --from $FROM4 --sources 100 --rate 300 --seconds 5 --timeout-ms 1000 >"$RUN/connects" &
connects=$!
sleep 1
killed=$(now_ms)
lab kill t2
wait $connects
began=$(awk '$1 == "began" { printf "%.0f", $2 * 1000 }' "$RUN/connects")
check_at_most "ms from the kill of a target to the start of the last failed connection" 3500 $((began + $(value "$RUN/connects" last_failure_ms) - killed))
check_equal "it is unhealthy" unhealthy "$(target_state echo-gue4 10.9.1.12:9000)"
lab start t2
check "started again it becomes healthy" wait_healthy

# Connections that began elsewhere while t1 was dead, and that the load balancer forgets: the hash gives them to t1, which asks the second target.
lab kill t1
dead() { [ "$(target_state echo-gue4 10.9.1.11:9000)" = unhealthy ]; }
check "another target dies" wait_until 6 dead
client "$TOOLS/lab-streams" --to "$(vip4 gue4)" --port 9000 --from 198.51.100.200 --sources 1 --count 60 --seconds 7 >"$RUN/streams" &
streams=$!
wait_until 10 grep -q '^open' "$RUN/streams"
lab start t1
alive() { [ "$(target_state echo-gue4 10.9.1.11:9000)" = healthy ]; }
check "and comes back" wait_until 8 alive
for key in $(bpftool -j map dump pinned "$RUN/bpf/leat/flows" | jq -r '.[].key | join(" ")' | tr ' ' '_'); do
	bpftool map delete pinned "$RUN/bpf/leat/flows" key ${key//_/ } 2>/dev/null
done
check_wait "no stream breaks, though the load balancer forgets all of them" $streams
check_at_least "because the second target was asked" 1 "$(on t1 "$BUILD/leat-target" status -o json --bpffs "$RUN/bpf/target-t1" --state-dir "$RUN/target-t1" |
	jq '[.. | objects | select(.name? == "second_hop_forwarded") | .packets] | add // 0')"

client "$TOOLS/lab-streams" --to "$(vip6 gue4)" --port 9000 --from $FROM6 --sources 50 --count 90 --seconds 6 >"$RUN/streams" &
streams=$!
wait_until 10 grep -q '^open' "$RUN/streams"
check "a target is drained" ctl target drain echo-gue4 10.9.1.11
client "$TOOLS/lab-connect" --to "$(vip6 gue4)" --port 9000 --from $FROM6 --sources 50 --count 500 >"$RUN/after"
check_equal "and gets none of 500 new connections" 0 "$(from "$RUN/after" t1)"
check_equal "none of them fails" 0 "$(value "$RUN/after" failed)"
lab stop KILL
check_wait "no stream breaks while it drains, nor when leatd dies" $streams
lab leatd
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
