title='Speed-up of each method'
question='How many times as fast as one loop is each method, on the processors of this machine?'
way='Time of one loop of C divided by time of the method, in the experiments below. A search that ends at the first factor can be more than twice as fast with two workers: they also look elsewhere first.'

show() {
	local best
	all_speed_ups >"$scratch/speed-ups"
	rows=$scratch/speed-ups
	table speed_up places=2 caption='Times as fast as one loop.' names="$(speed_up_names)"
	draw dots speed_up 'Speed-up against one loop' y_title='times as fast as one loop' names="$(speed_up_names)"
	best=$(awk -F '\t' -v names="$(speed_up_names)" -f "$lib/number.awk" -f <(echo '
		$4 > most { most = $4; best = $2 " (" x_text($3) ")" }
		END { printf "%s, %.2f times as fast as one loop", best, most }') "$rows")
	say "On $processors processors the largest was that of $best."
}

# Rows speed_up METHOD EXPERIMENT, where the work is large enough for workers; one loop is no method.
all_speed_ups() {
	awk -F '\t' -v OFS='\t' '
		function chosen() {
			return $1 == "find_primes" || $1 == "estimate_pi" || $1 == "compute_pi" || $1 == "verify_prime" && $3 == "100109100129100151"
		}
		$2 ~ /^python-|-serial$/ { next }
		chosen() { value[$1, $2] = $4; experiment[++count] = $1; method[count] = $2; runs[count] = $6 }
		END {
			for (i = 1; i <= count; ++i) {
				base = experiment[i] SUBSEP "serial"
				if (method[i] != "serial" && (base in value) && value[experiment[i], method[i]] > 0)
					print "speed_up", method[i], experiment[i], value[base] / value[experiment[i], method[i]], "-", runs[i], 0, 0
			}
		}' "$rows"
}

speed_up_names() {
	echo 'find_primes=primes of a range;verify_prime=one large prime;estimate_pi=π by points;compute_pi=π by a series'
}
