# Sourced by the scripts beside it: installs what is missing on a Debian system and says so.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

# Debian packages that the build and the tests need.
debian_packages=(libopenblas-dev liblapacke-dev zlib1g-dev pkg-config git ca-certificates)
# What Swift's toolchain for Debian 12 itself needs to start, compile and link.
swift_packages=(binutils gcc libc6-dev libgfortran-12-dev libstdc++-12-dev libcurl4 libedit2 libncurses6 libsqlite3-0 libxml2 tzdata)

# What the variant for several ranks is built with and started by.
mpi_packages=(libopenmpi-dev openmpi-bin)

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "There is neither root nor sudo here: install the packages named above and run this again." >&2
    exit 69
  fi
}

is_debian_12() { grep -qs '^ID=debian' /etc/os-release && grep -qs '^VERSION_ID="12"' /etc/os-release; }

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system: install OpenBLAS with its headers, LAPACKE, zlib and pkg-config yourself." >&2
    return
  fi
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  say "Installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

require_swift() {
  if ! command -v swift >/dev/null; then
    echo "swift is not on the PATH: install Swift 6.3 or later (https://www.swift.org/install) and run this again." >&2
    exit 69
  fi
}

set_up() {
  require_swift
  local packages=("${debian_packages[@]}")
  if is_debian_12; then packages+=("${swift_packages[@]}"); fi
  install_packages "${packages[@]}"
  if is_debian_12; then hold_openblas; fi
}

# Open MPI, and what it needs to know of a container: Debian's may be started by root, and its single-copy path between processes, which asks for
# a right that containers do not have, ends in "Read -1, expected N".
set_up_mpi() {
  install_packages "${mpi_packages[@]}"
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
}

# The Python environment of the scripts that draw and fetch: .venv with what scripts/requirements.txt pins.
set_up_python() {
  if ! command -v python3 >/dev/null || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    install_packages python3 python3-venv
  fi
  if [ -x .venv/bin/python ] && cmp -s scripts/requirements.txt .venv/requirements.txt; then return; fi
  say "Python packages into .venv"
  python3 -m venv --clear .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: -r scripts/requirements.txt
  cp scripts/requirements.txt .venv/requirements.txt
}

# Release builds hold Swift's runtime: a command then starts in half the time. On macOS the system has it.
release=(-c release)
if [ "$(uname)" = Linux ]; then release+=(--static-swift-stdlib); fi

# On Debian they hold OpenBLAS and LAPACKE too, at fixed addresses: the dynamic linker otherwise takes 4 ms at each start for the hundred thousand addresses
# in them, and OpenBLAS starts threads before anything can tell it not to. Called by set_up; where an archive is missing they stay shared.
hold_openblas() {
  local folder="$PWD/.build/static" archive path
  mkdir -p "$folder"
  for archive in openblas lapacke gfortran quadmath; do
    path=$(find "$(pkg-config --variable=libdir openblas)" "$(dirname "$(gcc -print-file-name=libgcc.a)")" /usr/lib/*-linux-gnu \
      -maxdepth 1 -name "lib$archive.a" -print -quit 2>/dev/null) || true
    if [ -z "$path" ]; then return; fi
    ln -sf "$path" "$folder/"
  done
  # The first folder that the linker looks into has archives alone. Each needs the next, and LAPACKE OpenBLAS's LAPACK once more.
  printf 'Name: openblas\nDescription: OpenBLAS\nVersion: 0\nCflags: %s\nLibs: -L%s -lopenblas\n' \
    "$(pkg-config --cflags openblas)" "$folder" >"$folder/openblas.pc"
  printf 'Name: zlib\nDescription: zlib\nVersion: 0\nLibs: -L%s -lz\n' "$folder" >"$folder/zlib.pc"
  release+=(--pkg-config-path "$folder" -Xlinker -no-pie)
  local argument
  for argument in --start-group -lopenblas -llapacke -lgfortran -lquadmath --end-group; do
    release+=(-Xlinker "$argument")
  done
}
