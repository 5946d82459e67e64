title='Cost of a message against its size'
question='What does it cost to give a message to another process, from eight bytes to a mebibyte?'
way='Wall time of many messages from one process to another, divided by their number.'

measure() {
	repeat "$(size 1 3 3)" example message_cost --messages "$(size 2000 100000 1000000)" --bytes "$(size 4194304 67108864 1073741824)"
	python message_cost --messages "$(size 400 10000 20000)" --bytes "$(size 4194304 67108864 67108864)"
}

show() {
	draw lines message_cost 'Cost of a message against its size' x_title='size of a message' y_title='time per message' x_scale=log2 y_scale=log x_unit=B only='^(python-)?(queue|queue-batch|pipe|manager-queue)$'
	table message_cost turned=1 each=1 head=size x_unit=B without='^python-' caption='mproc: wall time for each message.'
	! grep -q '^message_cost	python-' "$rows" ||
		table message_cost turned=1 each=1 head=size x_unit=B only='^python-' caption='Python: wall time for each message.'
	say "A message of 8 bytes cost $(quantity_of message_cost queue 8 s/message) through a queue and $(quantity_of message_cost pipe 8 s/message) through a pipe."
	if has_row message_cost python-queue 8; then
		say "Python’s queue took $(quantity_of message_cost python-queue 8 s/message), $(times "$(value message_cost python-queue 8)" "$(value message_cost queue 8)") times as long."
	fi
}
