# mproc and Python side by side, at the only X of an experiment, or at @x_only: METHOD beside python-METHOD.
# @baseline  the method that the others are compared with, on each side
# @caption, @only, @without  as table.awk has them

BEGIN {
	FS = "\t"
	CONVFMT = "%.17g"
	ABSENT = "<td class=\"number none\" title=\"not measured\">\342\200\223</td>"
}

$1 == experiment && (x_only == "" || $3 == x_only) && (only == "" || $2 ~ only) && (without == "" || $2 !~ without) {
	method = $2
	side = sub(/^python-/, "", method) ? "python" : "mproc"
	if (!(method in seen)) {
		seen[method] = 1
		if (method ~ /^openmp-/)
			others[++other_count] = method
		else
			methods[++count] = method
	}
	has_python = has_python || side == "python"
	values[side, method] = $4
	unit = $5
	if ($6 > most_runs)
		most_runs = $6
}

function cell(side, method) {
	if (!((side, method) in values))
		return ABSENT
	return "<td class=\"number\">" quantity(values[side, method] + 0, unit) "</td>"
}

function ratio(above, below, digits_least,    value) {
	if (!(above in values) || !(below in values) || values[below] + 0 <= 0)
		return ABSENT
	value = values[above] / values[below]
	return "<td class=\"number\">" (digits_least && value >= 10 ? grouped(sprintf("%.0f", value)) : sprintf("%.2f", value)) "</td>"
}

function heads(side) {
	printf "<th scope=\"col\" class=\"number\">%s%s</th>", side, index(unit, "/") ? "<br><small>per " substr(unit, index(unit, "/") + 1) "</small>" : ""
	if (baseline != "")
		printf "<th scope=\"col\" class=\"number\">speed-up<br><small>times %s</small></th>", baseline
}

# OpenMP comes below a line.
function append_others() {
	first_other = other_count ? count + 1 : 0
	for (m = 1; m <= other_count; ++m)
		methods[++count] = others[m]
}

END {
	append_others()
	if (count == 0) {
		print "no rows of " experiment >"/dev/stderr"
		exit 1
	}
	print "<p class=\"caption\">" escaped(caption) (most_runs > 1 ? " Medians of up to " most_runs " runs." : "") "</p><div class=\"wide\"><table>"
	printf "<thead><tr><th scope=\"col\">method</th>"
	heads("mproc" (other_count ? "<br><small>and OpenMP, below</small>" : ""))
	if (has_python) {
		heads("Python")
		printf "<th scope=\"col\" class=\"number\">Python<br><small>times mproc</small></th>"
	}
	print "</tr></thead><tbody>"
	for (m = 1; m <= count; ++m) {
		method = methods[m]
		if (m == first_other)
			print "</tbody><tbody>"
		printf "<tr><th scope=\"row\">%s</th>%s", escaped(method), cell("mproc", method)
		if (baseline != "")
			printf "%s", ratio("mproc" SUBSEP baseline, "mproc" SUBSEP method)
		if (has_python) {
			printf "%s", cell("python", method)
			if (baseline != "")
				printf "%s", ratio("python" SUBSEP baseline, "python" SUBSEP method)
			printf "%s", ratio("python" SUBSEP method, "mproc" SUBSEP method, 1)
		}
		print "</tr>"
	}
	print "</tbody></table></div>"
}
