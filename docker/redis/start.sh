#!/bin/sh
# Start the queue's server under users.acl: nobody but `koebako` may do anything, and that one what the house needs
# (jobs/runtime/rights.py; a test keeps the two equal). `probe` may PING, for the health check.
# PASSWORD_FILE holds the password. It is never an argument of a program, and only its digest is written down.
set -eu
umask 077
folder=${CONFIG_FOLDER:-/etc/koebako}
runtime=${RUNTIME_FOLDER:-/run/koebako}
digest=$(tr -d '\n' <"${PASSWORD_FILE:-/run/secrets/redis_password}" | sha256sum | cut -d ' ' -f 1)
sed "s/PASSWORD_SHA256/$digest/" "$folder/users.acl" >"$runtime/users.acl"
exec "${SERVER:-valkey-server}" "$folder/valkey.conf" --aclfile "$runtime/users.acl" "$@"
