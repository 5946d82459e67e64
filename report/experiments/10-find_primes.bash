title='Primes of a range'
question='Many numbers above 100 000 000 are tried by division, each for itself. What does each way to share them bring?'
way='Wall time of the whole search, with starting and ending the workers, divided by how many numbers the range has. mproc and OpenMP search a million numbers, the range C of the documents; Python fewer where that would take minutes; at the size test all search fewer.'

measure() {
	repeat "$(size 1 3 3)" example find_primes --range "$(size A C C)" --with all | per_x number
	example find_primes --range "$(size A B C)" --with manager-queue | per_x number
	repeat "$(size 1 3 3)" openmp find_primes --range "$(size A C C)" | per_x number
	python find_primes --range "$(size A B C)" --with serial,pool,threads,ranges,thread-ranges,imap,imap-unordered | per_x number
	python find_primes --range "$(size A A C)" --with queue,queue-batch,thread-queue,manager-queue,manager-queue-one | per_x number
	printed primes_found pool - - '$1 == "pool" { print $4 }' find_primes --range C --with pool
}

show() {
	local best
	legend serial 'one loop' \
		threads 'a pool of threads' \
		ranges 'as many processes as workers, a part of the range for each; thread-ranges the same with threads' \
		pool 'a pool of processes, an item for each number; a worker takes several at a time' \
		imap 'the same as a stream, a few numbers on their way at a time; imap-unordered gives them as they come' \
		queue 'processes, a message for each number and for each prime; queue-batch puts and takes many at a time' \
		thread-queue 'the same with threads' \
		manager-queue 'queues that a manager keeps, a message for every thousand numbers: each goes through its socket' \
		manager-queue-one 'the same with a message for each number, as in the documents' \
		openmp-… 'a parallel loop of OpenMP with this schedule'
	beside find_primes baseline=serial caption='Wall time for each number.'
	draw bars find_primes 'Speed-up against one loop' baseline=serial without='^python-' y_title='times as fast as one loop'
	best=$(extreme least find_primes - '^(threads|ranges|pool|imap|imap-unordered|queue|queue-batch|thread-queue|manager-queue)$')
	say "Of the methods of mproc $best was fastest: $(times "$(value find_primes serial -)" "$(value find_primes "$best" -)") times as fast as one loop, on $processors processors."
	say "With a message for each number, through a queue in shared memory, a number took $(quantity_of find_primes queue - s/number), with one for every thousand, through a manager, $(quantity_of find_primes manager-queue - s/number)."
	if has_row find_primes python-manager-queue-one -; then
		say "With a message for each number through Python’s manager, as in the documents, a number took $(quantity_of find_primes python-manager-queue-one - s/number): $(times "$(value find_primes python-manager-queue-one -)" "$(value find_primes queue -)") times as long as through a queue of mproc, and $(times "$(value find_primes python-manager-queue-one -)" "$(value find_primes python-serial -)") times as long as by Python’s loop without any worker."
	fi
}
