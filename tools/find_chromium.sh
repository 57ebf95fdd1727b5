#!/usr/bin/env bash
# Finds a Chromium for the browser tests, installs one through apt where it may, or says what to do.
# It never fails: without a browser it is the browser tests that fail, with the same words.
set -u
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && command -v "$name" >/dev/null && exit 0
done
. "$(dirname "$0")/apt.sh"
apt_install chromium fonts-dejavu-core ||
    echo "note: no Chromium found. Install one (Debian: sudo apt install chromium) or set CHROMIUM=/path; the browser tests fail without it." >&2
exit 0
