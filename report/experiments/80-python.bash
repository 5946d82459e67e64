title='Python against mproc'
question='How many times as long does the same experiment take with Python’s multiprocessing?'
way='Time of Python divided by time of mproc, for each experiment that both have measured with the same X. Where the sizes differ, times per number, point or message are compared.'

# Of the experiments that have a time.
names='find_primes=primes of a range;verify_prime=one large number;estimate_pi=π by points;compute_pi=π by a series;worker_counts=numbers of workers;one_or_many=one number or many;job_size=size of jobs;message_cost=messages;check_interval=looking at a flag;stop_delay=stopping by a flag;start_cost=starting'

show() {
	local pairs
	python_ratios >"$scratch/python-ratios"
	pairs=$(wc -l <"$scratch/python-ratios")
	if [ "$pairs" -eq 0 ]; then
		paragraph 'Nothing was measured with Python in this run.'
		return
	fi
	rows=$scratch/python-ratios
	table python_ratio turned=1 head=experiment each=1 names="$names" caption='Time of Python divided by time of mproc; the least, median and most of all that both have measured.'
	rows=$scratch/python-medians
	draw dots python_ratio 'Time of Python divided by time of mproc' names="$names" y_title='times as long as mproc' y_scale=log
	rows=$scratch/python-ratios
	say "$(awk -F '\t' -v names="$names" -f "$lib/number.awk" -f <(echo '
		$2 == "median" && $4 > most { most = $4 + 0; e = x_text($3) }
		END { printf "They are farthest apart in “%s”: there Python takes %s times as long, in the median.", e, grouped(sprintf("%.0f", most)) }') "$rows")"
}

# Rows python_ratio median|least|most EXPERIMENT, and for the drawing python_ratio EXPERIMENT median|least|most.
python_ratios() {
	awk -F '\t' -v OFS='\t' -v drawing="$scratch/python-medians" '
		{ value[$1, $2, $3] = $4; unit[$1, $2, $3] = $5 }
		$2 ~ /^python-/ { python[++count] = $0 }
		function add(experiment, ratio,    i) {
			if (!(experiment in pairs))
				experiments[++kinds] = experiment
			for (i = pairs[experiment]++; i > 0 && ratios[experiment, i] > ratio; --i)
				ratios[experiment, i + 1] = ratios[experiment, i]
			ratios[experiment, i + 1] = ratio
		}
		function put(experiment, what, ratio) {
			print "python_ratio", what, experiment, ratio, "-", 1, 0, 0
			print "python_ratio", experiment, what, ratio, "-", 1, 0, 0 >drawing
		}
		END {
			printf "" >drawing
			for (i = 1; i <= count; ++i) {
				split(python[i], row, FS)
				method = substr(row[2], 8)
				key = row[1] SUBSEP method SUBSEP row[3]
				if ((key in value) && value[key] > 0 && unit[key] == row[5] && row[5] ~ /^s/)
					add(row[1], row[4] / value[key])
			}
			for (i = 1; i <= kinds; ++i) {
				e = experiments[i]
				n = pairs[e]
				put(e, "least", ratios[e, 1])
				put(e, "median", n % 2 ? ratios[e, (n + 1) / 2] : (ratios[e, n / 2] + ratios[e, n / 2 + 1]) / 2)
				put(e, "most", ratios[e, n])
			}
		}' "$rows"
}
