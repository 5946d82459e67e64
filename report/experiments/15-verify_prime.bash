title='Is one large number prime?'
question='All workers search for the divisors of one number, and who finds one tells the others by a flag. What does the flag cost, and what does it save?'
way='Wall time of each search; the pool is open already. Each worker looks at the flag after every 1000 divisors. A composite number ends as soon as somebody comes upon a factor, which is luck; a prime has no such luck.'

# The last is short enough for Python at any time.
numbers=(112272535095295 1109100129100369 100109100129100369 100109100129101027 100109100129100151 100109100129162907 99999999999973)
names='112272535095295=15 digits, composite;1109100129100369=16 digits, composite, as typed;100109100129100369=18 digits, composite 1;100109100129101027=18 digits, composite 2;100109100129100151=18 digits, prime 1;100109100129162907=18 digits, prime 2;99999999999973=14 digits, prime'

measure() {
	local all=("${numbers[@]}") of_python=(112272535095295 1109100129100369 99999999999973)
	case $scale in
	test) all=(112272535095295 1109100129100369 100109100129100151 99999999999973) ;;
	full) of_python=("${all[@]}") ;;
	esac
	repeat "$(size 1 3 3)" example verify_prime --with all "${all[@]}"
	example verify_prime --with manager "${all[@]}"
	repeat "$(size 1 3 3)" openmp verify_prime "${all[@]}"
	python verify_prime --with serial,naive,less-naive,event,value,raw,mmap,threads,manager "${of_python[@]}"
	if [ -n "$redis_url" ]; then
		example verify_prime --with redis --flag poll --redis "$redis_url" "${all[@]}"
		python verify_prime --with redis --redis "$python_redis_url" "${of_python[@]}"
	else
		note 'The flag in Redis was left out: there is no redis-server.'
	fi
}

show() {
	local prime=100109100129100151 best
	legend serial 'one loop' \
		naive 'a pool, a part of the divisors for each worker, to the end' \
		less-naive 'the same, after small divisors were tried' \
		event 'who finds a factor stops the others by an event; so do all that follow' \
		value 'a value in shared memory, with its lock' \
		raw 'an atomic byte in shared memory' \
		mmap 'an atomic byte in a mapped file' \
		threads 'an atomic byte, with threads' \
		manager 'a flag that a manager keeps' \
		redis 'a flag that a Redis server keeps'
	table verify_prime turned=1 each=1 head=number without='^(python|openmp)-' names="$names" caption='Wall time of mproc.'
	! grep -q '^verify_prime	openmp-' "$rows" ||
		table verify_prime turned=1 each=1 head=number only='^openmp-' names="$names" caption='Wall time of OpenMP.'
	draw dots verify_prime 'Wall time of each method' without='^python-' names="$names" y_title='wall time' y_scale=log
	beside verify_prime x_only=99999999999973 baseline=serial caption='Beside Python: the prime of 14 digits.'
	best=$(extreme least verify_prime $prime '^(naive|less-naive|event|value|raw|mmap|threads|manager|redis)$')
	say "For the first prime of 18 digits $best was the fastest method of mproc: $(quantity_of verify_prime "$best" $prime s), $(times "$(value verify_prime serial $prime)" "$(value verify_prime "$best" $prime)") times as fast as one loop."
	say "Small divisors first: the composite number of 15 digits took $(quantity_of verify_prime naive 112272535095295 s) without, and $(quantity_of verify_prime less-naive 112272535095295 s) with them."
}
