title='Many tiny jobs, or few large ones'
question='Each job that is handed to a worker costs. From which size on does that cost not matter any more?'
way='Wall time of the same search for primes, divided by the numbers searched, for jobs of one number, ten, a hundred and so on.'

measure() {
	repeat "$(size 1 3 3)" example job_size --numbers "$(size 10000 200000 1000000)" --sizes 1,10,100,1000,10000
	openmp job_size --numbers "$(size 10000 200000 1000000)" --sizes 1,10,100,1000,10000
	python job_size --numbers "$(size 2000 20000 100000)" --sizes 1,10,100,1000,10000
}

show() {
	draw lines job_size 'Time for each number against the size of a job' x_title='numbers in a job' y_title='time per number' x_scale=log y_scale=log
	table job_size turned=1 without='serial$' head='numbers in a job' caption='Wall time for each number.'
	say_extremes pool
	say_extremes queue
}

say_extremes() { # METHOD
	local largest method=$1
	largest=$(awk -F '\t' -v m="$method" '$1 == "job_size" && $2 == m && $3 + 0 > most { most = $3 + 0; x = $3 } END { print x }' "$rows")
	say "By $method a number cost $(quantity_of job_size "$method" 1 s/number) in jobs of one, and $(quantity_of job_size "$method" "$largest" s/number) in jobs of $(count_text "$largest")."
}
