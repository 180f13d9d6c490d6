#!/usr/bin/env bash
# Runs LocalStack 4.14.0 on this machine without Docker, on 127.0.0.1:4566 or the port given, until it is told to end.
# It sends no usage data and looks nothing up outside. As in the image, ready.d makes stream and tables (npm run build).
set -euo pipefail
target=$("$(dirname "${BASH_SOURCE[0]}")/install.sh")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=${1:-4566}
init=$target/files/etc/localstack/init
mkdir -p "$init"
ln -sfn "$here/../ready.d" "$init/ready.d"
export PACKAGE_DIR="$here/../.." AWS_ENDPOINT_URL="http://127.0.0.1:$port"
export OVERRIDE_IN_DOCKER=0 FILESYSTEM_ROOT="$target/files" GATEWAY_LISTEN="127.0.0.1:$port"
export SERVICES=kinesis,dynamodb EAGER_SERVICE_LOADING=1 KINESIS_LATENCY=0 KINESIS_SHARD_LIMIT=500 DYNAMODB_IN_MEMORY=1
export DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 DNS_ADDRESS=0 LS_LOG="${LS_LOG:-warning}"
exec "$target/python/bin/python" -m localstack.runtime.main
