# SPDX-License-Identifier: BSD-2-Clause
# What every end-to-end test starts with: `. "$(dirname "$0")/lib.sh"`. Gives a lab under a unique name that is taken down however the
# test ends, checks that print "ok - …" or "not ok - …" and go on, and short words for the lab's commands. A test ends with `finish`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export BUILD=${BUILD:-$PWD/build}

E2E_NAME=$(basename "$0" .sh)
LAB_NAME=e$$
LAB=tools/lab/lab
RUN=/run/leat-lab/$LAB_NAME
TOOLS=$BUILD/tools/lab
VIP4=203.0.113.10 VIP6=2001:db8:10::10
FROM4=198.51.100.1 FROM6=2001:db8:c::1

note() { echo "# $*"; }
ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; }
skip() { echo "skip - $*"; }

# check DESCRIPTION COMMAND...: the command's exit status decides; its output is shown when it fails.
check() {
	local description=$1 output
	shift
	if output=$("$@" 2>&1); then
		ok "$description"
	else
		not_ok "$description"
		note "command: $*"
		sed 's/^/#   /' <<<"$output"
	fi
}

# check_wait DESCRIPTION PID: a program started in the background ends with 0
check_wait() {
	local status=0
	wait "$2" || status=$?
	check_equal "$1: exit status" 0 $status
}

# check_equal DESCRIPTION EXPECTED FOUND
check_equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1"; note "expected: $2"; note "found:    $3"; fi
}

# check_match DESCRIPTION REGEX TEXT (extended regular expression)
check_match() {
	if grep -qE -- "$2" <<<"$3"; then ok "$1"; else not_ok "$1"; note "expected to match: $2"; sed 's/^/# found: /' <<<"$3"; fi
}

# check_at_most DESCRIPTION LIMIT NUMBER; check_at_least likewise
check_at_most() {
	if awk -v l="$2" -v n="$3" 'BEGIN { exit !(n != "" && n + 0 <= l + 0) }'; then ok "$1 ($3)"; else not_ok "$1"; note "at most $2 expected, found $3"; fi
}
check_at_least() {
	if awk -v l="$2" -v n="$3" 'BEGIN { exit !(n != "" && n + 0 >= l + 0) }'; then ok "$1 ($3)"; else not_ok "$1"; note "at least $2 expected, found $3"; fi
}

lab() { local verb=$1; shift; "$LAB" "$verb" "$LAB_NAME" "$@"; }
ctl() { lab ctl "$@"; }
on() { lab in "$@"; }	  # on HOST COMMAND...
client() { lab in client "$@"; }
now_ms() { date +%s%3N; }

# wait_until SECONDS COMMAND...: polls every 50 ms; status of the last try
wait_until() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $deadline ] || return 1
		sleep 0.05
	done
}

# value FILE KEY: the number behind "KEY " in a traffic program's report; from FILE NAME: behind "from NAME "
value() { awk -v key="$2" '$1 == key { v = $2 } END { print v + 0 }' "$1"; }
from() { awk -v name="$2" '$1 == "from" && $2 == name { v = $3 } END { print v + 0 }' "$1"; }

# target_state GROUP TARGET: one word
target_state() { ctl target list "$1" -o json | jq -r --arg t "$2" '.targets[] | select(.target == $t) | .state'; }
all_healthy() { [ "$(ctl target list -o json | jq '[.targets[] | select(.state != "healthy")] | length')" = 0 ]; }
wait_healthy() { wait_until 15 all_healthy || { note "targets did not become healthy"; ctl target list | sed 's/^/# /'; return 1; }; }
# verdict NAME: packets that ended this way
verdict() { ctl stats --all -o json | jq -r --arg v "$1" '.verdicts[] | select(.verdict == $v) | .packets'; }

# Lays out the lab and starts leatd: lab_start TARGETS
lab_start() {
	lab up "$1" && lab leatd || { not_ok "$E2E_NAME: the lab did not start"; finish; }
}

# apply TEXT: applies a state given as text
apply() { printf '%s\n' "$1" | ctl apply -f -; }

at_exit() { "$LAB" down "$LAB_NAME" >/dev/null 2>&1; }
trap at_exit EXIT

finish() {
	tail -n 40 "$RUN/lb.leatd.log" 2>/dev/null | sed 's/^/# leatd: /'
	echo end
	exit 0
}
