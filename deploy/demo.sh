#!/usr/bin/env bash
# The first minute with Holdfast: build the reference city, show what is in it and what is wrong with it, serve it.
set -euo pipefail
cd "$(dirname "$0")/.."
city=$1 assets=$2 seed=$3 serve=$4 host=$5 port=$6 samples=$7
holdfast=.venv/bin/holdfast

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }

if [ -e "$city" ]; then
  # Only a city is ever replaced, never another folder that happens to have this name.
  [ -f "$city/city.gpkg" ] || { echo "error: $city exists and is not a city; move it away or run make demo CITY=other" >&2; exit 1; }
  rm -rf "$city"
fi

title "Building Anlan, the reference city ($assets assets, seed $seed)"
"$holdfast" init "$city" --sample --assets "$assets" --seed "$seed"
title "Survey checks"
status=0
"$holdfast" check "$city" || status=$? # 1 says that there are errors among the findings; anything higher is a failure
[ "$status" -le 1 ] || exit "$status"
title "What the city holds, what is wrong with it, and which needs nobody meets"
"$holdfast" summary "$city"

title "Rehearsal: an earthquake of magnitude 6.5, $samples samples"
"$holdfast" scenario "$city" quake-m6.5 --samples "$samples" --seed 1 --out "$city/rehearsal"
title "The report: $city/rehearsal/report.html"

if [ "$serve" = 0 ]; then
  title "Done. See it with: make serve   (http://$host:$port)"
else
  title "Open http://$host:$port   (Ctrl+C stops)"
  exec "$holdfast" serve "$city" --host "$host" --port "$port"
fi
