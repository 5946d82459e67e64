# What the function `measure` of an experiment calls: programs that print rows.  One that fails is written to $failures, one that
# cannot run here to $notes, and the others go on.

# How large: `size TEST QUICK FULL`.
size() {
	case $scale in
	test) echo "$1" ;;
	quick) echo "$2" ;;
	full) echo "$3" ;;
	esac
}

# Nothing of this can be measured here.
note() { # TEXT
	echo "$*" >>"$notes"
	echo "$*" >>"$scratch/all-notes"
}

run_program() { # NAME COMMAND...
	local name=$1 status=0
	shift
	"$@" >"$scratch/output" 2>"$scratch/complaints" </dev/null || status=$?
	if [ $status -ne 0 ]; then
		echo "$name ended with status $status: $(tail -n 3 "$scratch/complaints" | tr '\n' ' ')" >>"$failures"
		return 0
	fi
	[ -s "$scratch/output" ] || echo "$name printed no rows" >>"$failures"
	cat "$scratch/output"
}

example() { # NAME [ARGUMENT]...
	run_program "$*" "$build/examples/$1" --rows "${@:2}"
}

openmp() { # NAME [ARGUMENT]...
	if [ -x "$build/report/$1" ]; then
		run_program "openmp $*" "$build/report/$1" "${@:2}"
	else
		note "OpenMP was left out: its programs are not built here."
	fi
}

python() { # NAME [ARGUMENT]...
	if command -v "$python" >/dev/null; then
		run_program "python $*" "$python" "$report/python/$1.py" "${@:2}"
	else
		note "Python was left out: there is no $python."
	fi
}

# Rows of the whole work as rows of one of its parts.
per() { # COUNT WHAT     per 10000 number
	awk -F '\t' -v OFS='\t' -v count="$1" -v what="$2" 'NF == 5 { $4 = sprintf("%.9g", $4 / count); $5 = $5 "/" what } { print }'
}

# The same for rows whose X is the count.
per_x() { # WHAT
	awk -F '\t' -v OFS='\t' -v what="$1" 'NF == 5 { $4 = sprintf("%.9g", $4 / $3); $3 = "-"; $5 = $5 "/" what } { print }'
}

# A word of what an example prints for people, as a row.
printed() { # EXPERIMENT METHOD X UNIT AWK-PROGRAM-THAT-PRINTS-A-NUMBER NAME [ARGUMENT]...
	run_program "${*:6}" "$build/examples/$6" "${@:7}" |
		awk "$5" | awk -v OFS='\t' -v e="$1" -v m="$2" -v x="$3" -v unit="$4" '{ print e, m, x, $1, unit }'
}

# As often as the scale asks for; the page shows medians.
repeat() { # TIMES COMMAND...
	local turn
	for ((turn = 0; turn < $1; ++turn)); do
		"${@:2}"
	done
}
