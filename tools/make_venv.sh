#!/usr/bin/env bash
# make_venv.sh PYTHON FOLDER: a virtual environment with pip, or a sentence that says what is missing.
set -u
python=$1 folder=$2

if ! command -v "$python" >/dev/null; then
    echo "error: $python not found. Install Python 3.10 or newer, or name one: make PYTHON=python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "error: $("$python" --version) is too old: 3.10 or newer is needed. Name another: make PYTHON=python3.12" >&2
    exit 1
fi

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# Debian splits ensurepip out of Python.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    . "$(dirname "$0")/apt.sh"
    apt_install "python$version-venv" ||
        {
            echo "error: $python has no ensurepip. On Debian and Ubuntu: sudo apt install python$version-venv" >&2
            exit 1
        }
fi

if ! "$python" -m venv "$folder"; then
    echo "error: '$python -m venv $folder' failed; its words are above." >&2
    exit 1
fi

header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
if [ ! -f "$header" ]; then
    echo "note: $header is missing, so the C kernel is left out and counting is slower." >&2
    echo "      On Debian and Ubuntu: sudo apt install python$version-dev, then make clean." >&2
fi
