# Rows as a table: of the experiment @experiment, methods down and X across, or with @turned the other way round.
# @baseline  a method: with a single X a column beside tells how many times as fast the others are
# @x_title   what X is; @x_unit is its unit
# @head      what the first column is
# @caption   what the values are
# @names     "X=what it is called;..."
# @only, @without  methods: regular expressions
# @each      each value with a prefix of its own
# @places    digits behind the point, where they are not chosen by the values

BEGIN {
	FS = "\t"
	CONVFMT = "%.17g"
}

$1 == experiment && (only == "" || $2 ~ only) && (without == "" || $2 !~ without) {
	put($2, $3, $4, $5)
	if ($6 > most_runs)
		most_runs = $6
}

function put(method, x, value, unit,    row, column) {
	row = turned ? x : method
	column = turned ? method : x
	if (!(row in row_numbers)) {
		row_numbers[row] = ++rows
		row_names[rows] = row
			has_words = has_words || !is_number(row) || row in CALLED
	}
	if (!(column in column_numbers)) {
		column_numbers[column] = ++columns
		column_names[columns] = column
	}
	values[row, column] = value
	if (!(column in units))
		units[column] = unit
	else if (units[column] != unit)
		is_mixed[column] = 1
	if (each)
		is_mixed[column] = 1
	cell_units[row, column] = unit
	if (value > 0 && (!(column in least) || value < least[column]))
		least[column] = value + 0
	if (!(column in most) || value > most[column])
		most[column] = value + 0
	if (value != int(value))
		has_fractions[column] = 1
}

# Choose the prefix and the digits that serve a whole column.
function lay_out(column,    factor) {
	factor = prefix_factor(column in least ? least[column] : 0, units[column])
	factors[column] = factor
	heads[column] = unit_text(units[column])
	if (!has_fractions[column] && factor == 1)
		digits[column] = 0
	else
		digits[column] = decimals(column in least ? least[column] / factor : 0)
	if (places != "")
		digits[column] = places
	else if (most[column] / factor >= 9999.5 && digits[column] > 1)
		digits[column] = 1
}

function cell(row, column,    value) {
	if (!((row, column) in values))
		return "<td class=\"number none\" title=\"not measured\">\342\200\223</td>"
	value = values[row, column]
	if (column in is_mixed)
		return "<td class=\"number\">" quantity(value, cell_units[row, column]) "</td>"
	return "<td class=\"number\">" grouped(sprintf("%.*f", digits[column], value / factors[column])) "</td>"
}

function speed_up(row,    column) {
	column = column_names[1]
	if (!((row, column) in values) || !((baseline, column) in values) || values[row, column] + 0 <= 0)
		return "<td class=\"number none\">\342\200\223</td>"
	return "<td class=\"number\">" sprintf("%.2f", values[baseline, column] / values[row, column]) "</td>"
}

function row_class() {
	return has_words ? "" : " class=\"number\""
}

function column_head(column,    text) {
	text = turned ? escaped(column) : column == "-" && !(column in CALLED) ? "" : escaped(x_text(column, x_unit))
	if (!(column in is_mixed) && heads[column] != "")
		text = text (text == "" ? "" : "<br>") "<small>" escaped(heads[column]) "</small>"
	return text == "" ? "value" : text
}

END {
	if (rows == 0) {
		print "no rows of " experiment >"/dev/stderr"
		exit 1
	}
	has_speed_up = baseline != "" && columns == 1 && (baseline in row_numbers)
	print "<p class=\"caption\">" escaped(caption) (most_runs > 1 ? " Medians of up to " most_runs " runs." : "") "</p><div class=\"wide\"><table>"
	printf "<thead><tr><th scope=\"col\"%s>%s</th>", row_class(), head
	for (c = 1; c <= columns; ++c) {
		lay_out(column_names[c])
		printf "<th scope=\"col\" class=\"number\">%s</th>", column_head(column_names[c])
	}
	if (has_speed_up)
		printf "<th scope=\"col\" class=\"number\">speed-up<br><small>times %s</small></th>", escaped(baseline)
	print "</tr></thead><tbody>"
	for (r = 1; r <= rows; ++r) {
		printf "<tr><th scope=\"row\"%s>%s</th>", row_class(), turned ? escaped(x_text(row_names[r], x_unit)) : escaped(row_names[r])
		for (c = 1; c <= columns; ++c)
			printf "%s", cell(row_names[r], column_names[c])
		print (has_speed_up ? speed_up(row_names[r]) : "") "</tr>"
	}
	print "</tbody></table></div>"
}
