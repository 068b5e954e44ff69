# Sourced by the scripts beside it: where things are, and how what is missing gets installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/mastic
tools=$cache/tools
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export PATH=$tools/bin:$HOME/.cargo/bin:$PATH

fail() {
    echo "$*" >&2
    exit 1
}

# packages COMMAND=PACKAGE...: installs the Debian packages whose command is missing.
packages() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    install_packages "${missing[@]}"
}

install_packages() {
    (($#)) || return 0
    local root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "Please install as root: apt-get install $*"
        root=(sudo)
    fi
    command -v apt-get >/dev/null || fail "Please install: $*"
    echo "Installing $*"
    "${root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# databases_ready: the database servers that tests start themselves. Debian's packages would start their own.
databases_ready() {
    local servers=(/usr/lib/postgresql/*/bin/initdb) missing=()
    [ -x "${servers[0]}" ] || missing+=(postgresql)
    command -v psql >/dev/null || missing+=(postgresql-client)
    command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server-core)
    command -v mariadb >/dev/null || missing+=(mariadb-client-core)
    ((${#missing[@]})) || return 0
    local policy=/usr/sbin/policy-rc.d root=() failed=0
    [ "$(id -u)" = 0 ] || root=(sudo)
    if [ -e $policy ]; then
        install_packages "${missing[@]}"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null
    "${root[@]}" chmod +x $policy
    (install_packages "${missing[@]}") || failed=1
    "${root[@]}" rm $policy
    return $failed
}

# rust_ready: what the build needs. aws-lc, SQLite, zstd and mimalloc are C, compiled by their crates.
rust_ready() {
    command -v cargo >/dev/null || fail "Rust is missing: install it with rustup (version $(rust_version) or later)."
    packages cc=gcc
    # A C compiler may be there without the C library's headers.
    echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1 || install_packages libc6-dev
}

rust_version() {
    sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

# python_ready REQUIREMENTS: an environment with exactly these packages, made anew when the file changes.
# Sets $python, and puts the environment's commands first on the path.
python_ready() {
    packages python3=python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
    local venv
    venv=$cache/python-$(cat "$@" <(python3 --version) | sha256sum | cut -c1-16)
    if [ ! -e "$venv/complete" ]; then
        echo "Making a Python environment of $*"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check $(printf -- '-r %s ' "$@")
        touch "$venv/complete"
    fi
    python=$venv/bin/python
    export PATH=$venv/bin:$PATH
}

# cargo_tool NAME VERSION: a cargo subcommand, built once into the shared cache. Its dev profile builds in a
# quarter of the time and is fast enough.
cargo_tool() {
    command -v "$1" >/dev/null && return 0
    echo "Building $1 $2"
    env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$tools" "$1@$2"
}

# build [--release]: the server and its runner, side by side. Sets $binaries.
build() {
    rust_ready
    # One call for both towers: the features of what they share are then the same as in the tests' build.
    cargo build --locked --workspace --bins "$@"
    binaries=$CARGO_TARGET_DIR/debug
    [ "${1:-}" != --release ] || binaries=$CARGO_TARGET_DIR/release
}
