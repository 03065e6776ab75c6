"""Takes the pictures of this folder from a running demo: ``python docs/screenshots/make.py http://localhost:8000``.

The sign-ins are read from ``var/demo-sign-ins.json`` (``REMPART_VAR`` names another folder).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
VAR = Path(os.environ.get("REMPART_VAR", HERE.parents[1] / "var"))
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
DESKTOP, PHONE = (1440, 900), (390, 844)
# (file, who, path, size, language)
PICTURES = (
    ("board", "analyste", "/board/", DESKTOP, "fr"),
    ("vulnerability", "analyste", "/vulnerabilities/CVE-2021-44228/", DESKTOP, "fr"),
    ("exposures", "analyste", "/exposures/", DESKTOP, "fr"),
    ("indicators", "autorite", "/indicators/", DESKTOP, "en"),
    ("inbox-phone", "comsi", "/inbox/", PHONE, "en"),
    ("centre", "cocd", "/centres/cocd-sante/", DESKTOP, "fr"),
)


def picture(browser: Browser, address: str, passwords: dict[str, str], row: tuple[object, ...]) -> None:
    name, who, path, (width, height), language = row  # type: ignore[misc]
    email = f"{who}@demo.rempart.test"
    context = browser.new_context(viewport={"width": width, "height": height}, locale=f"{language}-CA")
    context.add_cookies([{"name": "rempart_language", "value": language, "url": address}])
    page = context.new_page()
    page.goto(f"{address}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", passwords[email])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()
    page.goto(f"{address}{path}")
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / f"{name}.png")
    context.close()


def main(address: str) -> None:
    passwords = json.loads((VAR / "demo-sign-ins.json").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for row in PICTURES:
            picture(browser, address, passwords, row)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")
