#!/usr/bin/env bash
# Lints the description that the server publishes with two public linters, neither of which may have an error or a warning.
set -euo pipefail
cd "$(dirname "$0")"
npm install --no-package-lock --no-audit --no-fund --loglevel=error

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd ../.. && go run ./internal/devtools/openapi) >"$scratch/openapi.yaml"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
node_modules/.bin/redocly --version
node_modules/.bin/redocly lint --config redocly.yaml "$scratch/openapi.yaml"
echo "spectral $(node_modules/.bin/spectral --version)"
node_modules/.bin/spectral lint --ruleset spectral.yaml --fail-severity=hint --display-only-failures=false "$scratch/openapi.yaml"
