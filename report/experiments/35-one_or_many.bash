title='One big number, or many small ones'
question='The same amount of work: the divisors of one large number shared by all workers, or many small numbers, each for one worker. Which is easier to share?'
way='Wall time of both, with about the same number of divisions in all.'

measure() {
	local sizes=(--one "$(size 10000000000037 1000000000000037 1000000000000037)" --many "$(size 5000 50000 50000)")
	repeat "$(size 1 3 3)" example one_or_many "${sizes[@]}"
	python one_or_many "${sizes[@]}"
}

show() {
	local shared='^(numbers|divisors)$'
	legend serial 'one loop' \
		numbers 'a pool, an item for each number; one number cannot be shared so' \
		divisors 'a pool, a part of the divisors for each worker, one number after the other'
	table one_or_many caption='Wall time.' names='one=one big number;many=many small numbers'
	draw dots one_or_many 'Wall time' y_title='wall time' names='one=one big number;many=many small numbers'
	say_fastest one 'The big number'
	say_fastest many 'The small numbers'
}

say_fastest() { # X WHAT
	local best
	best=$(extreme least one_or_many "$1" "$shared")
	say "$2: the faster way to share was $best, with $(quantity_of one_or_many "$best" "$1" s), against $(quantity_of one_or_many serial "$1" s) of one loop: $(times "$(value one_or_many serial "$1")" "$(value one_or_many "$best" "$1")") times as fast."
}
