# One row for what was measured several times: EXPERIMENT METHOD X MEDIAN UNIT RUNS LEAST MOST, in the order in which they came.
# A line that is no row goes to the file @wrong.

BEGIN {
	FS = OFS = "\t"
}

NF != 5 || $4 !~ /^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$/ || $1 == "" || $2 == "" || $3 == "" || $5 == "" {
	print "not a row: " $0 >wrong
	next
}

{
	key = $1 OFS $2 OFS $3
	if (!(key in runs)) {
		keys[++count] = key
		unit[key] = $5
	} else if (unit[key] != $5) {
		print "two units, " unit[key] " and " $5 ": " $0 >wrong
		next
	}
	insert(key, $4 + 0)
}

# Keep the values of a key in order.
function insert(key, value,    i) {
	for (i = runs[key]++; i > 0 && values[key, i] > value; --i)
		values[key, i + 1] = values[key, i]
	values[key, i + 1] = value
}

function median(key,    n) {
	n = runs[key]
	return n % 2 ? values[key, (n + 1) / 2] : (values[key, n / 2] + values[key, n / 2 + 1]) / 2
}

END {
	OFMT = CONVFMT = "%.9g"
	for (i = 1; i <= count; ++i) {
		key = keys[i]
		print key, median(key) "", unit[key], runs[key], values[key, 1] "", values[key, runs[key]] ""
	}
}
