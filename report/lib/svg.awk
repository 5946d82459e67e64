# A drawing of gnuplot's as a part of the page: its colours are the page's, its names are its own (@name), the groups that draw
# nothing are left out.  Fails when no curve or bar is drawn.

BEGIN {
	split("ink rule soft", GREYS, " ")
}

# The colours in the scripts are numbers: 1 to 8 of the curves, 241 to 243 of the rest.
function coloured(line,    colour, number, name) {
	while (match(line, /rgb\( *0, *0, *[0-9]+\)/)) {
		colour = substr(line, RSTART, RLENGTH)
		number = colour
		gsub(/.*,|[ )]/, "", number)
		name = number + 0 > 240 ? GREYS[number - 240] : "curve-" (number + 0)
		line = substr(line, 1, RSTART - 1) "var(--" name ")" substr(line, RSTART + RLENGTH)
	}
	gsub(/fill="black"/, "fill=\"currentColor\"", line)
	return line
}

# What gnuplot writes at an axis, as the tables have it: " 10 us", "16   B", "1 kiB", " 100000".
function proper(line,    start, end, text) {
	if (!match(line, /<text[^>]*>[^<>]+<\/text>/))
		return line
	start = RSTART
	end = RSTART + RLENGTH
	text = substr(line, start, RLENGTH)
	gsub(/<[^>]*>/, "", text)
	gsub(/^ +| +$/, "", text)
	sub(/ us$/, NO_BREAK_SPACE "\302\265s", text)
	sub(/ +B$/, NO_BREAK_SPACE "B", text)
	sub(/ kiB$/, NO_BREAK_SPACE "KiB", text)
	if (text ~ /^[0-9]+$/)
		text = grouped(text)
	return substr(line, 1, start - 1) "<text>" text "</text>" substr(line, end)
}

function own_names(line) {
	gsub(/xlink:href='#gpPt/, "href='#" name "-point", line)
	gsub(/id='gpPt/, "id='" name "-point", line)
	gsub(/id="gnuplot_canvas"/, "", line)
	return line
}

/^<\?xml|^<!DOCTYPE|^<title>|^<desc>|^ xmlns/ { next }
/<filter id=/, /<\/filter>/ { next }
/<circle id='gpDot'/ { next }
/<svg *$/ {
	print "<svg class=\"" size "\" role=\"img\" aria-label=\"" title "\""
	next
}

{
	line = proper(own_names(coloured($0)))
	if (line ~ /var\(--curve/)
		++drawn
	# A group that is closed by the next line has drawn nothing.
	if (held != "" && line == "</g>") {
		held = ""
		next
	}
	if (held != "")
		print held
	held = ""
	if (line ~ /^<g fill="none" color/)
		held = line
	else if (line != "")
		print line
}

END {
	if (drawn == 0) {
		print "the drawing " name " is empty" >"/dev/stderr"
		exit 1
	}
}
