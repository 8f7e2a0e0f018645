#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# NAT source ports: with 64 ports and one target no more than 64 connections find one; the rest has a counted reason and status names it; ports come back.
. "$(dirname "$0")/lib.sh"

lab up 1 || { not_ok "the lab did not start"; finish; }
echo 'nat_ports: 2000-2063' >>"$RUN/leatd.yaml"
lab leatd || { not_ok "leatd did not start"; finish; }
check "the state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4]
    listeners: [{protocol: TCP, port: 9000, default_action: {forward: echo}}]
target_groups:
  - {name: echo, protocol: TCP, port: 9000, health_check: {interval_seconds: 1, timeout_seconds: 1}, targets: [10.9.1.11]}
"
wait_healthy
client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 40 --count 40 --seconds 8 >"$RUN/streams" &
streams=$!
wait_until 10 grep -q '^open' "$RUN/streams"
check_equal "40 connections are open" 40 "$(value "$RUN/streams" open)"
check_equal "none was refused a port" 0 "$(verdict nat_ports_exhausted)"
client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from 198.51.100.100 --sources 60 --count 60 --concurrency 60 --timeout-ms 1500 >"$RUN/over"
check_at_most "connections that still found a port" 24 "$(value "$RUN/over" ok)"
check_at_least "packets whose reason is nat_ports_exhausted" 20 "$(verdict nat_ports_exhausted)"
check_match "status names it" "port" "$(ctl status -o json | jq -r '.problems[].text')"
check_match "so does the target's counter" "[1-9]" "$(ctl stats -o json | jq '.targets[0].ports_exhausted')"
check_wait "the open connections go on" $streams
# A closed connection keeps its port for the time of TIME_WAIT, so that late segments do not reach a stranger.
few_flows() { [ "$(ctl status -o json | jq .flows.used)" -le 4 ]; }
check "closed connections leave the table" wait_until 50 few_flows
check "and give their ports back" client "$TOOLS/lab-connect" --to $VIP4 --port 9000 --from $FROM4 --sources 60 --count 40 --concurrency 4
finish
