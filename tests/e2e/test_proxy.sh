#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# PROXY protocol behind nat: nginx, HAProxy and a server that speaks first see the client's address and port, over both families and with both
# placements of the header, also where 1 % of the packets is lost on every leg; every byte of uploads and downloads is right. Health checks come with a header.
. "$(dirname "$0")/lib.sh"

if ! command -v haproxy >/dev/null || ! command -v nft >/dev/null; then
	skip "haproxy or nft is not installed (tools/deps)"
	echo end
	exit 0
fi

lab up 2 && lab leatd || { not_ok "the lab did not start"; finish; }

# ---- three servers that want the header, on both targets ----
head -c 3000000 /dev/urandom >"$RUN/file"
file_sum=$(sha256sum <"$RUN/file")
start_servers() { # HOST
	mkdir -p "$RUN/$1/www" "$RUN/$1/p"
	cp "$RUN/file" "$RUN/$1/www/file"
	cat >"$RUN/$1/p/nginx.conf" <<-EOT
		daemon on;
		master_process off;
		pid $RUN/$1/proxy-nginx.pid;
		error_log $RUN/$1/proxy-error.log info;
		events { worker_connections 1024; }
		http {
			access_log off;
			client_body_temp_path $RUN/$1/p/body;
			proxy_temp_path $RUN/$1/p/proxy;
			fastcgi_temp_path $RUN/$1/p/fastcgi;
			uwsgi_temp_path $RUN/$1/p/uwsgi;
			scgi_temp_path $RUN/$1/p/scgi;
			server {
				listen 8081 proxy_protocol;
				listen [::]:8081 proxy_protocol;
				root $RUN/$1/www;
				location /who { default_type text/plain; return 200 "\$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_addr \$proxy_protocol_server_port\n"; }
				location /healthz { default_type text/plain; return 200 "ok\n"; }
			}
		}
	EOT
	on "$1" /usr/sbin/nginx -c "$RUN/$1/p/nginx.conf" -e "$RUN/$1/proxy-error.log"
	cat >"$RUN/$1/haproxy.cfg" <<-EOT
		defaults
			mode http
			timeout client 20s
			timeout server 20s
			timeout connect 5s
		frontend f
			bind :::8082 v4v6 accept-proxy
			http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\n"
	EOT
	on "$1" setsid haproxy -D -f "$RUN/$1/haproxy.cfg" -p "$RUN/$1.haproxy.pid" >"$RUN/$1.haproxy.log" 2>&1
	(exec nsenter --net="/run/netns/leat-$LAB_NAME-$1" -- setsid "$TOOLS/lab-proxy" --serve 8083) >"$RUN/$1.greeter.log" 2>&1 </dev/null &
	echo $! >"$RUN/$1.greeter.pid"
	(exec nsenter --net="/run/netns/leat-$LAB_NAME-$1" -- setsid "$TOOLS/lab-proxy" --serve 8084 --waits) >"$RUN/$1.waiter.log" 2>&1 </dev/null &
	echo $! >"$RUN/$1.waiter.pid"
	disown -a
}
start_servers t1
start_servers t2

group() { # NAME PORT HEALTH-CHECK PLACEMENT
	echo "  - {name: $1, protocol: TCP, port: $2, health_check: {$3, interval_seconds: 1, timeout_seconds: 1, healthy_threshold: 2}, targets: [10.9.1.11, 10.9.1.12, 'fd09:1::11', 'fd09:1::12'], attributes: {proxy_protocol_v2.enabled: true, proxy_protocol_v2.client_to_server.header_placement: $4}}"
}
state() { # PLACEMENT
	cat <<-EOT
		load_balancers:
		  - name: edge
		    type: network
		    addresses: [$VIP4, '$VIP6']
		    listeners:
		      - {protocol: TCP, port: 81, default_action: {forward: nginx}}
		      - {protocol: TCP, port: 82, default_action: {forward: haproxy}}
		      - {protocol: TCP, port: 83, default_action: {forward: greeter}}
		      - {protocol: TCP, port: 84, default_action: {forward: waiter}}
		target_groups:
		$(group nginx 8081 'protocol: HTTP, path: /healthz' "$1")
		$(group haproxy 8082 'protocol: HTTP' "$1")
		$(group greeter 8083 'protocol: TCP' "$1")
		$(group waiter 8084 'protocol: TCP' "$1")
	EOT
}

# ---- what is asked of them ----
# ask URL LOCAL-PORT SOURCE: the answer of one request
ask() { client curl -sS -m 10 --interface "$3" --local-port "$2" "$1" 2>&1; }
url() { case $1 in *:*) echo "http://[$1]:$2" ;; *) echo "http://$1:$2" ;; esac; }

