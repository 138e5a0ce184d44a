#!/usr/bin/env bash
# Makes clients of the description that the server publishes, with generators of others, compiles them, and tries each on a server of its
# own. What is generated goes to a folder that is thrown away.
set -euo pipefail
cd "$(dirname "$0")"
npm install --no-package-lock --no-audit --no-fund --loglevel=error

OAPI_CODEGEN=github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
OGEN=github.com/ogen-go/ogen/cmd/ogen@v1.24.0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r testdata/go testdata/ts package.json "$scratch"
ln -s "$PWD/node_modules" "$scratch/node_modules"
spec=$scratch/openapi.yaml
(cd ../.. && go run ./internal/devtools/openapi) >"$spec"

echo "generating"
(
  cd "$scratch/go"
  mkdir -p oapi/client ogen/client
  go run "$OAPI_CODEGEN" -generate types,client -package client -o oapi/client/client.go "$spec"
  go run "$OGEN" --config ogen.yml --target ogen/client --package client "$spec" >"$scratch/ogen.log" 2>&1 || { cat "$scratch/ogen.log"; exit 1; }
  grep 'Skipping operation' "$scratch/ogen.log" | sed 's/.*"reason_error"/ogen leaves out an operation/' || true
)
(cd "$scratch/ts" && SPEC=$spec ../node_modules/.bin/openapi-ts -f openapi-ts.config.mjs --no-log-file --silent)
node_modules/.bin/openapi-typescript "$spec" -o "$scratch/ts/schema.ts" >/dev/null

echo "compiling"
(cd "$scratch/go" && GOFLAGS=-mod=mod go build -o "$scratch/bin/" ./oapi ./ogen)
node_modules/.bin/tsc -p "$scratch/ts"

bash ../with-server.sh bash -euc '
  "$1/bin/oapi"
  "$1/bin/ogen"
  node "$1/ts/out/hey.js"
  node "$1/ts/out/fetch.js"' trying "$scratch"
