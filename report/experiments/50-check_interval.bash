title='How often to look at the flag'
question='Workers that search for a divisor look now and then whether another has found one. What does it cost to look after every division, after every ten, and so on to a million?'
way='All workers divide a prime of 18 digits, so nobody sets the flag. Their time is divided by the divisions of each, looks included. Python stops before the last divisor.'

measure() {
	local every seconds pace with_redis=() python_ways=value,raw,mmap,manager
	every=$(size 1,1000,1000000 1,10,100,1000,10000,100000,1000000 1,10,100,1000,10000,100000,1000000)
	seconds=$(size 0.02 0.1 1)
	pace=(--divisors "$(size 20000 200000 2000000)" --looks "$(size 500 5000 10000)" --stops "$(size 1 3 9)")
	if [ -n "$redis_url" ]; then
		with_redis=(--redis "$redis_url")
	else
		note 'The flag in Redis was left out: there is no redis-server.'
	fi
	repeat "$(size 1 1 3)" example check_interval --every "$every" --seconds "$seconds" "${with_redis[@]}"
	python check_interval --every "$every" --with $python_ways "${pace[@]}"
	[ -z "$redis_url" ] || python check_interval --every "$every" --with redis --redis "$python_redis_url" "${pace[@]}"
}

show() {
	local method
	draw lines check_interval 'Time for each division against the interval' x_title='divisions between two looks' y_title='time per division' x_scale=log y_scale=log only='^(python-)?(raw|value|manager|redis)$'
	table check_interval turned=1 each=1 head='divisions between looks' without='^python-' caption='mproc: time for each division.'
	! grep -q '^check_interval	python-' "$rows" ||
		table check_interval turned=1 each=1 head='divisions between looks' only='^python-' caption='Python: time for each division.'
	if grep -q '^stop_delay	' "$rows"; then
		draw lines stop_delay 'From setting the flag to the end of the last worker' y_title='delay' x_title='divisions between two looks' x_scale=log y_scale=log only='^(python-)?(raw|value|manager|redis)$'
		table stop_delay turned=1 each=1 head='divisions between looks' without='^python-' caption='mproc: time from setting the flag until the last worker had stopped.'
		! grep -q '^stop_delay	python-' "$rows" ||
			table stop_delay turned=1 each=1 head='divisions between looks' only='^python-' caption='Python: the same.'
	fi
	for method in raw value manager redis; do
		if has_row check_interval $method 1 && has_row check_interval $method 1000; then
			say "$method: a division took $(quantity_of check_interval $method 1 s/division) with a look after each, and $(quantity_of check_interval $method 1000 s/division) with one after every 1000."
		fi
	done
}
