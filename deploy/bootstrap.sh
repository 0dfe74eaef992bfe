#!/usr/bin/env bash
# Sets up everything that `make demo` and `make test` need, in this checkout. Each stage leaves a stamp of its inputs,
# so a second run does nothing and takes no time.
#
#   deploy/bootstrap.sh python        the Python environment in .venv, installed from requirements.lock by hash
#   deploy/bootstrap.sh ui            the page, built by npm into src/holdfast/web/page
#   deploy/bootstrap.sh test-tools    what only the tests need: PostgreSQL + PostGIS, GDAL tools, Chromium, a CJK font
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .stamp
exec 9>.stamp/lock
flock 9 # one set-up at a time in a checkout

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_done() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 77
  fi
}

# Installs Debian packages; says what to do when it may not.
install_packages() {
  command -v apt-get >/dev/null || { say "No apt-get here; install by hand: $*"; return 1; }
  say "Installing Debian packages: $*"
  if ! as_root true; then
    say "Not root, cannot install them. Run: apt-get install --no-install-recommends $*"
    return 1
  fi
  as_root apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.11 python3.12 python3.13; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
  done
  return 1
}

stage_python() {
  local want python
  want=$(digest requirements.lock pyproject.toml)
  if is_done .venv/.holdfast "$want" && .venv/bin/python -c '' 2>/dev/null; then return; fi
  if ! .venv/bin/python -c '' 2>/dev/null; then
    find_python >/dev/null || install_packages python3 python3-venv || die "Python 3.11 or newer is needed"
    python=$(find_python) || die "Python 3.11 or newer is needed"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv || die "the venv module of $python is missing"
    say "Creating .venv with $("$python" --version)"
    "$python" -m venv .venv
  fi
  local lock
  lock=$(digest requirements.lock)
  if ! is_done .venv/.holdfast-lock "$lock"; then
    say "Installing the locked packages (each checked by its hash)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    echo "$lock" >.venv/.holdfast-lock
  fi
  say "Installing holdfast itself (editable)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
  echo "$want" >.venv/.holdfast
}

node_is_new_enough() {
  command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

stage_ui() {
  local want lock
  want=$(find ui -type f -not -path 'ui/node_modules/*' -not -name '*.test.ts' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  if is_done src/holdfast/web/page/.built "$want"; then return; fi
  node_is_new_enough || die "Node.js 20.19 or newer with npm is needed to build the page"
  lock=$(digest ui/package-lock.json)
  if ! is_done ui/node_modules/.holdfast-lock "$lock"; then
    say "Installing the locked npm packages"
    npm --prefix ui ci --no-audit --no-fund --loglevel=error
    echo "$lock" >ui/node_modules/.holdfast-lock
  fi
  say "Building the page"
  npm --prefix ui run --silent build -- --logLevel error
  echo "$want" >src/holdfast/web/page/.built
}

stage_test_tools() {
  local missing=()
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
  compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null || missing+=(postgresql-15-postgis-3)
  command -v ogr2ogr >/dev/null || missing+=(gdal-bin)
  command -v chromium >/dev/null || missing+=(chromium)
  ldconfig -p | grep -q libatomic.so.1 || missing+=(libatomic1) # Playwright's own Node needs it
  compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null || missing+=(fonts-noto-cjk)
  [ ${#missing[@]} = 0 ] && return
  install_packages "${missing[@]}" || say "Going on; the tests that need them will be skipped and say so."
}

for stage in "$@"; do
  case "$stage" in
    python) stage_python ;;
    ui) stage_ui ;;
    test-tools) stage_test_tools ;;
    *) die "unknown stage $stage (known: python, ui, test-tools)" ;;
  esac
done
