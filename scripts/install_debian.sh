#!/bin/sh
# Install the Debian packages that the tests use, where that is possible: Chromium for
# the browser tests, bubblewrap for the second kind of jail, and the programs that
# docs/operating.md names. It never fails: without these packages, the tests are skipped
# and say why.
export DEBIAN_FRONTEND=noninteractive

present() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

install() { # PACKAGE, what is skipped without it
    if [ "$(id -u)" != 0 ] || ! present apt-get; then
        echo "$1 is missing and cannot be installed here: $2 will be skipped"
        return
    fi
    echo "Installing $1"
    log=$(mktemp)
    if ! { apt-get update && apt-get install -y --no-install-recommends "$1"; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log"
        echo "$1 could not be installed: $2 will be skipped"
    fi
    rm -f "$log"
}

[ -n "${CHROMIUM:-}" ] || present chromium chromium-browser google-chrome ||
    install chromium "browser tests"
present bwrap || install bubblewrap "tests of the second kind of jail"
present nginx || install nginx-light "tests of the proxy"
present rsync || install rsync "tests of the backup"
present sqlite3 || install sqlite3 "tests of the backup"
present systemd-analyze || install systemd "tests of the units"
exit 0
