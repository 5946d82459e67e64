# What the function `show` of an experiment puts onto the page.  $rows is the file of what was measured, $scratch a folder.

html() {
	sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' <<<"$*"
}

paragraph() { # TEXT
	echo "<p>$(html "$*")</p>"
}

# What the numbers of this run say.
say() { # TEXT
	echo "<p class=\"finding\">$(html "$*")</p>"
}

# NAME=VALUE... as options of awk.
awk_options() {
	local option
	awk_words=()
	for option in "$@"; do
		awk_words+=(-v "$option")
	done
}

table() { # EXPERIMENT [NAME=VALUE]...     as table.awk has them
	awk_options "${@:2}"
	awk -f "$lib/number.awk" -v experiment="$1" -v head=method "${awk_words[@]}" -f "$lib/table.awk" "$rows"
}

# A drawing for wide windows and one for narrow ones: the style chooses.
draw() { # KIND EXPERIMENT TITLE [NAME=VALUE]...     as plot.awk has them
	local name size width
	awk_options "${@:4}"
	echo "<figure><figcaption>$(html "$3")</figcaption>"
	for size in broad slim; do
		width=$([ $size = broad ] && echo 760 || echo 370)
		name=$2-$((++drawings))-$size
		awk -f "$lib/number.awk" -v kind="$1" -v experiment="$2" -v width="$width" "${awk_words[@]}" -f "$lib/plot.awk" "$rows" >"$scratch/$name.gnuplot"
		gnuplot "$scratch/$name.gnuplot" >"$scratch/$name.svg"
		awk -f "$lib/number.awk" -v name="$name" -v title="$(html "$3")" -v size=$size -f "$lib/svg.awk" "$scratch/$name.svg"
	done
	key_of "$scratch/$name.gnuplot"
	echo "</figure>"
}

key_of() { # SCRIPT
	local number text
	echo '<ul class="key">'
	while read -r number text; do
		echo "<li><span class=\"sample$([ "$number" -le 8 ] || echo ' dashed')\" style=\"border-color: var(--curve-$(((number - 1) % 8 + 1)))\"></span>$(html "$text")</li>"
	done < <(sed -n 's/^# key //p' "$1")
	echo '</ul>'
}

# Numbers for sentences.  Each fails when the row is not there.

value() { # EXPERIMENT METHOD X
	awk -F '\t' -v e="$1" -v m="$2" -v x="$3" '$1 == e && $2 == m && $3 == x { print $4; found = 1; exit } END { exit !found }' "$rows" ||
		{ echo "no row $1 $2 $3" >&2 && return 1; }
}

has_row() { # EXPERIMENT METHOD X
	value "$@" >/dev/null 2>&1
}

quantity() { # VALUE UNIT
	awk -f "$lib/number.awk" -f <(echo 'BEGIN { CONVFMT = "%.17g"; print quantity(value + 0, unit) }') -v value="$1" -v unit="$2"
}

quantity_of() { # EXPERIMENT METHOD X UNIT
	local number
	number=$(value "$1" "$2" "$3")
	quantity "$number" "$4"
}

# A whole number, thousands apart.
count_text() { # NUMBER
	awk -f "$lib/number.awk" -f <(echo 'BEGIN { print grouped(number) }') -v number="$1"
}

# How many times A is of B, in words: two digits that count.
times() { # A B
	awk -f "$lib/number.awk" -f <(echo 'BEGIN { if (b + 0 <= 0) exit 1; q = a / b; print (q >= 9.95 ? grouped(sprintf("%.0f", q)) : sprintf("%.1f", q)) }') -v a="$1" -v b="$2"
}

# The method with the least value at an X, or with `most` the greatest; of those whose names match PATTERN, when one is given.
extreme() { # least|most EXPERIMENT X [PATTERN]
	awk -F '\t' -v which="$1" -v e="$2" -v x="$3" -v pattern="${4:-.}" '
		$1 == e && $3 == x && $2 ~ pattern && (best == "" || (which == "least" ? $4 < least : $4 > least)) { best = $2; least = $4 + 0 }
		END { print best; exit best == "" }' "$rows" || { echo "no row of $2 at $3 that matches ${4:-.}" >&2 && return 1; }
}

# The page.

# A variable of an experiment: its title, question or way.
text_of() { # FILE NAME
	(. "$1" && echo "${!2-}")
}

section() { # FILE NAME     with what `show` has printed as input
	echo "<section id=\"$2\"><h2>$(html "$(text_of "$1" title)")</h2>"
	echo "<p class=\"question\">$(html "$(text_of "$1" question)")</p>"
	[ ! -s "$scratch/$2.failures" ] || { echo '<div class="failure"><strong>This experiment failed.</strong><ul>' && list_items <"$scratch/$2.failures" && echo '</ul></div>'; }
	[ ! -s "$scratch/$2.notes" ] || { echo '<div class="note"><ul>' && sort -u "$scratch/$2.notes" | list_items && echo '</ul></div>'; }
	cat
	way=$(text_of "$1" way)
	[ -z "$way" ] || echo "<details open><summary>How it was measured</summary><p>$(html "$way")$(took "$2")</p></details>"
	echo '</section>'
}

took() { # NAME
	[ ! -f "$scratch/$1.seconds" ] || echo " All of it took $(cat "$scratch/$1.seconds") s."
}

list_items() {
	sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/.*/<li>&<\/li>/'
}

contents() {
	local i
	echo '<nav><ul><li><a href="#machine">The machine</a></li>'
	for i in "${!files[@]}"; do
		echo "<li><a href=\"#${names[i]}\">$(html "$(text_of "${files[i]}" title)")</a>$([ ! -s "$scratch/${names[i]}.failures" ] || echo ' <strong class="failed">failed</strong>')</li>"
	done
	echo '</ul></nav>'
}

write_page() {
	local name
	echo '<!DOCTYPE html>'
	echo '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
	echo '<meta name="color-scheme" content="light dark"><title>mproc: the report</title><style>'
	cat "$report/style.css"
	echo '</style></head><body><header><h1>mproc: the report</h1>'
	echo '<p>Every experiment of the tutorials, run here: with one loop, with each method of mproc, with OpenMP, and with Python. Every number comes from this run, but for those that are named as the documents’ own.</p></header>'
	contents
	echo '<main>'
	machine_section
	for name in "${names[@]}"; do
		cat "$scratch/$name.html"
	done
	echo '</main></body></html>'
}

# mproc and Python in one table.
beside() { # EXPERIMENT [NAME=VALUE]...     as beside.awk has them
	awk_options "${@:2}"
	awk -f "$lib/number.awk" -v experiment="$1" "${awk_words[@]}" -f "$lib/beside.awk" "$rows"
}

# What the methods are: `legend NAME TEXT...`.
legend() {
	echo '<details><summary>The methods</summary><dl>'
	while [ $# -gt 0 ]; do
		echo "<dt>$(html "$1")</dt><dd>$(html "$2")</dd>"
		shift 2
	done
	echo '</dl></details>'
}
