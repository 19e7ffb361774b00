#!/bin/sh
# The next program, as a shell loop: takes one message after another and works on it until none waits.
#
#   cargo run -p ingestion-pipeline -- demo
#   INGEST="target/debug/ingest --data target/demo" sh examples/ingestion-pipeline/examples/analysis-loop.sh
#
# A message that is taken and not done within ten minutes comes again, so this loop may be killed at any point, and
# several of them may run side by side.
set -eu

ingest=${INGEST:-ingest}

# The text of a field of a message.
field() {
    rest=${message#*\"$1\":\"}
    printf '%s' "${rest%%\"*}"
}

while message=$($ingest analysis take --json) && [ -n "$message" ]; do
    key=$(field key)
    # Here the recording under $(field object) would be transcribed.
    printf 'analysed %s (%s)\n' "$key" "$(field object)"
    $ingest analysis done "$key"
done
