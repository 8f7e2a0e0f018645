#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Weights 1:2:1 over 20,000 connections from many client addresses, both families: each target's share is within 2 % (of the total) of its weight's.
. "$(dirname "$0")/lib.sh"

lab_start 3
check "the demo's state is accepted" ctl apply -f tools/lab/demo.yaml
wait_healthy

shares() { # FILE FAMILY
	local total target want share
	total=$(value "$1" ok)
	for target in t1:25 t2:50 t3:25; do
		want=${target#*:}
		share=$(awk -v n="$(from "$1" "${target%:*}")" -v t="$total" 'BEGIN { printf "%.2f", t ? 100 * n / t : 0 }')
		check_at_most "$2: ${target%:*} has $share % of the connections, promised $want %: off by" 2 \
			"$(awk -v s="$share" -v w="$want" 'BEGIN { d = s - w; printf "%.2f", d < 0 ? -d : d }')"
	done
}

client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 250 --count 20000 --concurrency 100 >"$RUN/v4"
check_equal "IPv4: 20,000 connections succeed" 20000 "$(value "$RUN/v4" ok)"
shares "$RUN/v4" IPv4
client "$TOOLS/lab-connect" --to $VIP6 --port 80 --http / --from $FROM6 --sources 5000 --count 20000 --concurrency 100 >"$RUN/v6"
check_equal "IPv6: 20,000 connections succeed" 20000 "$(value "$RUN/v6" ok)"
shares "$RUN/v6" IPv6

new_flows=$(ctl listener list -o json | jq '[.listeners[] | select(.name == "edge/TCP:80") | .new_flows] | add')
check_equal "the listener counted every connection once" 40000 "$new_flows"
per_target=$(ctl stats -o json | jq '[.targets[] | select(.target_group == "web") | .new_flows] | add')
check_equal "so did the targets together" 40000 "$per_target"
finish
