title='Memory of a worker'
question='How much memory does one more idle worker take?'
way='Memory that belongs to the worker alone, as the kernel counts it.'

measure() {
	example worker_memory
	python worker_memory
}

show() {
	beside worker_memory x_only=- caption='Memory of one idle worker that no other process shares.'
	draw bars worker_memory 'Memory of a worker' x_only=- without='^python-' y_title='memory'
	say "A forked worker took $(quantity_of worker_memory fork - B), a thread $(quantity_of worker_memory thread - B)."
}
