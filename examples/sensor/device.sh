#!/bin/sh
# A device of nothing but a shell and netcat: sends one reading a second over STOMP until nc ends.
#
#   STOMP_HOST=127.0.0.1 STOMP_PORT=5001 DEVICE_KEY=… DEVICE_SECRET=… ./device.sh [SECONDS_BETWEEN] [COUNT]
set -eu

: "${DEVICE_KEY:?}" "${DEVICE_SECRET:?}"
seconds=${1:-1}
count=${2:-0}

# frame COMMAND 'HEADER LINES' BODY: the headers end with an empty line, the frame with a NUL.
frame() {
  printf '%s\n%s\n\n%s\0' "$1" "$2" "$3"
}

# A number from 0 to 99.
chance() {
  od -An -N2 -tu2 /dev/urandom | awk '{ print $1 % 100 }'
}

session() {
  frame CONNECT "accept-version:1.2
host:${STOMP_HOST:-127.0.0.1}
login:$DEVICE_KEY
passcode:$DEVICE_SECRET" ''
  frame SEND "destination:/sensors/$DEVICE_KEY" '{"label":"Shell","unit":"%"}'

  sent=0
  while [ "$count" -eq 0 ] || [ "$sent" -lt "$count" ]; do
    frame SEND "destination:/readings/$DEVICE_KEY
method:push" "{\"value\":$(chance),\"time\":{\".sv\":\"timestamp\"}}"
    sent=$((sent + 1))
    sleep "$seconds"
  done
  frame DISCONNECT 'receipt:end' ''
  sleep 1
}

session | nc "${STOMP_HOST:-127.0.0.1}" "${STOMP_PORT:-5001}" | tr '\0' '\n'
