"""Pictures of the kept report for the documentation: `make screenshots`, after `make reference`.

Each holds the SHA-256 of the report that it shows; a test compares it with the kept report's."""

import io
from pathlib import Path

import pytest
from browser_helpers import DESKTOP, PHONE, opened, start
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from emmoe.store.provenance import file_hash

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "results" / "reference" / "report.html"
SHOWN = "Source"  # the key under which a picture's file holds the report's SHA-256
COLOURS = 256
# By name: the size, the place in the page, and what the browser prefers.
SHOTS = {
    "desktop": (DESKTOP, "", {}),
    "phone": (PHONE, "", {}),
    "dark": (DESKTOP, "#figure-figure_1", {"prefers_color_scheme": "dark"}),
    "claim": ((1280, 1000), "#claim-table2_em_cross_entropy", {}),
}


def path(name):
    """Return the file of a picture."""
    return ROOT / "docs" / f"report-{name}.png"


def take(browser):
    """Write all pictures."""
    shown = PngInfo()
    shown.add_text(SHOWN, file_hash(REPORT))
    for name, (size, place, features) in SHOTS.items():
        opened(browser, REPORT.as_uri() + place, size, **features)
        image = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
        image.quantize(COLOURS).save(path(name), optimize=True, pnginfo=shown)


def main():
    """Take the pictures, or say in a line why that is not possible."""
    try:
        browser = start()
    except pytest.skip.Exception as reason:
        raise SystemExit(f"error: {reason.msg}") from None
    try:
        take(browser)
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
