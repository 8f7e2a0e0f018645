#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# A target's process is killed: with an interval of 1 s and a threshold of 2 no new connection goes to it after 2.5 s; it comes back by itself.
. "$(dirname "$0")/lib.sh"

lab_start 3
check "the demo's state is accepted" ctl apply -f tools/lab/demo.yaml
wait_healthy
client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 200 --rate 500 --seconds 8 --timeout-ms 1000 >"$RUN/connects" &
connects=$!
sleep 2
killed=$(now_ms)
lab kill t2
wait $connects
began=$(awk '$1 == "began" { printf "%.0f", $2 * 1000 }' "$RUN/connects")
last=$(value "$RUN/connects" last_failure_ms)
note "$(tr '\n' ' ' <"$RUN/connects")"
check_at_most "ms from the kill to the start of the last failed connection" 2500 $((began + last - killed))
check_at_least "connections that succeeded all the same" 2500 "$(value "$RUN/connects" ok)"
check_equal "the target is unhealthy" unhealthy "$(target_state web 10.9.1.12:8080)"
check_match "the reason has a name" "connection refused" "$(ctl target list web)"
check_match "the log has one complete line about it" "health: target 'web/10.9.1.12:8080' healthy -> unhealthy \(connection refused, 2/2, [0-9]+ ms\)" \
	"$(cat "$RUN/lb.leatd.log")"
client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 200 --count 2000 >"$RUN/after"
check_equal "2,000 connections after that: none fails" 0 "$(value "$RUN/after" failed)"
check_equal "and none goes to the dead target" 0 "$(from "$RUN/after" t2)"

lab start t2
check "started again it becomes healthy" wait_healthy
client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 200 --count 2000 >"$RUN/back"
check_at_least "and gets its share of 2,000 connections" 800 "$(from "$RUN/back" t2)"

# Everything is dead: the group fails open, so that a wrong health check alone can't take a service down.
for target in t1 t2 t3; do lab kill $target; done
open() { [ "$(ctl tg show web -o json | jq -r '.target_groups[0].state')" = fail-open ]; }
check "with every target dead the group fails open" wait_until 6 open
check_match "status says so" "fail-open|fails open" "$(ctl status)"
for target in t1 t2 t3; do lab start $target; done
check "and recovers" wait_healthy
finish
