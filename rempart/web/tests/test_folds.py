"""A link to a folded part of a page unfolds it, in a real Chromium."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path(os.environ.get("REMPART_CHROMIUM", "/usr/bin/chromium"))
SCRIPT = Path(__file__).resolve().parents[1] / "static" / "web" / "forms.js"
PAGE = """<!doctype html><title>x</title><script src="/forms.js" defer></script>
<a href="#delay">delay</a><details id="delay"><summary>Delay</summary><input id="until"></details>
<details id="assign"><summary>Assign</summary></details>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.any_database,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]


def _served(route) -> None:
    script = route.request.url.endswith(".js")
    route.fulfill(
        body=SCRIPT.read_text(encoding="utf-8") if script else PAGE,
        content_type="text/javascript" if script else "text/html",
    )


@pytest.mark.parametrize("way", ["address", "link"])
def test_a_link_to_a_fold_opens_it_and_stands_on_its_title(way: str) -> None:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.route("**/*", _served)
        page.goto("http://rempart.test/" + ("#delay" if way == "address" else ""))
        if way == "link":
            assert not page.locator("#delay").evaluate("fold => fold.open")
            page.get_by_role("link").click()
        page.wait_for_function("document.activeElement.tagName === 'SUMMARY'")
        assert page.locator("#delay").evaluate("fold => fold.open")
        assert not page.locator("#assign").evaluate("fold => fold.open")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "until"
        browser.close()
