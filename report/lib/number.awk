# How numbers are written: three digits that count, a unit with its prefix, thousands apart.

BEGIN {
	NARROW_SPACE = "\342\200\257"
	NO_BREAK_SPACE = "\302\240"
	MINUS = "\342\210\222"
	split("n \302\265 m", SMALL_PREFIXES, " ")
	split("k M G T", LARGE_PREFIXES, " ")
	split("Ki Mi Gi Ti", BINARY_PREFIXES, " ")
	# @names: "X=what it is called;..."
	for (i = split(names, NAMES, ";"); i > 0; --i)
		CALLED[substr(NAMES[i], 1, index(NAMES[i], "=") - 1)] = substr(NAMES[i], index(NAMES[i], "=") + 1)
}

function absolute(value) {
	return value < 0 ? -value : value
}

# Thousands of the whole part apart, from five digits on.
function grouped(text,    sign, fraction, result) {
	sign = ""
	if (text ~ /^-/) {
		sign = MINUS
		text = substr(text, 2)
	}
	fraction = ""
	if (index(text, ".")) {
		fraction = substr(text, index(text, "."))
		text = substr(text, 1, index(text, ".") - 1)
	}
	if (length(text) < 5)
		return sign text fraction
	result = ""
	while (length(text) > 3) {
		result = NARROW_SPACE substr(text, length(text) - 2) result
		text = substr(text, 1, length(text) - 3)
	}
	return sign text result fraction
}

# Digits behind the point, so that a number of this size shows three that count.
function decimals(value,    size) {
	size = absolute(value)
	if (size == 0 || size >= 99.95)
		return 0
	if (size >= 9.995)
		return 1
	if (size >= 0.9995)
		return 2
	return size >= 0.0995 ? 3 : size >= 0.00995 ? 4 : 6
}

# Of what a unit measures: "s" of "s/number".
function base_unit(unit) {
	sub(/\/.*/, "", unit)
	return unit
}

# The factor of the prefix that suits a value of a unit; sets PREFIX.
function prefix_factor(value, unit,    size, base, i, factor) {
	size = absolute(value)
	base = base_unit(unit)
	PREFIX = ""
	factor = 1
	if (base == "s" && size > 0 && size < 0.9995) {
		i = size < 0.9995e-6 ? 1 : size < 0.9995e-3 ? 2 : 3
		PREFIX = SMALL_PREFIXES[i]
		factor = i == 1 ? 1e-9 : i == 2 ? 1e-6 : 1e-3
	} else if (base == "B") {
		for (i = 1; i <= 4 && size / factor >= 1023.5; ++i) {
			factor *= 1024
			PREFIX = BINARY_PREFIXES[i]
		}
	}
	return factor
}

# A unit with its prefix, as one reads it: "µs a number".
function unit_text(unit,    base, per) {
	if (unit == "" || unit == "-")
		return ""
	base = base_unit(unit)
	per = unit
	if (!sub(/^[^\/]*\//, "", per))
		return PREFIX base
	return PREFIX base " per " per
}

# A value alone in its cell, or in a sentence: "12.3 µs"; of "s/number" the "per number" is left out.
function quantity(value, unit,    factor, text) {
	factor = prefix_factor(value, unit)
	text = grouped(is_whole(value / factor) && unit !~ /^s/ ? sprintf("%.0f", value / factor) : sprintf("%.*f", decimals(value / factor), value / factor))
	unit = base_unit(unit)
	return unit == "" || unit == "-" ? text : text NO_BREAK_SPACE PREFIX unit
}

function is_whole(value) {
	return absolute(value) < 1e15 && value == int(value)
}

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

function is_number(text) {
	return text ~ /^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$/
}

# An X, for people.
function x_text(x, unit) {
	if (x in CALLED)
		return CALLED[x]
	return is_number(x) ? unit == "" ? grouped(x) : quantity(x + 0, unit) : x
}
