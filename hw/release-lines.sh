#!/bin/sh
# Puts every output of the gate to its safe level, whatever became of the gate process. systemd runs it after each stop, crash
# and watchdog kill (ExecStopPost=), because a line in sysfs keeps its level when the process that set it is gone.
# The gate writes the list when it opens its lines; one line each:
#   sysfs FILE SAFE               a value file and the level to write
#   chardev ACTIVELOW OFFSET CHIP a line to be requested as a released output for a moment
list=${1:-${RUNTIME_DIRECTORY:-/run/plategate}/lines}
here=$(dirname "$0")
[ -r "$list" ] || exit 0
status=0
while read -r kind a b c; do
  case $kind in
    sysfs) [ ! -e "$a" ] || echo "$b" >"$a" || status=1 ;;
    # A helper that is still alive holds the line and will release it itself at the end of its input.
    chardev) printf 'out o:%s %s - %s %s\n' "$b" "$a" "$b" "$c" | perl "$here/helpers/gpio-lines.pl" || status=1 ;;
  esac
done <"$list"
exit $status
