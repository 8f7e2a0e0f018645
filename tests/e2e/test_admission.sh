#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Who may use a listener: security groups, changed while connections are open, thousands of prefixes, and the limit of new flows of one source.
. "$(dirname "$0")/lib.sh"

lab_start 2
check "the state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4, '$VIP6']
    listeners:
      - {protocol: TCP, port: 80, default_action: {forward: web}, security_groups: [office]}
      - {protocol: TCP, port: 81, default_action: {forward: web}}
      - {protocol: TCP, port: 9000, default_action: {forward: echo}, security_groups: [office]}
target_groups:
  - name: web
    protocol: TCP
    port: 8080
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 10.9.1.12, 'fd09:1::11', 'fd09:1::12']
  - name: echo
    protocol: TCP
    port: 9000
    health_check: {interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}
    targets: [10.9.1.11, 'fd09:1::11']
security_groups:
  - name: office
    allow: [198.51.100.0/24, '2001:db8:c::/64']
    deny: [198.51.100.66/32, '2001:db8:c::66/128']
"
check "the targets become healthy" wait_healthy

ask() { client curl -sS -m 2 --interface "$1" -o /dev/null -w '%{http_code}' "$2" 2>/dev/null; }
check_equal "an allowed source, IPv4" 200 "$(ask 198.51.100.1 "http://$VIP4/")"
check_equal "an allowed source, IPv6" 200 "$(ask 2001:db8:c::1 "http://[$VIP6]/")"
check_equal "a denied source, IPv4" 000 "$(ask 198.51.100.66 "http://$VIP4/")"
check_equal "a denied source, IPv6" 000 "$(ask 2001:db8:c::66 "http://[$VIP6]/")"
check_equal "a source that no prefix holds" 000 "$(ask 10.9.0.2 "http://$VIP4/")"
check_equal "another listener has no security group" 200 "$(ask 198.51.100.66 "http://$VIP4:81/")"
check_at_least "what was denied has a name" 3 "$(verdict denied)"
check_match "stats --drops says so" "denied .*security groups" "$(ctl stats --drops)"
check_match "the group and its user are listed" "office +2 +2 +denied +edge/TCP:80, edge/TCP:9000" "$(ctl sg list --no-headers)"
check_match "and its prefixes" "198.51.100.66 +deny" "$(ctl sg rules office)"

# A change cuts an open connection of a source that is no longer allowed, and leaves the others.
talk() { # SOURCE: an open connection that sends a line each 100 ms until it breaks; prints how many came back
	client python3 - "$1" "$VIP4" <<-'PY'
		import socket, sys, time
		s = socket.socket(); s.bind((sys.argv[1], 0)); s.settimeout(1.0); s.connect((sys.argv[2], 9000)); f = s.makefile("rb")
		n = 0
		try:
		    for i in range(40):
		        s.sendall(b"x\n")
		        if not f.readline(): break
		        n += 1; time.sleep(0.1)
		except OSError: pass
		print(n)
	PY
}
talk 198.51.100.7 >"$RUN/cut" & cut=$!
talk 198.51.100.8 >"$RUN/kept" & kept=$!
sleep 1.5
check "a prefix is denied while connections are open" ctl sg deny office 198.51.100.7
wait $cut $kept
check_at_most "the connection that is denied now was cut" 25 "$(cat "$RUN/cut")"
check_at_least "after it had worked" 5 "$(cat "$RUN/cut")"
check_equal "the other one was not" 40 "$(cat "$RUN/kept")"
check_equal "no new one from there either" 000 "$(ask 198.51.100.7 "http://$VIP4/")"
check "the prefix is taken out again" ctl sg revoke office 198.51.100.7
check_equal "and it works again" 200 "$(ask 198.51.100.7 "http://$VIP4/")"

# Thousands of prefixes, applied while connections are made: none of an allowed source fails.

{
	echo "{\"name\":\"office\",\"allow\":[\"198.51.100.0/24\",\"2001:db8:c::/64\""
	for i in $(seq 0 4999); do printf ',"11.%d.%d.0/24"' $((i / 250)) $((i % 250)); done
	echo "],\"deny\":[]}"
} >"$RUN/many.json"
client bash -c 'for i in $(seq 150); do curl -sS -m 2 --interface 198.51.100.9 -o /dev/null -w "%{http_code}\n" http://'$VIP4'/ || true; done' >"$RUN/codes" 2>&1 &
codes=$!
start=$(now_ms)
check "5000 prefixes are taken" on lb curl -sS -f --unix-socket "$RUN/leatd.sock" -H 'Content-Type: application/json' --data-binary "@$RUN/many.json" http://x/v1/ModifySecurityGroup -o /dev/null
note "5000 prefixes took $(($(now_ms) - start)) ms"
wait $codes
check_equal "every connection meanwhile was answered" 150 "$(grep -c '^200$' "$RUN/codes")"
check_match "they are counted" "office +5002 +0 +denied" "$(ctl sg list --no-headers)"
check_equal "a source that none of them holds" 000 "$(ask 10.9.0.2 "http://$VIP4/")"

# A restart finds the lists and changes nothing.
lab stop KILL
check_equal "without leatd the lists hold" "200 000" "$(ask 198.51.100.9 "http://$VIP4/") $(ask 10.9.0.2 "http://$VIP4/")"
check "leatd starts again" lab leatd
check_equal "and after its start" "200 000" "$(ask 198.51.100.9 "http://$VIP4/") $(ask 10.9.0.2 "http://$VIP4/")"

check_match "a group that is used can't be deleted" "is used by a listener" "$(ctl sg delete office 2>&1)"
check_match "a bad prefix is refused by one sentence" "has bits set behind its prefix" "$(ctl sg allow office 10.0.0.1/8 2>&1)"
check_match "an unknown group is refused" "there is no security group 'nobody'" "$(ctl listener modify edge/TCP:80 --security-group nobody 2>&1)"

# New flows of one source.
check "a limit is set" ctl listener modify edge/TCP:81 --flows-per-source 20 --flows-per-source-burst 10
sleep 0.2
many() { client bash -c 'for i in $(seq 30); do curl -sS -m 0.3 --connect-timeout 0.3 --interface '"$1"' -o /dev/null -w "%{http_code}\n" http://'$VIP4':81/ & done; wait' 2>/dev/null | grep -c '^200$'; }
before=$(verdict rate_limited)
check_at_most "30 connections at once: no more than the limit" 25 "$(many 198.51.100.20)"
check_at_least "the others are counted by name" 5 "$(($(verdict rate_limited) - before))"
sleep 1
check_equal "after a pause the source is welcome" 200 "$(ask 198.51.100.20 "http://$VIP4:81/")"
check_equal "another source has its own" 200 "$(ask 198.51.100.21 "http://$VIP4:81/")"
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
