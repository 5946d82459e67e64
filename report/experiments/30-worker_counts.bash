title='Time against the number of workers'
question='How does the time fall with the workers, from one to twice the logical processors? Does it matter whether they are threads or processes?'
way='Wall time of a search for primes with each number of workers, with starting and ending them, divided by how many numbers are searched. Above the number of processors nothing can be won.'

measure() {
	local numbers
	numbers=$(size 20000 200000 1000000)
	repeat "$(size 1 3 3)" example worker_counts --numbers "$numbers" | per "$numbers" number
	openmp worker_counts --numbers "$numbers" | per "$numbers" number
	numbers=$(size 1000 10000 100000)
	python worker_counts --numbers "$numbers" | per "$numbers" number
}

show() {
	local best
	draw lines worker_counts 'Wall time against workers' without='^python-' x_title=workers y_title='wall time'
	draw lines worker_counts 'Speed-up against workers' baseline='processes 1' without='^python-' x_title=workers y_title='times as fast as one process'
	table worker_counts turned=1 without='serial$' head=workers caption='Wall time for each number.'
	best=$(awk -F '\t' '$1 == "worker_counts" && $2 == "processes" && (least == "" || $4 < least) { least = $4 + 0; best = $3 } END { print best }' "$rows")
	say "With processes the shortest time was that of $best worker$([ "$best" = 1 ] || echo s): $(times "$(value worker_counts processes 1)" "$(value worker_counts processes "$best")") times as fast as one, on $processors processors."
}
