"""The report in a real browser: on a phone, and nothing that it would have to load."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.test_report import ITALIAN, written

from .test_page import LUMINANCE


@pytest.mark.parametrize("width", [360, 1280])
def test_a_report_fits_the_screen_and_can_be_read(
    browser: Chrome, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(written(words=ITALIAN), encoding="utf-8")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(file.as_uri())
        root = "document.documentElement"
        assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
        loaded = "return performance.getEntriesByType('resource').length"
        assert browser.execute_script(loaded) == 0
        assert browser.execute_script(LUMINANCE) == []
        log = [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]
        assert log == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
