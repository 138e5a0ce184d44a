#!/usr/bin/env bash
# Starts everything on free ports, with an embedded Postgres and the sandbox, runs the command that it is given, and ends it all.
# The command finds the server in POSTHORN_TEST_API, keys of two owners in POSTHORN_TEST_KEY and POSTHORN_TEST_KEY_B, the addresses of sample
# pictures below POSTHORN_TEST_SAMPLES, and a folder for what it leaves behind in POSTHORN_TEST_SCRATCH.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
chmod 0755 "$scratch" # Postgres, under an account of its own, must be able to enter
server=
stop() {
  if [ -n "$server" ]; then kill -INT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap stop EXIT

read -r api sandbox < <(node -e 'const n=require("net"),a=n.createServer(),b=n.createServer();
  a.listen(0,"127.0.0.1",()=>b.listen(0,"127.0.0.1",()=>{console.log(a.address().port,b.address().port);a.close();b.close()}))')
(cd "$root" && go build -o "$scratch/posthorn" ./cmd/posthorn)
key() { node -p '"sk_"+require("crypto").randomBytes(32).toString("hex")'; }
POSTHORN_TEST_KEY=$(key)
POSTHORN_TEST_KEY_B=$(key)
env -u DATABASE_URL -u POSTHORN_PLATFORM_GATEWAY POSTHORN_ADDR="127.0.0.1:$api" POSTHORN_SANDBOX_ADDR="127.0.0.1:$sandbox" POSTHORN_DATA_DIR="$scratch/data" \
  POSTHORN_DEV_API_KEY="$POSTHORN_TEST_KEY" POSTHORN_DEV_API_KEY_B="$POSTHORN_TEST_KEY_B" "$scratch/posthorn" dev >"$scratch/log" 2>&1 &
server=$!
ready=
for _ in $(seq 1 900); do
  if [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$api/readyz")" = 200 ]; then ready=1; break; fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
[ -n "$ready" ] || { cat "$scratch/log"; exit 1; }
export POSTHORN_TEST_API=http://127.0.0.1:$api POSTHORN_TEST_SAMPLES=http://127.0.0.1:$sandbox/_sandbox/samples/ POSTHORN_TEST_KEY POSTHORN_TEST_KEY_B POSTHORN_TEST_SCRATCH=$scratch
"$@"
