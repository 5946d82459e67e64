# What a reader must know of the machine that the figures are of.

first_line() { # COMMAND...
	"$@" 2>/dev/null </dev/null | head -n 1 || true
}

of_lscpu() { # FIELD
	LC_ALL=C lscpu 2>/dev/null | sed -n "s/^ *$1: *//p" | head -n 1
}

cores() {
	LC_ALL=C lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l
}

steal() { # prints the ticks that the hypervisor gave to others, and all ticks
	awk '/^cpu / { for (i = 2; i <= 9; ++i) all += $i; print $9, all }' /proc/stat
}

# Before the first experiment.
read_machine() {
	started=$(date -u '+%Y-%m-%d %H:%M UTC')
	load=$(cut -d ' ' -f 1 /proc/loadavg)
	processors=$(nproc)
	steal_at_start=$(steal)
}

stolen_share() {
	awk -v a="$steal_at_start" -v b="$(steal)" 'BEGIN { split(a, x, " "); split(b, y, " "); all = y[2] - x[2]; printf "%.1f %%", (all > 0 ? 100 * (y[1] - x[1]) / all : 0) }'
}

fact() { # NAME VALUE
	[ -z "$2" ] || echo "<tr><th scope=\"row\">$(html "$1")</th><td>$(html "$2")</td></tr>"
}

machine_section() {
	echo '<section id="machine"><h2>The machine</h2>'
	echo '<div class="wide"><table class="facts"><tbody>'
	fact 'Date' "$started, $((SECONDS / 60)) min $((SECONDS % 60)) s"
	fact 'Processor' "$(of_lscpu 'Model name')$(of_lscpu 'Hypervisor vendor' | sed 's/.*/, a virtual machine (&)/')"
	fact 'Cores' "$(cores), with $(getconf _NPROCESSORS_ONLN) logical processors, of which $processors may be used"
	fact 'Memory' "$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)"
	fact 'Load at the start' "$load$(awk -v l="$load" -v n="$processors" 'BEGIN { if (l > n / 4) printf ": other programs were running, and the figures suffer" }')"
	fact 'Taken by the hypervisor' "$(stolen_share) of the time"
	fact 'Kernel' "$(uname -sr), $(uname -m)"
	fact 'System' "$(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME-}"), $(first_line getconf GNU_LIBC_VERSION)"
	fact 'mproc' "$(sed -n 's/^project(mproc VERSION \([0-9.]*\).*/\1/p' "$report/../CMakeLists.txt"), $(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' "$build/CMakeCache.txt" 2>/dev/null)"
	fact 'Compiler' "$(compiler)"
	fact 'Python' "$(command -v "$python" >/dev/null && first_line "$python" --version || echo 'not there: no comparison')"
	fact 'Redis' "$(command -v redis-server >/dev/null && first_line redis-server --version | sed 's/ sha=.*//' || echo 'not there: left out')"
	fact 'Sizes' "$scale: $(scale_text)"
	echo '</tbody></table></div></section>'
}

compiler() {
	local command
	command=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt" 2>/dev/null)
	[ -z "$command" ] || first_line "$command" --version
}

scale_text() {
	case $scale in
	test) echo 'as small as can be, to see whether the page comes out right; the figures mean little' ;;
	quick) echo 'seconds for each experiment; what Python does is smaller and is compared by its cost per number, message or point' ;;
	full) echo 'those of the documents' ;;
	esac
}
