#!/bin/sh
# Every check that needs no test: `check.sh BIN`. All run; one failure fails it.
bin=$1
status=0

step() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        echo "$output"
        status=1
    fi
}

templates() {
    find templates -name '*.html' -exec "$bin/djade" --target-version 5.2 --check {} +
}

export SECRET_KEY="${SECRET_KEY:-only-for-checks-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}"
SOFTMARK_VAR=$(mktemp -d)
export SOFTMARK_VAR
trap 'rm -rf "$SOFTMARK_VAR"' EXIT

step "ruff check" "$bin/ruff" check .
step "ruff format" "$bin/ruff" format --check .
step "mypy" "$bin/mypy" .
step "import-linter" "$bin/lint-imports" --no-logo
step "djlint" "$bin/djlint" --lint --quiet templates
step "djade" templates
step "codespell" "$bin/codespell"
step "migrations" "$bin/python" manage.py makemigrations --check --dry-run
step "manage.py check" "$bin/python" manage.py check --fail-level WARNING
exit $status
