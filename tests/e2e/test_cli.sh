#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The whole CLI as an operator uses it, piece by piece: a configuration made by commands equals the one applied from its own export.
. "$(dirname "$0")/lib.sh"

lab_start 3
check "tg create" ctl tg create web --protocol TCP --port 8080 --health-check-protocol HTTP --health-check-path /healthz \
	--health-check-interval 1 --health-check-timeout 1 --healthy-threshold 2 --deregistration-delay 5
check "the same again changes nothing and succeeds" ctl tg create web --protocol TCP --port 8080 --health-check-protocol HTTP --health-check-path /healthz \
	--health-check-interval 1 --health-check-timeout 1 --healthy-threshold 2 --deregistration-delay 5
check_match "with other settings it is refused" "web.*(exists|already)" "$(ctl tg create web --protocol TCP --port 8081 2>&1)"
check "target add" ctl target add web 10.9.1.11 10.9.1.12 --weight 2
check "target add, another weight" ctl target add web 10.9.1.13
check "lb create" ctl lb create edge --address $VIP4
check "listener create" ctl listener create edge --protocol TCP --port 80 --forward web
wait_healthy
check "traffic flows" client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 100 --count 500

list=$(ctl target list web)
for word in TARGET WEIGHT STATE SINCE FLOWS NEW/S REASON healthy 10.9.1.13:8080; do
	check_match "target list shows $word" "$word" "$list"
done
check_match "lb list" "edge.*network.*$VIP4.*active" "$(ctl lb list)"
check_match "lb show" "$VIP4" "$(ctl lb show edge)"
check_match "listener list" "edge/TCP:80.*web" "$(ctl listener list)"
check_match "listener show" "web" "$(ctl listener show edge/TCP:80)"
check_match "tg list" "web.*TCP.*8080.*nat" "$(ctl tg list)"
check_match "tg show" "HTTP.*/healthz" "$(ctl tg show web)"
check_match "stats name verdicts" "forward_redirect.*REDIRECT" "$(ctl stats)"
client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --count 1 >/dev/null
ctl stats --drops -o json >"$RUN/drops"
check_equal "stats --drops shows nothing that did not drop" 0 "$(jq '[.verdicts[] | select(.action != "DROP")] | length' "$RUN/drops")"
check_equal "and nothing but verdicts" verdicts "$(jq -r 'keys | join(" ")' "$RUN/drops")"
check_match "with --all, each with its meaning" "no_next_hop +DROP +[0-9]+ .* the target's MAC address is not known yet" "$(ctl stats --drops --all)"
check_match "history, newest first" "CreateListener" "$(ctl history | sed -n 2p)"
check_match "version" "leatd" "$(ctl version)"
check_match "status shows the mode obtained" "native" "$(ctl status)"
check "every listing is JSON with -o json" bash -c "for c in 'lb list' 'listener list' 'tg list' 'target list' status stats flows history version export; do $LAB ctl $LAB_NAME \$c -o json | jq -e . >/dev/null || { echo \$c; exit 1; }; done"
check "and YAML with -o yaml" bash -c "for c in 'lb list' 'target list' status; do $LAB ctl $LAB_NAME \$c -o yaml | grep -q : || { echo \$c; exit 1; }; done"

ctl export >"$RUN/exported.yaml"
check_match "the export applied to itself changes nothing" "nothing to change" "$(ctl apply -f "$RUN/exported.yaml")"
sed 's/weight: 2/weight: 5/' "$RUN/exported.yaml" >"$RUN/changed.yaml"
plan=$(ctl diff -f "$RUN/changed.yaml")
check_match "diff names the field, from and to" "10.9.1.11:8080.*weight.*2.*5" "$plan"
check_match "and forecasts the slots that move" "[0-9]+ of [0-9]+ slots" "$plan"
check_match "and changes nothing" "nothing to change" "$(ctl apply -f "$RUN/exported.yaml")"
check_match "apply --dry-run neither" "nothing to change" "$(ctl apply -f "$RUN/changed.yaml" --dry-run >/dev/null; ctl apply -f "$RUN/exported.yaml")"
check "an IPv6 VIP may come before its targets" ctl lb modify edge --address $VIP4 --address $VIP6
check_equal "nat serves it with targets of the other family: no warning" 0 "$(ctl status | grep -c 'no IPv6 target')"
check "then its targets come, one by one" ctl target add web fd09:1::11
wait_healthy
check "and it serves" client "$TOOLS/lab-connect" --to $VIP6 --port 80 --http / --from $FROM6 --sources 10 --count 50
check "target remove" ctl target remove web fd09:1::11 --now
check "lb modify takes the VIP away again" ctl lb modify edge --address $VIP4
check "target weight" ctl target weight web 10.9.1.11 --weight 3
check_equal "it took" 3 "$(ctl target list web -o json | jq '.targets[] | select(.target == "10.9.1.11:8080") | .weight')"
check "listener modify" ctl listener modify edge/TCP:80 --tcp-idle-timeout 60
check "lb modify" ctl lb modify edge --address $VIP4 --address 203.0.113.11
check "the new VIP serves" client "$TOOLS/lab-connect" --to 203.0.113.11 --port 80 --http / --from $FROM4 --sources 10 --count 50
check "tg modify" ctl tg modify web --healthy-threshold 3
check_match "tg delete of one in use is refused" "web.*edge/TCP:80|in use|used by" "$(ctl tg delete web 2>&1)"

client "$TOOLS/lab-streams" --to $VIP4 --port 80 --from 198.51.100.77 --count 1 --seconds 1 >/dev/null 2>&1
check_match "flows" "198.51.100.77" "$(ctl flows --client 198.51.100.77)"
metrics=$(on lb curl -s http://127.0.0.1:9101/metrics)
check_match "metrics: health" 'leat_target_health\{.*state="healthy"\} 1' "$metrics"
check_match "metrics: verdicts" 'leat_verdict_packets_total\{verdict="forward_redirect"\} [1-9]' "$metrics"
check_match "the API answers over the socket" '"CreateTargetGroup"' "$(curl -s --unix-socket "$RUN/leatd.sock" http://leat/v1/operations)"
check_match "with schemas" '"properties"' "$(curl -s --unix-socket "$RUN/leatd.sock" http://leat/v1/schema/CreateTargetGroup)"
check_match "writes are not open on the TCP socket" "40[0-9]|denied|AccessDenied" \
	"$(on lb curl -s -w '%{http_code}' -X POST -d '{"name":"edge"}' http://127.0.0.1:9101/v1/DeleteLoadBalancer)"
check_equal "completion completes nouns" yes "$(bash -c "source <($BUILD/leatctl completion bash); COMP_WORDS=(leatctl t); COMP_CWORD=1; COMP_LINE='leatctl t'; COMP_POINT=9; \$(complete -p leatctl | sed -E 's/.*-F ([^ ]+).*/\\1/'); printf '%s\n' \"\${COMPREPLY[@]}\" | grep -qE '^tg ?\$' && echo yes")"

check "listener delete" ctl listener delete edge/TCP:80
check "lb delete" ctl lb delete edge
check_equal "the VIP is gone from the interface" "" "$(on lb ip -o addr show dev front | grep "$VIP4" || true)"
check "tg delete" ctl tg delete web
check_equal "the state is empty" "" "$(ctl lb list -o json | jq -r '.load_balancers[].name'; ctl tg list -o json | jq -r '.target_groups[].name')"
check "and the earlier export brings it back" ctl apply -f "$RUN/exported.yaml"
wait_healthy
check "with its traffic" client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 100 --count 500
finish
