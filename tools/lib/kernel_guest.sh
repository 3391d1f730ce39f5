#!/usr/bin/env bash
# Runs as the only process of a kernel that tools/test-kernel has booted, on the host's files, and
# ends with switching off. /run/settings says what is to be done.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp LANG=C.UTF-8 TERM=dumb COLUMNS=100

readonly test_limit_s=1500
readonly shown_lines=60
# Connections that close, at any one moment: those of a run, and as many again on their way.
readonly closing_limit=40

mount -t proc proc /proc
mount -t sysfs sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
ln -sf /proc/self/fd /dev/fd
mount -t devpts pts /dev/pts
for directory in /dev/shm /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$directory"; done
mkdir -p /run/lock /run/postgresql
chmod 1777 /run/lock /run/postgresql
ip link set lo up
ulimit -n 20000
ulimit -c 0
echo 3 >/proc/sys/kernel/printk
cd /tmp || exit 1

build='' groups='' shell_command=''
# shellcheck source=/dev/null
. /run/settings
export PGRING_BINARY=$build/pgring

passed=0 failed=0
say() { echo "[$(cut -d. -f1 </proc/uptime) s] $*"; }

count() {
  passed=$((passed + $1))
  failed=$((failed + $2))
}

# A program of GoogleTest's, below the build's tests/. What fails is tried once more by itself,
# because an emulated processor can be too slow for two things at a time.
run_tests() {
  local program=$build/tests/$1 log=/tmp/tests.log test again=0 names=()
  timeout -k 10 "$test_limit_s" "$program" </dev/null >"$log" 2>&1
  local status=$?
  mapfile -t names < <(sed -n 's/^\[  FAILED  \] \([^ ,]*\).* ms)$/\1/p' "$log" | sort -u)
  if ((status != 0)) && ! grep -q '^\[==========\] .* ran' "$log"; then
    # It died or stands still.
    names+=("$(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)")
  fi
  count "$(grep -c '^\[       OK \]' "$log")" 0
  say "$1: $(grep -c '^\[       OK \]' "$log") passed, ${#names[@]} failed," \
    "$(grep -c '^\[  SKIPPED \] .*ms)$' "$log") skipped"
  for test in "${names[@]}"; do
    # It died before its first test; a filter without a name would pass without any.
    if [ -z "$test" ]; then
      count 0 1
      say "FAILED $1: it ran no test"
      tail -n "$shown_lines" "$log" | sed 's/^/  | /'
      continue
    fi
    if timeout -k 10 "$test_limit_s" "$program" --gtest_filter="$test" </dev/null >"$log" 2>&1; then
      again=$((again + 1))
      say "$test passed by itself"
    else
      count 0 1
      say "FAILED $test"
      tail -n "$shown_lines" "$log" | sed 's/^/  | /'
    fi
  done
  count "$again" 0
}

# A command that must succeed, and what it prints.
run_command() {
  say "\$ $*"
  if timeout -k 10 "$test_limit_s" "$@" </dev/null >/tmp/command.log 2>&1; then
    count 1 0
  else
    count 0 1
    say "FAILED with status $?"
  fi
  sed 's/^/  /' /tmp/command.log
}

# Of one that must be refused with words.
run_refused() {
  local words=$1
  shift
  say "\$ $*"
  if timeout -k 10 "$test_limit_s" "$@" </dev/null >/tmp/command.log 2>&1 ||
    ! grep -q "$words" /tmp/command.log; then
    count 0 1
    say "FAILED: it was to be refused with '$words'"
  else
    count 1 0
  fi
  sed 's/^/  /' /tmp/command.log
}

start_server() {
  "$PGRING_BINARY" server --tcp 0 >/tmp/server.out 2>/tmp/server.err &
  server=$!
  until grep -q '127.0.0.1' /tmp/server.out; do
    kill -0 "$server" 2>/dev/null || return 1
    sleep 0.2
  done
}

stop_server() {
  kill -INT "$server"
  wait "$server"
}

group_doctor() { run_command "$PGRING_BINARY" doctor; }

group_ring() {
  run_tests uring/uring_unit_test
  run_tests uring/uring_test
  run_tests coro/coro_unit_test
  run_tests coro/coro_test
}

group_completion() {
  run_tests postgres/completion_io_test
  run_tests postgres/pool_test
}

# Connections beyond the pool's size are closed when they are given back, while others receive. A
# kernel that held on to their sockets would have the server's end of each wait in CLOSE_WAIT (08).
group_closing() {
  if ! start_server; then
    count 0 1
    say "FAILED: no server: $(cat /tmp/server.err)"
    return
  fi
  local network most=0 now
  network=$(grep -m 1 '127.0.0.1' /tmp/server.out)
  "$PGRING_BINARY" run --scenario chunked:20:pool=2:overflow=18 --operations 2000 --fk-index \
    --io completion --out /tmp/closing -d "$network" >/tmp/closing.log 2>&1 &
  local run=$!
  while kill -0 "$run" 2>/dev/null; do
    now=$(awk '$4 == "08"' /proc/net/tcp | wc -l)
    if ((now > most)); then most=$now; fi
    sleep 0.1
  done
  if wait "$run" && ((most <= closing_limit)); then count 1 0; else count 0 1; fi
  say "closing: at most $most sockets in CLOSE_WAIT at a time; up to $closing_limit are all right"
  sed 's/^/  /' /tmp/closing.log
  stop_server
}

group_session() {
  local test
  for test in postgres session session_volume session_tls session_faults; do
    run_tests "postgres/${test}_test"
  done
  run_tests run/run_test
  run_tests experiment/comparison_test
  run_tests cluster/throwaway_server_test
}

group_compare() {
  local io
  for io in auto completion readiness; do
    run_command "$PGRING_BINARY" compare --operations 2000 --fk-index --io "$io" --out "/tmp/$io"
  done
  for io in completion readiness; do
    run_command "$PGRING_BINARY" compare --operations 2000 --fk-index --io "$io" \
      --scenarios sync,pipelined,pipelined:1,chunked:10:pipeline --out "/tmp/pipelined-$io"
  done
}

group_cli() {
  local test
  for test in "$build"/tests/cli/*_test; do run_tests "cli/${test##*/}"; done
}

group_disabled() {
  run_refused io_uring_disabled "$PGRING_BINARY" run --scenario window --operations 500
  run_command "$PGRING_BINARY" compare --operations 500 --fk-index --scenarios sync,threads \
    --out /tmp/disabled
}

say "Linux $(uname -r), $(nproc) processors"
if [ -n "$shell_command" ]; then
  run_command bash -c "$shell_command"
else
  for group in ${groups//,/ }; do
    if declare -F "group_$group" >/dev/null; then
      say "== $group"
      "group_$group"
    else
      say "FAILED: there is no group $group"
      count 0 1
    fi
  done
fi
kernel_faults=$(dmesg --level=emerg,alert,crit,err,warn 2>/dev/null |
  grep -E 'io_uring|BUG:|WARNING:|Oops|hung task|lockup')
if [ -n "$kernel_faults" ]; then
  say "FAILED: the kernel complains"
  printf '%s\n' "$kernel_faults"
  count 0 1
fi
echo "$passed passed, $failed failed"
sync
echo o >/proc/sysrq-trigger
# Not by a program: they cannot be read any more.
while true; do :; done
