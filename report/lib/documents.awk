# The figures of the documents (the second file) beside those of this run (the first): a table for each document.
# @counting  print only how many this run has measured

BEGIN {
	FS = "\t"
	CONVFMT = "%.17g"
	ABSENT = "<td class=\"number none\" title=\"not measured in this run\">\342\200\223</td>"
}

FNR == NR {
	values[$1, $2, $3] = $4
	next
}

/^#/ { next }

$2 == "machine" {
	machines[$1] = $3
	next
}

function cell(text) {
	return "<td class=\"number\">" text "</td>"
}

# A value of this run; "" when there is none.
function ours(method,    key) {
	key = $8 SUBSEP method SUBSEP $10
	return key in values ? values[key] : ""
}

function shown(value) {
	if (value == "")
		return ABSENT
	return cell($5 == "-" ? grouped(value == int(value) ? sprintf("%.0f", value) : sprintf("%.6g", value)) : quantity(value + 0, $5))
}

function quotient(above, below) {
	if (above == "" || below == "" || below + 0 <= 0 || $5 == "-")
		return ABSENT
	above /= below
	return cell(above >= 9.995 ? grouped(sprintf("%.0f", above)) : sprintf("%.2f", above))
}

function open_table(document) {
	print "<h3>" escaped(document) "</h3><p class=\"caption\">Reported of " escaped(machines[document]) ".</p><div class=\"wide\"><table>"
	print "<thead><tr><th scope=\"col\">what</th><th scope=\"col\" class=\"number\">reported</th><th scope=\"col\">for each</th><th scope=\"col\" class=\"number\">reported,<br>for one</th>" \
		"<th scope=\"col\" class=\"number\">Python<br>here</th><th scope=\"col\" class=\"number\">mproc<br>here</th><th scope=\"col\" class=\"number\">reported<br><small>times mproc</small></th></tr></thead><tbody>"
}

{
	split($9, methods, "/")
	here = ours(methods[1])
	python = ours("python-" (methods[2] == "" ? methods[1] : methods[2]))
	measured += here != ""
	if (counting)
		next
	if ($1 != document) {
		if (document != "")
			print "</tbody></table></div>"
		open_table(document = $1)
	}
	one = $6 == "-" ? $4 + 0 : $4 / $6
	remark = $11 == "-" ? "" : "<br><small>" escaped($11) "</small>"
	printf "<tr><th scope=\"row\" class=\"text\">%s%s</th>%s<td>%s</td>", escaped($3), remark, shown($4 + 0), $7 == "-" ? "\342\200\223" : escaped($7)
	print shown(one) shown(python) shown(here) ($11 ~ /^void/ ? ABSENT : quotient(one, here)) "</tr>"
}

END {
	if (counting)
		print measured + 0
	else
		print "</tbody></table></div>"
}
