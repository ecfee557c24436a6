#!/bin/sh
# Makes the pictures of docs/images/ from the gallery with Chromium. Run it after `make demo` when the page has changed.
# GALLERY names another folder of finished cases than reports/gallery.
set -eu
cd "$(dirname "$0")/.."
gallery="${GALLERY:-$PWD/reports/gallery}"
for page in "case en 1225" "case-zh zh 1160"; do
    set -- $page
    "${CHROMIUM:-chromium}" --headless --no-sandbox --hide-scrollbars --disable-gpu --force-device-scale-factor=1 --window-size="1100,$3" \
        --screenshot="docs/images/$1.png" "file://$gallery/merge-confirmation-steps/case.$2.html"
done
