#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Removing one of four targets breaks no connection of the others; a drained target gets no new connection from 50 ms after the command returned,
# its open ones go on until the delay ends.
. "$(dirname "$0")/lib.sh"

lab_start 4
state() {
	cat <<-EOT
		load_balancers:
		  - name: edge
		    type: network
		    addresses: [$VIP4]
		    listeners: [{protocol: TCP, port: 9000, default_action: {forward: echo}}]
		target_groups:
		  - name: echo
		    protocol: TCP
		    port: 9000
		    health_check: {protocol: TCP, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2, unhealthy_threshold: 2}
		    attributes: {deregistration_delay.timeout_seconds: 6}
		    targets: [10.9.1.11, 10.9.1.12, 10.9.1.13, 10.9.1.14]
	EOT
}
check "the state is accepted" apply "$(state)"
wait_healthy

# 2,000 open connections over four targets; t4 is removed at once, so that its connections may end: the others' must not.
client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 2000 --interval-ms 500 --seconds 14 >"$RUN/streams" &
streams=$!
wait_until 20 grep -q '^open' "$RUN/streams"
check_equal "2,000 connections are open" 2000 "$(value "$RUN/streams" open)"
check "a target is removed under them" ctl target remove echo 10.9.1.14 --now
sleep 1

# Drain t1: new connections stop within 50 ms of the command's return.
client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from 198.51.100.201 --sources 50 --rate 1000 --seconds 5 >"$RUN/connects" &
connects=$!
sleep 2
check "a target is drained" ctl target drain echo 10.9.1.11
returned=$(now_ms)
check_equal "its state is draining" draining "$(target_state echo 10.9.1.11:9000)"
check_match "and its description says why" "draining on request: takes no new flows" "$(ctl target list echo)"
wait $connects
began=$(awk '$1 == "began" { printf "%.0f", $2 * 1000 }' "$RUN/connects")
last=$(awk '$1 == "last_from" && $2 == "t1" { print $3 }' "$RUN/connects")
check_at_most "ms from the command's return to the start of the last connection that t1 got" 50 $((began + last - returned))
check_equal "no new connection failed meanwhile" 0 "$(value "$RUN/connects" failed)"
check_at_least "connections that went to the others after that" 1000 "$(value "$RUN/connects" ok)"
wait_until 10 test "$(target_state echo 10.9.1.11:9000)" = unused
sleep 4
check_equal "after the delay its state is unused" unused "$(target_state echo 10.9.1.11:9000)"

wait $streams
note "$(tr '\n' ' ' <"$RUN/streams")"
for target in t2 t3; do
	broken=$(awk -v t=$target '$1 == "broken_of" && $2 == t { v = $3 } END { print v + 0 }' "$RUN/streams")
	check_equal "no connection of $target broke" 0 "$broken"
done

# A drain that lasts longer than the connections' test: they all go on.
check "the drained target is taken back" ctl target add echo 10.9.1.11
wait_healthy
client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 300 --interval-ms 100 --seconds 4 >"$RUN/streams2" &
streams=$!
wait_until 20 grep -q '^open' "$RUN/streams2"
check_at_least "connections that t1 has again" 50 "$(from "$RUN/streams2" t1)"
check "it is drained again" ctl target drain echo 10.9.1.11
check_wait "within the delay none of its open connections breaks" $streams
note "$(tr "\n" " " <"$RUN/streams2")"

# A removed target drains no longer than it has flows; one with flows drains on.
is_listed() { [ -n "$(target_state echo "$1")" ]; }
is_gone() { ! is_listed "$1"; }
check "a long delay is accepted" apply "$(state | sed 's/timeout_seconds: 6}/timeout_seconds: 60}/')"
wait_healthy
check "a target without a flow is removed" ctl target remove echo 10.9.1.14
check_equal "it drains" draining "$(target_state echo 10.9.1.14:9000)"
check "it is gone long before its delay is over" wait_until 8 is_gone 10.9.1.14:9000
check "the log says why" grep -q "drain: target 'echo/10.9.1.14:9000' has ended before its time: it has no flow" "$RUN/lb.leatd.log"
client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 300 --interval-ms 100 --seconds 18 >"$RUN/streams3" &
streams=$!
wait_until 20 grep -q '^open' "$RUN/streams3"
check "a target with flows is removed" ctl target remove echo 10.9.1.12
lab stop KILL
lab leatd >/dev/null
sleep 5
check_equal "it drains on, over a restart too" draining "$(target_state echo 10.9.1.12:9000)"
check_wait "none of its connections breaks" $streams
note "$(tr "\n" " " <"$RUN/streams3")"
finish
