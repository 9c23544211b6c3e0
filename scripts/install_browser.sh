#!/bin/sh
# Install Debian's Chromium for the browser tests, where that is possible. Never
# fails: without a browser those tests are skipped and say why.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
[ -n "${CHROMIUM:-}" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium here and no way to install it: browser tests will be skipped"
    exit 0
fi
echo "Installing Chromium for the browser tests"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends chromium; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log"
    echo "Chromium could not be installed: browser tests will be skipped"
fi
rm -f "$log"
exit 0
