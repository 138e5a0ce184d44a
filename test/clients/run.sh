#!/usr/bin/env bash
# Starts everything on free ports, with an embedded Postgres and the sandbox, and drives it with published clients of the contract, which
# npm install has brought here.
set -euo pipefail
cd "$(dirname "$0")"

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
(cd ../.. && go build -o "$scratch/posthorn" ./cmd/posthorn)
key() { node -p '"sk_"+require("crypto").randomBytes(32).toString("hex")'; }
POSTHORN_TEST_KEY=$(key)
POSTHORN_TEST_KEY_B=$(key)
env -u DATABASE_URL -u POSTHORN_PLATFORM_GATEWAY POSTHORN_ADDR="127.0.0.1:$api" POSTHORN_SANDBOX_ADDR="127.0.0.1:$sandbox" POSTHORN_DATA_DIR="$scratch/data" \
  POSTHORN_DEV_API_KEY="$POSTHORN_TEST_KEY" POSTHORN_DEV_API_KEY_B="$POSTHORN_TEST_KEY_B" "$scratch/posthorn" dev >"$scratch/log" 2>&1 &
server=$!
for _ in $(seq 1 900); do
  [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$api/readyz")" = 200 ] && break
  kill -0 "$server" 2>/dev/null || { cat "$scratch/log"; exit 1; }
  sleep 0.1
done
export POSTHORN_TEST_API=http://127.0.0.1:$api POSTHORN_TEST_SAMPLES=http://127.0.0.1:$sandbox/_sandbox/samples/ POSTHORN_TEST_CALLS=$scratch/calls
export POSTHORN_TEST_KEY POSTHORN_TEST_KEY_B
node --test --test-concurrency=1 {posts,accounts,queues,people,cli}.test.mjs
node --test disconnect.test.mjs
node coverage.mjs
