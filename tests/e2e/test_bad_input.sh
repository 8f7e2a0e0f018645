#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Bad input: one clear sentence with file, line and field, nothing changes, exit status 1.
. "$(dirname "$0")/lib.sh"

lab_start 2
check "a good state is accepted" apply "
load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4]
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]
target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [10.9.1.11, 10.9.1.12]}
"
before=$(ctl export; ctl history -o json)

# refused DESCRIPTION REGEX TEXT: regex is matched against what leatctl says
refused() {
	local description=$1 said status=0
	printf '%s\n' "$3" >"$RUN/bad.yaml"
	said=$(ctl apply -f "$RUN/bad.yaml" 2>&1) || status=$?
	check_equal "$description: exit status 1" 1 "$status"
	check_equal "$description: one sentence" 1 "$(grep -c . <<<"$said")"
	check_match "$description: says where and what" "$2" "$said"
}

LB="load_balancers:
  - name: edge
    type: network
    addresses: [$VIP4]
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]"
TG="target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [10.9.1.11]}"

refused "unknown key" "bad.yaml:3:.*unknown key 'prot'" "target_groups:
  - name: web
    prot: TCP
    port: 80"
refused "wrong type" "bad.yaml:4:.*port.*expected a number.*'http'" "target_groups:
  - name: web
    protocol: TCP
    port: http"
refused "port out of range" "bad.yaml:4:.*port.*70000.*out of range.*1\.\.65535" "target_groups:
  - name: web
    protocol: TCP
    port: 70000"
refused "duplicate name" "bad.yaml:3:.*'web'.*(twice|already|duplicate)" "target_groups:
  - {name: web, protocol: TCP, port: 80}
  - {name: web, protocol: TCP, port: 81}"
refused "missing target group" "bad.yaml:5:.*'nowhere'" "${LB/forward: web/forward: nowhere}
$TG"
refused "VIP used twice" "bad.yaml:.*(already|twice)" "$LB
  - name: edge2
    type: network
    addresses: [$VIP4]
    listeners: [{protocol: TCP, port: 80, default_action: {forward: web}}]
$TG"
refused "address family mismatch" "bad.yaml:.*(IPv6|family)" "${LB/$VIP4/\"$VIP6\"}
${TG/port: 8080/port: 8080, forwarding: dnat}"
refused "a target that is the VIP itself" "bad.yaml:.*$VIP4" "$LB
target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [$VIP4]}"
refused "no address" "bad.yaml:.*'10.9.1.300'" "$LB
target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [10.9.1.300]}"
refused "broken YAML" "bad.yaml:[0-9]+" "target_groups: [{name: web"
refused "a weight out of range" "bad.yaml:.*weight.*1000.*out of range.*0\.\.999" "target_groups:
  - {name: web, protocol: TCP, port: 8080, targets: [{address: 10.9.1.11, weight: 1000}]}"
refused "protocol mismatch" "bad.yaml:.*(UDP|protocol)" "${LB/protocol: TCP/protocol: UDP}
$TG"

for wrong in "tg create web2 --protocol TCP --port 0" "tg create 'bad name' --protocol TCP --port 80" "target add nowhere 10.9.1.11" \
	"target add web 10.9.1.11.5" "target weight web 10.9.1.99 --weight 2" "tg delete web" "lb delete nowhere" "listener delete edge/TCP:81" \
	"listener create edge --protocol TCP --port 80 --forward nowhere"; do
	said=$(eval "ctl $wrong" 2>&1)
	check_equal "leatctl $wrong: exit status 1" 1 $?
	check_equal "leatctl $wrong: one sentence" 1 "$(grep -c . <<<"$said")"
done
for wrong in "frobnicate" "tg create" "target weight web 10.9.1.11" "tg create x --protocol TCP --port eighty" "lb list --nonsense" "target weight web 10.9.1.11 --weight x"; do
	ctl $wrong >/dev/null 2>&1
	check_equal "leatctl $wrong: exit status 2" 2 $?
done
check_equal "nothing has changed" "$before" "$(ctl export; ctl history -o json)"

lab stop TERM
said=$(ctl status 2>&1)
check_equal "without leatd: exit status 3" 3 $?
check_match "and a sentence that says so" "no answer from leatd" "$said"
finish
