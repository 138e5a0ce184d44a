#!/usr/bin/env bash
# Drives a server of its own with a browser. POSTHORN_CHROMIUM is the browser's program, and POSTHORN_BROWSER_SHOTS a folder for pictures.
set -euo pipefail
cd "$(dirname "$0")"
export POSTHORN_CHROMIUM=${POSTHORN_CHROMIUM:-$(command -v chromium)}
exec bash ../with-server.sh node --test --test-concurrency=1 connect.test.mjs
