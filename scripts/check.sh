#!/bin/sh
# Run every check that is not a test: `check.sh BIN`. It fails if one of them fails.
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
        return 1
    fi
}

templates() {
    find templates -name '*.html' -exec "$bin/djade" --target-version 5.2 --check {} +
}

export SECRET_KEY="${SECRET_KEY:-only-for-checks-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}"
SOFTMARK_VAR=$(mktemp -d)
export SOFTMARK_VAR
trap 'rm -rf "$SOFTMARK_VAR"' EXIT

# mypy takes as long as all the others together, so they run at the same time.
step "mypy" "$bin/mypy" . &
mypy=$!
step "ruff check" "$bin/ruff" check . || status=1
step "ruff format" "$bin/ruff" format --check . || status=1
# The command line is a project of its own, in cli/.
step "import-linter" env PYTHONPATH=cli "$bin/lint-imports" --no-logo || status=1
step "djlint" "$bin/djlint" --lint --quiet templates || status=1
step "djade" templates || status=1
step "codespell" "$bin/codespell" || status=1
step "migrations" "$bin/python" manage.py makemigrations --check --dry-run || status=1
step "manage.py check" "$bin/python" manage.py check --fail-level WARNING || status=1
wait $mypy || status=1
exit $status
