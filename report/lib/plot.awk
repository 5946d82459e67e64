# Rows as a script for gnuplot.
# @kind       lines  values of the experiment against X, a curve for each method
#             bars   of each method, for the only X, or the one that is @x_only
#             dots   of each method, a colour for each X
# @baseline   values are how many times as fast as this method the others are, at the same X; with lines "METHOD X" is one row
# @x_title, @y_title, @x_scale, @y_scale (log, log2 or linear), @x_unit
# @names     "X=what it is called;..."
# @only, @without  methods: regular expressions
# @width      of the drawing, in pixels

BEGIN {
	FS = "\t"
	CONVFMT = "%.17g"
	CURVES = 8
}

$1 == experiment && (x_only == "" || $3 == x_only) && (only == "" || $2 ~ only) && (without == "" || $2 !~ without) && (kind != "lines" || is_number($3)) {
	if (!($2 in seen_method)) {
		seen_method[$2] = 1
		methods[++method_count] = $2
	}
	if (!($3 in seen_x)) {
		seen_x[$3] = 1
		xs[++x_count] = $3
	}
	values[$2, $3] = $4
	unit = $5
}

# What is drawn for a row; sets FOUND.
function drawn_value(method, x,    words, reference) {
	FOUND = (method, x) in values
	if (!FOUND)
		return 0
	if (baseline == "")
		return values[method, x]
	reference = baseline SUBSEP x
	if (split(baseline, words, " ") == 2)
		reference = words[1] SUBSEP words[2]
	FOUND = reference in values && values[method, x] > 0
	return FOUND ? values[reference] / values[method, x] : 0
}

function quoted(text) {
	gsub(/["\\]/, "", text)
	return "\"" text "\""
}

function drawing_unit() {
	return baseline == "" ? unit : "-"
}

# The prefix of an axis that is not logarithmic, by the largest value.
function scale_values(    m, x, value, most) {
	for (m = 1; m <= method_count; ++m) {
		for (x = 1; x <= x_count; ++x) {
			value = drawn_value(methods[m], xs[x])
			if (FOUND && value > most)
				most = value
		}
	}
	MOST = most
	FACTOR = prefix_factor(most, drawing_unit())
	MOST /= FACTOR
}

function axis_unit() {
	return unit_text(drawing_unit())
}

function axis(name, title, scale, axis_of_unit) {
	if (scale == "log")
		print "set logscale " name " 10"
	if (scale == "log2")
		print "set logscale " name " 2"
	if (scale ~ /^log/) {
		if (base_unit(axis_of_unit) == "s")
			print "set format " name " \"%.0s %cs\""
		else if (base_unit(axis_of_unit) == "B")
			print "set format " name " \"%.0b %BB\""
		else
			print "set format " name " \"%g\""
	}
	print "set " name "label " quoted(title)
}

function common(height) {
	print "set encoding utf8"
	print "set terminal svg size " width "," height " dynamic noenhanced font \"sans-serif,13\""
	print "set border 3 lc rgb \"#0000f2\""
	print "set tics nomirror textcolor rgb \"#0000f1\""
	print "set xlabel textcolor rgb \"#0000f1\" offset 0,0.4"
	print "set ylabel textcolor rgb \"#0000f1\""
	print "unset key"
	for (i = 1; i <= 2 * CURVES; ++i)
		printf "set linetype %d lc rgb \"#%06x\" lw 2 pt %d ps 0.55 dt %d\n", i, (i - 1) % CURVES + 1, ((i - 1) % CURVES < 4 ? 7 : 5), (i > CURVES ? 3 : 1)
}

function with_unit(title, text) {
	return text == "" ? title : title ", " text
}

function data_of_method(m,    x, value) {
	print "$data" m " << END"
	for (x = 1; x <= x_count; ++x) {
		value = drawn_value(methods[m], xs[x])
		if (FOUND)
			printf "%s %.9g\n", xs[x], y_scale ~ /^log/ ? value : value / FACTOR
	}
	print "END"
}

function lines(    m, list, tics, x) {
	common(width > 500 ? 340 : 310)
	print "set rmargin 5"
	print "set grid lc rgb \"#0000f3\" dt 1 lw 1"
	axis("x", x_title, x_scale, x_unit)
	axis("y", y_scale ~ /^log/ ? y_title : with_unit(y_title, axis_unit()), y_scale, drawing_unit())
	if (y_scale !~ /^log/)
		print "set yrange [0:*]"
	if (x_scale !~ /^log/ && x_count <= 16) {
		for (x = 1; x <= x_count; ++x)
			tics = tics (x > 1 ? ", " : "") xs[x]
		print "set xtics (" tics ")"
	}
	for (m = 1; m <= method_count; ++m) {
		data_of_method(m)
		list = list (m > 1 ? ", " : "plot ") "$data" m " using 1:2 with linespoints"
		key(m, method_text(methods[m]))
	}
	print list
}

# The key is a part of the page: page.bash reads it from comments.
function key(number, text) {
	print "# key " number " " text
}

# A method, for people.
function method_text(method) {
	return method in CALLED ? CALLED[method] : method
}

# A method in each line, from the top.
function method_axis() {
	printf "set ytics ("
	for (m = 1; m <= method_count; ++m)
		printf "%s%s %d", (m > 1 ? ", " : ""), quoted(method_text(methods[m])), m
	print ") scale 0"
	print "set yrange [" method_count + 0.7 ":0.3]"
	print "set grid xtics lc rgb \"#0000f3\" dt 1 lw 1"
}

function bars(    m, value) {
	common(84 + 24 * method_count)
	method_axis()
	axis("x", with_unit(y_title, axis_unit()), "linear", drawing_unit())
	print "set xrange [0:" MOST * 1.12 "]"
	print "$data << END"
	for (m = 1; m <= method_count; ++m) {
		value = drawn_value(methods[m], xs[1])
		if (FOUND)
			printf "%.9g %d %s\n", value / FACTOR, m, baseline == "" ? grouped(sprintf("%.*f", decimals(value / FACTOR), value / FACTOR)) : sprintf("%.2f", value)
	}
	print "END"
	print "plot $data using ($1/2):2:($1/2):(0.36) with boxxyerror lt 1 fs solid noborder, $data using 1:2:3 with labels left offset 0.5,0 textcolor rgb \"#0000f1\""
}

function dots(    m, x, list, value) {
	common(84 + 24 * method_count)
	method_axis()
	axis("x", y_scale ~ /^log/ ? y_title : with_unit(y_title, axis_unit()), y_scale, drawing_unit())
	if (y_scale !~ /^log/)
		print "set xrange [0:*]"
	for (x = 1; x <= x_count; ++x) {
		print "$data" x " << END"
		for (m = 1; m <= method_count; ++m) {
			value = drawn_value(methods[m], xs[x])
			if (FOUND)
				printf "%.9g %d\n", y_scale ~ /^log/ ? value : value / FACTOR, m
		}
		print "END"
		list = list (x > 1 ? ", " : "plot ") "$data" x " using 1:2 with points lt " x " ps 0.9"
		if (xs[x] != "-")
			key(x, x_text(xs[x], x_unit))
	}
	print list
}

END {
	if (method_count == 0) {
		print "no rows of " experiment (x_only == "" ? "" : " for " x_only) >"/dev/stderr"
		exit 1
	}
	scale_values()
	if (kind == "lines")
		lines()
	else if (kind == "bars")
		bars()
	else
		dots()
}
