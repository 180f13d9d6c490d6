#!/bin/sh
# LocalStack runs this once it is ready: stream and tables, made by the package's own `provision`, so that what tests and
# the worker expect is what is here. Safe to repeat. Its end is shown at /_localstack/init/ready.
set -eu
export AWS_ENDPOINT_URL="${AWS_ENDPOINT_URL:-http://127.0.0.1:4566}"
export AWS_REGION="${AWS_REGION:-us-east-1}"
export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-test}" AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-test}"
exec node "${PACKAGE_DIR:-/opt/supersim-meter}/dist/main.js" provision --shards "${STREAM_SHARDS:-2}"
