#!/bin/sh
# Runs a program as the container would: `confined-worker.sh ROOT PROGRAM ARGS…`. ROOT becomes the whole file system and
# can only be read; the user is nobody of this machine, without capabilities and without a way to get any.
# As root the user is 65532, as in the image; else a user namespace makes the mounts, and the user stays who it is.
set -eu
if [ "$(id -u)" = 0 ]; then
  namespaces=--mount
  user='--setgid=65532 --setuid=65532'
else
  namespaces='--user --map-root-user --mount'
  user=
fi
exec unshare $namespaces -- sh -euc '
  user=$1 root=$2
  shift 2
  mount --bind "$root" "$root"
  mount --rbind /proc "$root/proc"
  mount -o remount,bind,ro "$root"
  exec setpriv --no-new-privs unshare --root="$root" --wd=/app $user -- "$@"
' confined "$user" "$@"
