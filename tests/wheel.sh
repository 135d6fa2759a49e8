#!/usr/bin/env bash
# Build the package, delete the sources, and run demo and tests on what a user would install.
#
# PYTHON   builds the package
# PYTHONS  the Pythons to try; without it, 3.11, 3.12 and 3.13, as far as they are here
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'wheel: %s\n' "$*"; }

find_python() {
  local candidate
  for candidate in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
    if "$candidate" -c "import sys, ensurepip; sys.exit(sys.version_info[:2] != (${1/./, }))" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

pythons=()
for version in ${PYTHONS:-3.11 3.12 3.13}; do
  found="$(find_python "$version")"
  if [ -n "$found" ]; then
    pythons+=("$found")
  elif [ "${CONNECTOR_VAULT_REQUIRE_ALL:-}" = 1 ]; then
    say "Python $version is missing, and everything is required"
    exit 1
  else
    say "no Python $version here: left out (Debian: apt-get install python$version-venv)"
  fi
done

# On the newest all tests but those of each connector alone, which `make test` runs and which are
# the same everywhere; on the others those in which Pythons differ: processes, sockets, types,
# SQLite, the command line, the doors.
most=(tests/test_*.py tests/contract tests/torture tests/connectors/test_contract.py
  tests/connectors/test_emulate.py tests/connectors/test_keep_alive.py)
some=(tests/test_architecture.py tests/test_cli_tools.py tests/test_cli_program.py
  tests/test_connect.py tests/test_envelope.py tests/test_fork.py tests/test_gateway.py
  tests/test_gateway_tools.py tests/test_http.py tests/test_mcp_stdio.py tests/test_panel.py
  tests/test_public.py tests/test_refresh.py tests/test_registry.py tests/test_sandbox_closing.py
  tests/test_sandbox_levels.py tests/test_sandbox_memory.py tests/test_sandbox_probes.py
  tests/test_sandbox_protocol.py tests/test_sandbox_sealed.py tests/test_signature.py tests/test_sqlite.py)

few=(tests/test_architecture.py tests/test_cli_program.py tests/test_connect.py tests/test_public.py
  tests/test_registry.py)

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
constraints="$PWD/constraints.txt"

"$PYTHON" -m build --no-isolation --outdir "$place/dist" . >"$place/build.log" 2>&1 || { cat "$place/build.log"; exit 1; }
wheel=("$place"/dist/*.whl)
top="$("$PYTHON" -m zipfile --list "${wheel[0]}" | awk 'NR > 1 {print $1}' | cut -d/ -f1 | sort -u | grep -v '\.dist-info$')"
[ "$top" = connector_vault ] || { say "the wheel holds more than connector_vault: $top"; exit 1; }

for python in "${pythons[@]}"; do
  version="$("$python" -c 'import platform; print(platform.python_version())')"
  say "Python $version: installing"
  tree="$place/$version"
  mkdir "$tree"
  tar --extract --gzip --file "$place"/dist/*.tar.gz --directory "$tree" --strip-components 1
  rm -rf "$tree/src" "$tree/connectors" "$tree/mcp_servers"
  "$python" -m venv "$tree/venv"
  pip=("$tree/venv/bin/python" -m pip --disable-pip-version-check --quiet)
  "${pip[@]}" install --constraint "$constraints" --upgrade pip
  (cd "$tree" && "${pip[@]}" install --constraint "$constraints" "${wheel[0]}" --group test)
  say "Python $version: demo and tests"
  (cd "$tree" && venv/bin/connector-vault demo >demo.log 2>&1) || { cat "$tree/demo.log"; exit 1; }
  which=("${some[@]}")
  # Of that on which `make test` runs, what a wheel could lack.
  [ "$version" = "$("$PYTHON" -c 'import platform; print(platform.python_version())')" ] && which=("${few[@]}")
  # What takes long is the same on every Python, and `make faults` runs it here.
  [ "$python" = "${pythons[-1]}" ] && which=("${most[@]}")
  (cd "$tree" && venv/bin/pytest --quiet --numprocesses 4 --dist loadfile \
    -m "not alone and not others and not faults" "${which[@]}")
done

# Without a venv: nothing but a folder on the path, and another folder to stand in.
say "pip install --target: demo"
"${pip[@]}" install --constraint "$constraints" --target "$place/target" "${wheel[0]}"
(cd / && PYTHONPATH="$place/target" "${pythons[-1]}" -m connector_vault demo >"$place/target.log" 2>&1) || { cat "$place/target.log"; exit 1; }