port=20000
see_addresses() { # DESCRIPTION
	local vip source
	for vip in $VIP4 $VIP6; do
		source=10.9.0.2
		[ "$vip" = $VIP4 ] || source=fd09::2
		port=$((port + 1))
		check_equal "$1: nginx sees $source" "$source $port $vip 81" "$(ask "$(url "$vip" 81)/who" $port $source)"
		port=$((port + 1))
		check_equal "$1: HAProxy sees $source" "$source $port $vip 82" "$(ask "$(url "$vip" 82)/" $port $source)"
		check_equal "$1: a file of 3 MB over $vip is right" "$file_sum" "$(client curl -sS -m 20 "$(url "$vip" 81)/file" | sha256sum)"
	done
}

# many DESCRIPTION LISTENER COUNT BYTES [OPTION...]: that many connections with so many bytes up and down, half of them over each family
many() {
	local what=$1 listener=$2 count=$(($3 / 2)) bytes=$4 family vip source
	shift 4
	for family in IPv4 IPv6; do
		vip=$VIP4 source=$FROM4
		[ $family = IPv4 ] || vip=$VIP6 source=$FROM6
		client "$TOOLS/lab-proxy" --to $vip --port "$listener" --from $source --sources 50 --count $count --concurrency 10 \
			--up "$bytes" --down "$bytes" "$@" >"$RUN/many" 2>"$RUN/many.err"
		check_equal "$what, $family: connections in which all addresses and bytes were right" "$count" "$(value "$RUN/many" ok)"
		[ "$(value "$RUN/many" ok)" = $count ] || { sed 's/^/# /' "$RUN/many"; sort "$RUN/many.err" | uniq -c | head -5 | sed 's/^/# /'; }
	done
}

# lose PERCENT: of the packets on each of the four legs
lose() {
	local rule="numgen random mod 100 < $1 counter drop"
	on client nft "table netdev loss { chain in { type filter hook ingress device eth0 priority 0; $rule; }; chain out { type filter hook egress device eth0 priority 0; $rule; }; }"
	on sw nft "table netdev loss { chain in { type filter hook ingress devices = { port0, port1, port2 } priority 0; $rule; }; }"
}
# How many were lost on the leg that has the fewest.
lost() { { on client nft list table netdev loss && on sw nft list table netdev loss; } | awk '/packets/ { for (i = 1; i < NF; i++) if ($i == "packets" && (n == "" || $(i + 1) < n)) n = $(i + 1) } END { print n + 0 }'; }
lose_nothing() { on client nft delete table netdev loss && on sw nft delete table netdev loss; }

received() { ctl flows --target-group greeter -o json | jq '[.flows[] | select(.proxy_header == "received")] | length'; }

# ---- the header with the first ACK ----
check "the state is accepted" apply "$(state on_first_ack)"
check "the targets become healthy: health checks come with a header" wait_healthy
see_addresses "on_first_ack"
many "on_first_ack, the server speaks first" 83 200 200000
many "on_first_ack, uploads and downloads of some MB" 83 4 4000000
check_at_least "flows say that the header was received" 1 "$(received)"
check "1 % of all packets is lost from here on" lose 1
see_addresses "on_first_ack, with loss"
many "on_first_ack, with loss" 83 60 50000
check_at_least "packets were lost on every leg" 5 "$(lost)"
check "and none is lost any more" lose_nothing

# ---- with the first data; open connections go on as they began ----
check "the placement is changed" apply "$(state on_first_ack_with_payload)"
see_addresses "on_first_ack_with_payload"
many "on_first_ack_with_payload" 84 200 200000 --asks
check "1 % of all packets is lost again" lose 1
see_addresses "on_first_ack_with_payload, with loss"
many "on_first_ack_with_payload, with loss" 84 60 50000 --asks
check_at_least "packets were lost on every leg" 5 "$(lost)"
check "and none is lost any more" lose_nothing

check_match "tg show says how" "on_first_ack_with_payload" "$(ctl tg show nginx -o json)"
check_match "a UDP group is refused with a sentence" "needs protocol TCP, not UDP" "$(ctl tg create u --protocol UDP --port 53 --proxy-protocol true 2>&1)"
check_match "and so is l2" "needs forwarding nat" "$(ctl tg create l --protocol TCP --port 53 --forwarding l2 --proxy-protocol true 2>&1)"
check "health checks without a header" ctl tg modify nginx --proxy-protocol-health-checks false
unhealthy() { [ "$(target_state nginx 10.9.1.11:8081)" = unhealthy ]; }
check "nginx refuses them: its targets become unhealthy" wait_until 15 unhealthy
check_equal "no packet ended without a reason" 0 "$(($(verdict none) + $(verdict internal)))"
finish
