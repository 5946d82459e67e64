title='Random numbers in forked children'
question='A forked child has a copy of everything, of the state of a generator too. How many of the children draw a number that no other child draws?'
way='Each child draws one number, and those that differ are counted.'

measure() {
	example copied_random --children 8
	python copied_random --children 8
}

show() {
	local children
	legend libc 'random() of the C library, seeded before the fork' \
		copied 'a generator of mproc, copied by the fork' \
		time 'each child seeds its own with the seconds of the clock' \
		streams 'a stream of mproc for each child'
	children=$(awk -F '\t' '$1 == "copied_random" { print $3; exit }' "$rows")
	table copied_random caption="Different numbers that $children children have drawn." names="$children=different numbers"
	say "With streams $(value copied_random streams "$children") of $children children drew different numbers, with random() $(value copied_random libc "$children")."
}
