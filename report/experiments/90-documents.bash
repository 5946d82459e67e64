title='Every figure of the documents, beside ours'
question='What do the documents report, and what does the same take here?'
way='Times are compared per number or per point where the documents’ work and ours differ in size. Their machines are not this one: Python here beside Python there tells how far apart the machines are.'

show() {
	awk -f "$lib/number.awk" -f "$lib/documents.awk" "$rows" "$report/documents.tsv"
	say "Of $(grep -vc '^#\|	machine	' "$report/documents.tsv") figures of the documents this run has measured $(awk -f "$lib/number.awk" -v counting=1 -f "$lib/documents.awk" "$rows" "$report/documents.tsv")."
}
