#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What would fail silently says so: a full flow table, an empty file, a lost state store, a VIP whose targets all drain.
. "$(dirname "$0")/lib.sh"

FLOWS=2048 lab up 3 || { not_ok "the lab did not start"; finish; }
lab leatd || { not_ok "leatd did not start"; finish; }
check "the demo's state is accepted" ctl apply -f tools/lab/demo.yaml
wait_healthy
check_equal "no problem at first" 0 "$(ctl status -o json | jq '.problems | length')"

client "$TOOLS/lab-udp" --to $VIP4 --port 9000 --from $FROM4 --sources 250 --sockets 4000 --count 8000 --rate 4000 >"$RUN/udp"
full() { ctl status | grep -q "flow table was full"; }
check "4,000 flows in a table of 2,048: status names it" wait_until 5 full
check_match "stats show the table" "flows +[0-9]+ +2048" "$(ctl stats)"

check_match "an empty file is refused" "is empty.*load_balancers: \[\]" "$(ctl apply -f /dev/null 2>&1; echo "exit $?")"
check_match "with exit status 1" "exit 1" "$(ctl apply -f /dev/null >/dev/null 2>&1; echo "exit $?")"
check_equal "and nothing was deleted" edge "$(ctl lb list -o json | jq -r '.load_balancers[].name')"

check_match "draining every IPv4 target says that all its slots lose their owner" "8209 of 32836 slots moved" "$(ctl target drain web 10.9.1.11 10.9.1.12 10.9.1.13 2>&1)"
check_match "and status calls it an error" "every IPv4 target of target group 'web' is drained" "$(ctl status)"
check "taken back" ctl target add web 10.9.1.11 10.9.1.13
check "and with its weight" ctl target add web 10.9.1.12 --weight 2
wait_healthy

# The state is lost while traffic runs: a new leatd must not take down what it does not know.
lab stop KILL
rm -f "$RUN"/state/leat.db*
said=$(on lb "$BUILD/leatd" --config "$RUN/leatd.yaml" 2>&1)
check_equal "leatd with an empty state beside a running data path: exit status 1" 1 $?
check_match "says what to do" "restore the state, or take the data path down with 'leatd --detach'" "$said"
check "and traffic goes on" client "$TOOLS/lab-connect" --to $VIP4 --port 80 --http / --from $FROM4 --sources 100 --count 500
check "--detach takes it down" on lb "$BUILD/leatd" --config "$RUN/leatd.yaml" --detach
check "and a new life begins" lab leatd
finish
