title='What starting costs'
question='What does it cost to start a thread, a forked process, one from a server, and one from scratch?'
way='Wall time from the call that starts until the end is known, one after the other, divided by their number.'

measure() {
	repeat "$(size 1 3 3)" example start_cost --count "$(size 20 200 2000)"
	python start_cost --count "$(size 10 100 1000)"
}

show() {
	beside start_cost caption='Wall time of starting, doing nothing, and joining.'
	draw dots start_cost 'Wall time of starting and joining one' y_title='wall time' y_scale=log
	say "A process by fork cost $(times "$(value start_cost fork -)" "$(value start_cost thread -)") times as much as a thread, one by spawn $(times "$(value start_cost spawn -)" "$(value start_cost thread -)") times as much."
}
