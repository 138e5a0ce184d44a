#!/usr/bin/env bash
# Drives a server of its own with published clients of the contract, and its sandbox with clients of the platforms, which npm install has brought here.
# Those clients come when the rest is done: they take the sandbox's accounts into apps of theirs.
set -euo pipefail
cd "$(dirname "$0")"
exec bash ../with-server.sh bash -c 'node --test --test-concurrency=1 {posts,accounts,connect,queues,people,media,usage,tools,webhooks,cli}.test.mjs && node --test farside.test.mjs && node --test disconnect.test.mjs && node coverage.mjs'
