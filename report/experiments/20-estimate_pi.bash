title='π by random points'
question='Points are thrown at a square; of those that hit the circle π is estimated. This is perfectly parallel: how near does each method come to the number of processors?'
way='Wall time with opening and closing the pool, divided by the points: mproc throws 10⁸, Python fewer, but with REPORT=full.'

measure() {
	repeat "$(size 1 2 3)" example estimate_pi --points "$(size 1000000 100000000 100000000)" --block "$(size 10000 100000 100000)" --with all | per_x point
	repeat "$(size 1 2 3)" openmp estimate_pi --points "$(size 1000000 100000000 100000000)" | per_x point
	python estimate_pi --points "$(size 100000 2000000 100000000)" | per_x point
	printed pi_estimate pool 10000 - '$1 == "estimate" { print $2 }' estimate_pi --points 10000
	printed pi_error pool 10000 - '$1 == "standard" { print $3 }' estimate_pi --points 10000
	printed pi_estimate pool "$(size 1000000 100000000 100000000)" - '$1 == "estimate" { print $2 }' estimate_pi --points "$(size 1000000 100000000 100000000)" --block 100000
}

show() {
	beside estimate_pi baseline=serial caption='Wall time for each point.'
	draw bars estimate_pi 'Speed-up against one loop' baseline=serial without='^python-' y_title='times as fast as one loop'
	say "The pool of processes was $(times "$(value estimate_pi serial -)" "$(value estimate_pi pool -)") times as fast as one loop on $processors processors, at $(quantity_of estimate_pi pool - s/point) a point."
	say "With 10 000 points the estimate was $(value pi_estimate pool 10000), and its standard error is $(printf '%.4f' "$(value pi_error pool 10000)"): ten thousand points do not give three decimals."
}
