title='The mistakes of the documents'
question='The programs of the documents contain mistakes. What comes out when they are made, and what without them?'
way='Each mistake is made on purpose, by a function of its own, beside the right way.'

# What the example prints for people has the questions too.
measure() {
	run_program mistakes "$build/examples/mistakes" | tee "$scratch/mistakes-text" |
		awk -v OFS='\t' '
			/^[0-9]+[a-z]? / { number = $1 }
			/^ +(wrong|right) / { print "mistakes", number, $1, $2, "-" }'
}

show() {
	local all different
	table_of_mistakes <"$scratch/mistakes-text"
	all=$(grep -c '^mistakes	[^	]*	wrong' "$rows")
	different=$(awk -F '\t' '$1 == "mistakes" && $3 == "wrong" { wrong[$2] = $4 }
		$1 == "mistakes" && $3 == "right" && wrong[$2] != $4 { ++count }
		END { print count + 0 }' "$rows")
	say "Of $all mistakes $different brought another result than the right way in this run."
}

table_of_mistakes() {
	awk -f "$lib/number.awk" -f <(echo '
		function shown(value) {
			return is_whole(value) ? grouped(sprintf("%.0f", value)) : sprintf("%.6g", value)
		}
		BEGIN {
			print "<div class=\"wide\"><table><thead><tr><th scope=\"col\">mistake</th><th scope=\"col\">what is asked</th>" \
				"<th scope=\"col\" class=\"number\">wrong</th><th scope=\"col\" class=\"number\">right</th></tr></thead><tbody>"
		}
		/^[0-9]+[a-z]? / { number = $1; asked = $0; sub(/^[^ ]+ +/, "", asked) }
		/^ +wrong / { wrong = shown($2 + 0); why = $0; sub(/^ +wrong +[^ ]+ +[^ ]+ [^ ]+ +/, "", why) }
		/^ +right / {
			printf "<tr><th scope=\"row\">%s</th><td class=\"text\">%s<br><small>%s</small></td>", number, escaped(asked), escaped(why)
			printf "<td class=\"number wrong\">%s</td><td class=\"number\">%s</td></tr>\n", wrong, shown($2 + 0)
			++count
		}
		END { print "</tbody></table></div>"; exit count == 0 }')
}
