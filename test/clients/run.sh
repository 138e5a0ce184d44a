#!/usr/bin/env bash
# Drives a server of its own with published clients of the contract, and its sandbox with clients of the platforms, which npm install has brought here.
set -euo pipefail
cd "$(dirname "$0")"
exec bash ../with-server.sh bash -c 'node --test --test-concurrency=1 {posts,accounts,connect,queues,people,media,usage,tools,webhooks,farside,cli}.test.mjs && node --test disconnect.test.mjs && node coverage.mjs'
