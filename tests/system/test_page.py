"""The page in a real Chromium, served by `make run`: type, pull a plug, type more, plug in again; nothing is lost."""

import re
import socket
from pathlib import Path

from playwright.sync_api import expect

from nocarrier_emulator.script.script import parsed

TOP = Path(__file__).parents[2]
SCREENSHOT = TOP / ".build" / "page.png"


def screen(page, index):
    return page.locator(".handheld").nth(index).locator(".screen")


def typing(page, index):
    return page.locator(".handheld").nth(index).get_by_label("type here")


def shows(page, index, text, seconds=60):
    expect(screen(page, index)).to_contain_text(text, timeout=seconds * 1000)


def test_two_handhelds_talk_while_plugs_are_pulled(page):
    anna, bert = (page.locator(".handheld").nth(i) for i in (0, 1))
    shows(page, 0, "online ")
    shows(page, 1, "online ")
    for handheld in (anna, bert):
        handheld.locator("select.rate").select_option("33600")
        expect(handheld.locator(".lamps li[data-name=CD]")).to_have_class("lit")
    shows(page, 0, "Bert")
    screen(page, 0).click()  # as somebody would who wants to type
    expect(typing(page, 0)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Hello Bert")
    page.keyboard.press("Enter")
    shows(page, 0, "(delivered)")
    shows(page, 1, "1>Anna")
    typing(page, 1).press("Enter")
    shows(page, 1, "Hello Bert")

    anna.locator("button.plug").click()
    shows(page, 0, "no carrier")
    expect(anna.locator(".lamps li[data-name=CD]")).not_to_have_class("lit")
    typing(page, 0).press_sequentially("Grüße, привет")
    typing(page, 0).press("Enter")
    shows(page, 0, "(queued)")
    # And on the keys under the screen, as on a telephone's browser.
    for key in ("shift", "o", "k", "!"):
        anna.get_by_role("button", name=key, exact=True).click()
    anna.get_by_role("button", name="Enter", exact=True).click()
    shows(page, 0, "> Ok!")
    bert.locator("button.plug").click()
    shows(page, 1, "no carrier")
    typing(page, 1).press_sequentially("are you there")
    typing(page, 1).press("Enter")
    shows(page, 1, "(queued)")
    page.screenshot(path=SCREENSHOT)

    for index, handheld in enumerate((anna, bert)):
        handheld.locator("button.plug").click()
        typing(page, index).press("F1")
    shows(page, 1, "Ok!")
    shows(page, 0, "are you there")
    for index, words in (
        (0, ("Hello Bert", "Grüße, привет", "Ok!", "are you there")),
        (1, ("Hello Bert", "Grüße, привет")),
    ):
        for text in words:
            assert screen(page, index).inner_text().count(text) == 1, text
    expect(screen(page, 0)).not_to_contain_text("(queued)")
    meter = anna.locator(".meter").inner_text()
    assert re.fullmatch(r"\d{4,} B up · \d{4,} B down · \d+ s", meter), meter


def test_a_handheld_that_was_switched_off_remembers(page):
    anna = page.locator(".handheld").nth(0)
    shows(page, 0, "online ")
    anna.locator("button.power").click()
    expect(screen(page, 0)).to_have_text("")
    anna.locator("button.plug").click()  # nothing of what follows comes from the exchange
    anna.locator("button.power").click()
    shows(page, 0, "Bert")  # its contacts are on flash
    typing(page, 0).press("Enter")
    shows(page, 0, "> Hello Bert")
    anna.locator("button.plug").click()


def test_two_pages_see_the_same_world(page, address):
    other = page.context.new_page()
    other.goto(address)
    shows(page, 1, "online ")
    typing(page, 1).press("Escape")
    shows(other, 1, "contacts")
    assert screen(other, 1).inner_text() == screen(page, 1).inner_text()


def test_nonsense_on_the_socket_is_refused_and_other_sites_are_kept_out(page, address):
    answers = page.evaluate(
        """() => new Promise(done => {
            const socket = new WebSocket(`ws://${location.host}/world`), refused = [];
            const nonsense = [
                '{', '[]', '{"handheld": 7, "key": "Enter"}', '{"handheld": "anna", "rate_bps": 1}',
                '{"handheld": "anna", "rate_bps": 1200.0}', '{"handheld": false, "key": "x"}', "[".repeat(8000),
            ];
            socket.onopen = () => nonsense.forEach(line => socket.send(line));
            socket.onmessage = event => {
                const message = JSON.parse(event.data);
                if (message.refused && refused.push(message.refused) === nonsense.length) done(refused);
            };
        })"""
    )
    assert len(answers) == 7
    scenario = page.request.get(address + "recording.toml").text()
    assert '"handheld" = ' not in scenario and parsed(scenario).handhelds == ("anna", "bert")
    assert "plugged = false" in scenario and "rate_bps = 33600" in scenario and "[[step]]" in scenario
    response = page.request.get(
        address + "world", headers={"Origin": "http://evil.test", "Upgrade": "websocket", "Connection": "Upgrade"}
    )
    assert response.status == 403


def test_a_foreign_name_for_this_machine_opens_no_socket(address):
    """A page whose domain was turned to 127.0.0.1 has a Host that fits its Origin, but it is not ours."""
    host, port = re.search(r"//([\d.]+):(\d+)", address).groups()
    for name, status in (("evil.test", 403), ("localhost", 101), (host, 101)):
        lines = ["GET /world HTTP/1.1", "Host: %s:%s" % (name, port), "Origin: http://%s:%s" % (name, port)]
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: QUFBQUFBQUFBQUFBQUFBQQ==", "", ""]
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall("\r\n".join(lines).encode())
            assert connection.recv(64).split()[1] == b"%d" % status, name
