#!/bin/sh
# Makes .venv: an interpreter, the dependencies, the messages, linked to this checkout. Run by `make setup`.
# PYTHON=python3.12 chooses the interpreter; TORCH_PIP_ARGS is handed to pip when it installs torch.
set -eu
cd "$(dirname "$0")/.."
exec </dev/null
# The ROS 2 wheels leave this mark in the environment of every child; with it another environment would not find them.
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE PYTHONPATH
venv=.venv
log=$PWD/setup.log
: >"$log"

say() { printf '%s\n' "setup: $*"; }

quietly() { # run a long command into the log, show the end of the log if it fails
    if ! "$@" >>"$log" 2>&1; then
        grep -v 'WARNING: Location' "$log" | tail -n 25
        say "FAILED: $*  (all of it: $log)"
        exit 1
    fi
}

# --- what pip cannot install ---------------------------------------------------------------------------------------
usable() { # has venv, pip and the headers the messages are compiled against
    "$1" - >/dev/null 2>&1 <<'PY'
import ensurepip, os, sys, sysconfig, venv
ok = (3, 10) <= sys.version_info[:2] <= (3, 12) and os.path.exists(sysconfig.get_path("include") + "/Python.h")
sys.exit(not ok)
PY
}

find_python() {
    for python in ${PYTHON:-python3.11 python3.12 python3.10 python3 /usr/bin/python3}; do
        if usable "$python"; then echo "$python"; return; fi
    done
}

packages=
command -v g++ >/dev/null || packages="$packages g++"
command -v make >/dev/null || packages="$packages make"
have_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }
have_library libEGL.so.1 || packages="$packages libegl1"
[ -n "$(ls /usr/lib/*/dri/swrast_dri.so /usr/lib/*/dri/*_dri.so /usr/lib64/dri/*_dri.so /usr/lib/*/libgallium*.so 2>/dev/null)" ] || packages="$packages libgl1-mesa-dri"
have_library libEGL_mesa.so.0 || have_library libEGL_nvidia.so.0 || packages="$packages libegl-mesa0"
[ -n "$(find_python)" ] || packages="$packages python3-venv python3-dev"
if [ -n "$packages" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        say "this machine lacks$packages; installing with apt-get"
        quietly apt-get update
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends $packages
    else
        say "this machine lacks$packages"
        say "on Debian or Ubuntu:  sudo apt-get install$packages"
        case $packages in *g++*|*make*|*python3*) exit 1 ;; esac
        say "going on without; the camera of the embedded world will not start"
    fi
fi

# --- the environment -----------------------------------------------------------------------------------------------
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    if [ -z "$python" ]; then
        say "no Python 3.10 to 3.12 with venv and headers (tried ${PYTHON:-python3.11 python3.12 python3.10 python3})"
        exit 1
    fi
    say "environment .venv from $("$python" --version) ($python)"
    rm -rf "$venv"
    quietly "$python" -m venv "$venv"
fi
python=$PWD/$venv/bin/python
say "torch (the CPU build where the package index offers one)"
# shellcheck disable=SC2086
quietly "$python" -m pip install --disable-pip-version-check -c constraints.txt ${TORCH_PIP_ARGS:-} torch
say "ROS 2 wheels, libraries, and the messages of this package (some minutes the first time)"
quietly "$python" -m pip install --disable-pip-version-check -c constraints.txt ".[dev]"
"$python" .ci/link_sources.py
say "done in .venv"
