#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# leatd ends in mid-traffic (SIGKILL, SIGTERM, replaced by a rebuilt binary with another BPF object) and starts three seconds later: of 10,000 numbered
# datagrams a second none is lost, of 200 open TCP streams none breaks.
. "$(dirname "$0")/lib.sh"

lab_start 3
check "the demo's state is accepted" ctl apply -f tools/lab/demo.yaml
wait_healthy

# across DESCRIPTION SIGNAL [BINARY]
across() {
	local description=$1 signal=$2 streams udp
	client "$TOOLS/lab-streams" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --count 200 --seconds 9 >"$RUN/streams" &
	streams=$!
	client "$TOOLS/lab-udp" --to $VIP4 --port 9000 --from $FROM4 --sources 200 --sockets 500 --rate 10000 --seconds 8 >"$RUN/udp" &
	udp=$!
	sleep 2
	lab stop "$signal"
	sleep 3
	check "$description: leatd starts again" env LEATD="${3:-$BUILD/leatd}" "$LAB" leatd "$LAB_NAME"
	wait $udp $streams
	note "$(tr '\n' ' ' <"$RUN/udp")"
	note "$(tr '\n' ' ' <"$RUN/streams")"
	check_at_least "$description: datagrams sent" 70000 "$(value "$RUN/udp" sent)"
	check_equal "$description: datagrams lost" 0 "$(value "$RUN/udp" lost)"
	check_equal "$description: datagrams at another target than before" 0 "$(value "$RUN/udp" misrouted)"
	check_equal "$description: streams open" 200 "$(value "$RUN/streams" open)"
	check_equal "$description: streams broken" 0 "$(awk '/^(reset|closed|failed|stalled|wrong) / { n += $2 } END { print n + 0 }' "$RUN/streams")"
	check "$description: the targets are healthy" wait_healthy
}

program_id() { on lb bpftool -j prog show pinned "$RUN/bpf/leat/nlb_ingress" | jq .id; }

before=$(program_id)
across "SIGKILL" KILL
check_equal "SIGKILL: the same program runs on" "$before" "$(program_id)"
across "SIGTERM" TERM
check_equal "SIGTERM: the same program runs on" "$before" "$(program_id)"

note "building leatd with another BPF object"
if make -s -j2 BUILD="$BUILD/rebuilt" BPF_EXTRA=-O3 programs >"$RUN/make.log" 2>&1; then
	across "rebuilt binary" TERM "$BUILD/rebuilt/leatd"
	check "rebuilt binary: another program is attached" test "$before" != "$(program_id)"
else
	not_ok "the second build failed: $(tail -n 3 "$RUN/make.log")"
fi

# Started again with nothing changed: nothing is repaired.
changes() { grep -c 'reconcile\|plan' "$RUN/lb.leatd.log"; }
check_match "a second leatd on the same node is refused with a sentence" "leatd.*(runs|running|already|pid)" \
	"$(on lb "$BUILD/leatd" --config "$RUN/leatd.yaml" 2>&1; echo "exit $?")"
check "and the first goes on" ctl status
finish
