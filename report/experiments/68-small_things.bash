title='Sleepers, a counter in a file, sockets'
question='Three small things that the documents report: a pool whose items only sleep, a number in a file that several processes add to, and how much faster Redis answers through a Unix socket than through TCP.'
way='Sleeping needs no processor, so there are as many workers as in the documents: four for squares of two seconds, three for powers of one second. Four processes read the number in the file, add 1 and write it back, 10 000 times each. The requests are GET by the 50 clients of redis-benchmark.'

measure() {
	printed worker_pool processes 4 s '/^elapsed/ { print $3 }' worker_pool --workers 4 2 4 6 8
	printed worker_pool processes 5 s '/^elapsed/ { print $3 }' worker_pool --workers 4 2 4 6 8 10
	printed multi_args processes 3 s '/^elapsed/ { print $3 }' multi_args
	printed file_counter file-lock - - '$1 == "file-lock" { print $3 }' shared_counter --with file-lock
	printed file_counter file - - '$1 == "file" { print $3 }' shared_counter --with file
	if command -v redis-server >/dev/null && command -v redis-benchmark >/dev/null; then
		measure_redis
	else
		note 'The sockets of Redis were left out: there is no redis-server, or no redis-benchmark.'
	fi
}

# A server that listens both ways, at a port that is free.
measure_redis() {
	local port server turn unix tcp
	for ((turn = 0; turn < 5; ++turn)); do
		port=$((20000 + RANDOM % 20000))
		redis-server --bind 127.0.0.1 --port $port --unixsocket "$scratch/both" --save '' --appendonly no --dir "$scratch" >/dev/null 2>&1 &
		server=$!
		! redis_answers $port || break
		kill $server 2>/dev/null || true
	done
	unix=$(requests -s "$scratch/both")
	tcp=$(requests -p $port)
	kill $server
	wait $server || true
	awk -v unix="$unix" -v tcp="$tcp" -v OFS='\t' 'BEGIN {
		print "redis_sockets", "unix", "-", unix, "-"
		print "redis_sockets", "tcp", "-", tcp, "-"
		print "redis_sockets", "unix÷tcp", "-", unix / tcp, "-"
	}'
}

redis_answers() { # PORT
	local turn
	for ((turn = 0; turn < 50; ++turn)); do
		[ ! -S "$scratch/both" ] || [ "$(redis-cli -p "$1" ping 2>/dev/null)" != PONG ] || return 0
		pause 0.1
	done
	return 1
}

requests() { # WHERE...     a second
	redis-benchmark "$@" -t get -n "$(size 20000 100000 1000000)" --csv 2>/dev/null | awk -F '"' '$2 == "GET" { print $4 }'
}

show() {
	local unix
	table worker_pool turned=1 head=squares caption='Wall time of squares of two seconds, with four workers.'
	table file_counter names='-=counted' caption='What is in the file when 40 000 are to be counted: with a lock, and without.'
	say "Without the lock $((40000 - $(value file_counter file -))) of 40 000 additions were lost."
	if has_row redis_sockets unix -; then
		table redis_sockets names='-=requests per second' without=÷ caption='Requests that Redis answers in a second.'
		unix=$(value redis_sockets 'unix÷tcp' -)
		say "Through the Unix socket Redis answered $(times "$unix" 1) times as many requests as through TCP."
	fi
}
