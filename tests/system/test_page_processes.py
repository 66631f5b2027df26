"""The page in a real Chromium, with a handheld whose program runs on 32-bit MicroPython."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def address(tool, served):
    return served("--on", "anna=micropython", "--micropython", tool("MICROPYTHON32"))


def test_it_is_on_the_page_like_others(page):
    anna, bert = (page.locator(".handheld").nth(i) for i in (0, 1))
    expect(anna.locator(".screen")).to_contain_text("online ", timeout=60_000)
    expect(anna.locator(".meter")).to_contain_text(re.compile(r"· \d+ B free"), timeout=20_000)
    expect(bert.locator(".meter")).not_to_contain_text("B free")
    anna.locator("select.rate").select_option("33600")
    expect(anna.locator(".screen")).to_contain_text("Bert", timeout=60_000)
    anna.get_by_label("type here").press("Enter")
    anna.get_by_label("type here").press_sequentially("Hello")
    anna.get_by_label("type here").press("Enter")
    expect(bert.locator(".screen")).to_contain_text("1>Anna", timeout=60_000)
    page.locator("#speed").select_option("4")
    expect(page.get_by_role("alert")).to_contain_text("a clock of their own")
    anna.get_by_role("button", name="switch off").click()
    expect(anna.locator(".screen")).not_to_contain_text("Hello", timeout=20_000)
