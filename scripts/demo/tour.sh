#!/bin/sh
# The main job as a person does it: devices, plan, run, attach, status, a replug, detach, shutdown. Stops at the first command that fails.
#   tour.sh FOLDER SELECTOR...
# FOLDER holds demo.yaml and its disk; SELECTORs are the host devices to attach while the VM runs.
set -eu
cd "$1"
shift

bold=$(printf '\033[1m') green=$(printf '\033[32m') plain=$(printf '\033[0m')
if [ -n "${NO_COLOR:-}" ] || [ ! -t 1 ]; then bold='' green='' plain=''; fi

say() { printf '\n%s# %s%s\n' "$green" "$*" "$plain"; }
show() {
  printf '%s$' "$bold"
  for word in "$@"; do
    case $word in *' '*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '%s\n' "$plain"
  "$@"
}

# whatever happens, no VM and no agent keeps running
agent=''
trap 'qplug kill demo > /dev/null 2>&1 || true; [ -z "$agent" ] || kill "$agent" 2> /dev/null || true' EXIT

# the file by which the kernel switches the port of a device off and on (Linux 6.0 and newer)
switch_of() {
  port=$(qplug devices "$1" --json | sed -n 's/^ *"port": "\([^"]*\)".*/\1/p' | head -n 1)
  printf '%s/disable' "$(readlink -f "/sys/bus/usb/devices/$port/port")"
}

say 'What is plugged into this host?'
show qplug devices

say 'A VM, as a file'
show cat demo.yaml

say 'Where would everything go?'
show qplug plan demo.yaml

say 'Start it: plan, launch paused, plug, verify, let it go'
show qplug run demo.yaml --detach

for selector in "$@"; do
  say "Plug $selector while it runs: all of it or nothing"
  show qplug attach demo "$selector"
done

say 'What does QEMU itself say?'
show qplug status demo

switch=$(switch_of "$1")
if [ -w "$switch" ]; then
  say "Pull $1, and plug it in again, while an agent runs: it comes back by itself"
  printf '%s$ qplug agent &%s\n' "$bold" "$plain"
  qplug agent &
  agent=$!
  until qplug agent status > /dev/null 2>&1; do sleep 1; done
  echo 1 > "$switch"
  show qplug wait demo "$1" --absent --timeout 300
  echo 0 > "$switch"
  show qplug wait demo "$1" --timeout 300
  kill -INT "$agent"
  wait "$agent" || true
  agent=''
fi

for selector in "$@"; do
  say "Unplug $selector, and see that the host has it back"
  show qplug detach demo "$selector"
done

# the guest reacts to its power button once it is up
tries=0
until grep -q up guest.log 2> /dev/null || [ "$tries" -ge 600 ]; do
  tries=$((tries + 1))
  sleep 1
done
say 'Ask the guest to power off'
show qplug shutdown demo

say 'Everything is as it was'
show qplug list
show qplug devices
