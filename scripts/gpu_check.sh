#!/bin/sh
# Check the first GPU of this machine in at most eight minutes, without a network: the
# tests that need a GPU, the attacks on it, and its times. docs/gpu.md says how.
#
#     sh scripts/gpu_check.sh [--scripted]
#
# PYTHON has torch. WHEELS is the folder that `make gpu-wheels` filled on another machine.
# OUT is where the report goes, VENV where an interpreter with the wheels is made.
# --scripted is a dry run without a GPU.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
WHEELS=${WHEELS:-build/gpu-wheels}
OUT=${OUT:-build/gpu-check}
VENV=${VENV:-build/gpu-check-venv}
LIMIT=480
NEEDED="ipython matplotlib matplotlib-inline numpy pytest pytest-timeout"
begun=$(date +%s)

set -- "$@" --out "$OUT"
pip=$(find "$WHEELS" -name 'pip-*.whl' 2>/dev/null | head -n 1)
[ -n "$pip" ] || { echo "No wheels in $WHEELS: run make gpu-wheels first" >&2; exit 2; }

rm -rf "$VENV"
"$PYTHON" -m venv --without-pip --system-site-packages "$VENV"
# If PYTHON is itself of a virtual environment, torch is not among the system's packages.
"$PYTHON" - "$VENV" <<'END'
import site, sys, sysconfig
folder = sysconfig.get_path("purelib", "venv", vars={"base": sys.argv[1]})
kept = [one for one in sys.path if one.endswith(("site-packages", "dist-packages"))]
with open(f"{folder}/shared-packages.pth", "w") as file:
    file.writelines(f"import site; site.addsitedir({one!r})\n" for one in kept)
END
# What the machine has already is kept, so that torch finds what it was built for.
# shellcheck disable=SC2086  # a list of words
"$VENV/bin/python" "$pip/pip" --isolated install --quiet --no-index --no-compile \
    --disable-pip-version-check --root-user-action=ignore --find-links "$WHEELS" $NEEDED

left=$((LIMIT - ($(date +%s) - begun)))
exec timeout --kill-after=5 "$left" \
    "$VENV/bin/python" -m bench.gpu_check.run_check --seconds $((left - 30)) "$@"
