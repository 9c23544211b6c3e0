#!/bin/sh
# Run the jail's tests as a user without rights. Start it as root: it clones HEAD into a
# folder that this user owns, and removes the folder afterwards. Changes that are not
# committed are not in the clone.
#
#     sh scripts/test_as_nobody.sh [TEST…]
#
# PYTHON is an interpreter that everybody may execute, FOLDER is where the clone goes.
set -eu
PYTHON=${PYTHON:-/usr/bin/python3}
FOLDER=${FOLDER:-/srv/softmark-as-nobody}
ID=65534
JAIL="tests/runner/jail/test_confinement.py tests/runner/host/test_limits.py
    tests/runner/inside/zygote/test_fork_safety.py tests/runner/host/test_environments.py
    tests/runner/host/test_spares.py tests/runner/inside/zygote/test_preload.py tests/runner/corpus
    --deselect tests/runner/corpus/test_differential.py"

[ "$(id -u)" = 0 ] || { echo "Only root can become nobody" >&2; exit 1; }
[ ! -e "$FOLDER" ] || { echo "$FOLDER exists already" >&2; exit 1; }
trap 'rm -rf "$FOLDER"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$FOLDER/home"
git clone --quiet "$(dirname "$0")/.." "$FOLDER/portal"
cd "$FOLDER/portal"
make --no-print-directory install-dev PYTHON="$PYTHON" VENV=.venv
chown -R "$ID:$ID" "$FOLDER"

as_nobody() {
    setpriv --reuid="$ID" --regid="$ID" --clear-groups \
        env -i HOME="$FOLDER/home" PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
        SECRET_KEY="$(head -c 48 /dev/urandom | base64)" "$@"
}

as_nobody .venv/bin/python manage.py doctor
# shellcheck disable=SC2086  # a list of words
[ $# -gt 0 ] || set -- $JAIL
as_nobody .venv/bin/python -m pytest --with-long -q -p no:cacheprovider "$@"
