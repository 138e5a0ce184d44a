#!/usr/bin/env bash
# Runs the end-to-end tests against a real Bluesky PDS. Its one argument is a folder with the PDS's package.json and start.mjs.
set -euo pipefail
cd "$(dirname "$0")/../.."
source_dir=$(cd "$1" && pwd)

# The installed server is kept between runs, by the content of what describes it.
key=$(cat "$source_dir/package.json" "$source_dir/start.mjs" | sha256sum | cut -c1-12)
dir="${XDG_CACHE_HOME:-$HOME/.cache}/posthorn/pds-$key"
if [ ! -f "$dir/.installed" ]; then
  mkdir -p "$dir"
  cp "$source_dir"/package.json "$source_dir"/*.mjs "$dir"/
  chmod -R u+w "$dir"
  (cd "$dir" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
  touch "$dir/.installed"
fi

out=$(mktemp)
(cd "$dir" && LOG_ENABLED=false exec node start.mjs) >"$out" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$out"' EXIT
for _ in $(seq 1 150); do
  grep -q '"ready":true' "$out" && break
  kill -0 "$server" 2>/dev/null || { echo "the PDS ended before it was ready"; exit 1; }
  sleep 0.2
done
field() { node -e 'const l=require("fs").readFileSync(process.argv[1],"utf8").split("\n").find(l=>l.includes("\"ready\":true"));console.log(JSON.parse(l)[process.argv[2]])' "$out" "$1"; }
POSTHORN_TEST_PDS=$(field pds) POSTHORN_TEST_PLC=$(field plc) go test -race -tags pds -count=1 -v -run "${RUN:-TestRealPDS}" ./test/e2e
