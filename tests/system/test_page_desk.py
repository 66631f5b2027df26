"""The page's desk in a real Chromium: gremlins, replays, scenarios, knobs, wires; by keyboard, on a small screen."""

import base64
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from nocarrier_emulator.surface import TextSurface

SCREENSHOT = Path(__file__).parents[2] / ".build" / "page-narrow.png"
NARROW = {"width": 360, "height": 740}
FOCUSED = """() => {
    const it = document.activeElement;
    return [it.id || it.className, it.getAttribute("aria-label") || it.textContent.trim()].join(" ");
}"""
# The lines of the first screen, and a 1 for each of its pixels that is drawn, 0 for the others.
SHOWN = """() => {
    const canvas = document.querySelector("canvas");
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const pixels = Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i + 3] > 0 ? 1 : 0));
    return [Array.from(document.querySelector(".screen").children, (row) => row.textContent), pixels];
}"""
# The same of a picture, whose ink is darker than its paper.
DECODED = """async (url) => {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const data = context.getImageData(0, 0, picture.width, picture.height).data;
    return Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i] < 100 ? 1 : 0));
}"""
SCENARIO = """
profile = "v22bis"
[[step]]
handheld = "anna"
send = { to = "bert", body = "out of a file" }
[[step]]
handheld = "bert"
expect_received = "out of a file"
within_s = 300
"""


def handheld(page, index):
    return page.locator(".handheld").nth(index)


def screen(page, index):
    return handheld(page, index).locator(".screen")


def said(page, words, seconds=60):
    expect(page.get_by_role("status")).to_contain_text(words, timeout=seconds * 1000)


def done(page, address):
    """The commands that have been recorded until now."""
    lines = page.request.get(address + "recording.toml").text().split("\n")
    return [line for line in lines if re.match("key|text|tap|send|power|plugged|drop|rate|cut", line)]


def test_a_gremlin_is_let_loose_and_what_it_did_is_replayed_on_every_page(page, address):
    page.get_by_label("time goes").select_option("16")
    expect(screen(page, 0)).to_contain_text("Bert", timeout=60_000)
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_label("time goes")).to_have_value("16")
    page.get_by_label("gremlin", exact=True).fill("3")
    page.get_by_role("button", name="let it loose").click()
    said(other, "gremlin 3 plays")
    expect(other.get_by_role("button", name="stop")).to_be_enabled()
    while len(done(page, address)) < 15:
        page.wait_for_timeout(200)
    other.get_by_role("button", name="stop").click()
    said(page, "gremlin 3 was stopped")
    commands = done(page, address)
    page.get_by_role("button", name="replay what was done").click()
    said(other, "replay plays")
    said(page, "replay passed", 120)
    assert done(page, address) == commands


def test_a_scenario_from_a_file_is_played(page):
    page.get_by_label("time goes").select_option("16")
    for text, complaint in (
        (SCENARIO, ""),
        (SCENARIO.replace("v22bis", "v2001"), "no profile 'v2001'"),
        ("nonsense", "Expected"),
    ):
        page.get_by_label("play a scenario").set_input_files(
            {"name": "scenario.toml", "mimeType": "application/toml", "buffer": text.encode()}
        )
        said(page, "scenario passed")
        expect(handheld(page, 0).get_by_role("combobox", name="line")).to_have_value("v22bis")
        expect(page.locator("#refused")).to_contain_text(complaint)
        page.wait_for_timeout(300)  # some frames later it can be read still
        expect(page.locator("#refused")).to_contain_text(complaint)
    page.get_by_label("time goes").select_option("4")
    expect(page.locator("#refused")).to_be_empty()
    page.get_by_label("time goes").select_option("16")


def test_another_line_and_its_price(page):
    anna = handheld(page, 0)
    anna.get_by_role("combobox", name="line").select_option("v34")
    anna.get_by_label("a minute").fill("0.5")
    anna.get_by_label("costs a KB").fill("2")
    anna.get_by_label("costs a KB").press("Enter")
    anna.get_by_role("button", name="drop the carrier").click()
    anna.locator("summary").click()
    rows = anna.get_by_role("region", name="on the wire").locator("li")
    expect(rows.filter(has_text=re.compile(r"up \d+ B, [\d.]+ s, costs [\d.]+")).first).to_be_visible(timeout=60_000)
    expect(anna.locator(".meter")).to_contain_text(re.compile(r"costs [1-9\d]*\.\d\d"))
    expect(rows.filter(has_text="ATD").first).to_be_visible()
    assert "***" in anna.get_by_role("region", name="on the wire").inner_text()
    points = anna.locator(".graph polyline").get_attribute("points")
    assert len(points.split()) > 5


def test_the_screen_is_the_devices_pixel_by_pixel(page):
    """A PNG of the same lines, which Chromium reads, has ink where the page has drawn some, and nowhere else."""
    anna = handheld(page, 0)
    anna.get_by_label("type here").press("Escape")
    anna.get_by_label("type here").press("F2")
    anna.get_by_label("type here").fill("Grüße, привет ß€…")
    expect(screen(page, 0)).to_contain_text("привет ß€…")
    rows, drawn = page.evaluate(SHOWN)
    anna.get_by_label("type here").press("Escape")
    surface = TextSurface()
    for row, text in enumerate(rows):
        inverted = drawn[(8 * row + 1) * surface.width_px - 1]
        surface.fill_rect(0, row * 8, surface.width_px, 8, inverted)
        surface.text(text, 0, row * 8, 0 if inverted else 1)
    assert sum(inverted for _, inverted in surface.lines) == 2 and len("".join(rows).split()) > 5
    assert page.evaluate(DECODED, "data:image/png;base64," + base64.b64encode(surface.png()).decode()) == drawn


def test_everything_can_be_reached_and_pressed_by_keyboard_alone(page):
    anna = handheld(page, 0)
    plug = anna.locator("button.plug")
    page.keyboard.press("Tab")
    reached = []
    for _ in range(200):
        focused = page.evaluate(FOCUSED)
        reached.append(focused)
        if focused.startswith("plug "):
            break
        page.keyboard.press("Tab")
    for part in (
        "speed",
        "gremlin-number",
        "replay",
        "scenario",
        "recording",
        "typing",
        "q",
        "Enter",
        "profile",
        "per-kb",
    ):
        assert any(part in each for each in reached), (part, reached)
    expect(plug).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Space")
    expect(plug).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Space")
    expect(plug).to_have_attribute("aria-pressed", "false")


def test_a_telephones_browser_shows_it_whole(page):
    page.set_viewport_size(NARROW)
    width, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner == NARROW["width"]
    boxes = [button.bounding_box() for button in handheld(page, 1).get_by_role("button").all()]
    assert len(boxes) > 50
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= inner for box in boxes)
    assert all(min(box["width"], box["height"]) >= 24 for box in boxes)  # WCAG 2.2, 2.5.8
    page.screenshot(path=SCREENSHOT)
    handheld(page, 1).get_by_role("button", name="F2", exact=True).click()
    expect(screen(page, 1)).to_contain_text("write to")
    handheld(page, 1).get_by_role("button", name="Escape", exact=True).click()


@pytest.mark.parametrize("size", [None, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_serious_fault(page, size):
    if size:
        page.set_viewport_size(size)
    expect(screen(page, 0)).to_contain_text("contacts", timeout=60_000)
    for index in (0, 1):
        handheld(page, index).locator("summary").click()
    results = Axe().run(page)
    faults = [fault for fault in results.response["violations"] if fault["impact"] in ("serious", "critical")]
    assert faults == [], results.generate_report()
    assert results.response["testEngine"]["name"] == "axe-core"
