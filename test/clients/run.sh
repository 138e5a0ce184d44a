#!/usr/bin/env bash
# Drives a server of its own with published clients of the contract.
set -euo pipefail
cd "$(dirname "$0")"
npm install --no-package-lock --no-audit --no-fund --loglevel=error
exec bash ../with-server.sh node --test sdk.test.mjs
