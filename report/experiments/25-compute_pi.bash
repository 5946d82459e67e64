title='π by a series'
question='1000, 1500 and 2000 digits of π by the series of Bailey, Borwein and Plouffe: three items, of which the last takes longest. What can a pool bring?'
way='Wall time of all three, the pool is open already. Python’s naive ways add as many terms as digits, as the document does; five sixths of that are enough.'

measure() {
	repeat "$(size 1 5 5)" example compute_pi 1000 1500 2000
	repeat "$(size 1 5 5)" openmp compute_pi 1000 1500 2000
	repeat "$(size 1 2 3)" python compute_pi 1000 1500 2000
}

show() {
	beside compute_pi baseline=serial caption='Wall time of the three numbers.'
	draw bars compute_pi 'Wall time' without='^python-' y_title='wall time'
	say "One after the other they took $(quantity_of compute_pi serial 1000,1500,2000 s), with the pool $(quantity_of compute_pi pool 1000,1500,2000 s). The longest item alone is about half of the work, so no number of workers can do better than twice as fast."
}
