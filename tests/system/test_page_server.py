"""The page at real servers, in a real Chromium: with one's own accounts over TLS, and at a Prosody started for it."""

import pytest
from playwright.sync_api import expect

from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "anna's s3cret", "bert": "bert's s3cret"}


@pytest.fixture(scope="module")
def server(tool, tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("ca"))
    server = Prosody(tool("PROSODY13"), USERS, certificate=authority.server)
    server.start()
    yield server, authority
    server.remove()


@pytest.fixture(scope="module")
def address(server, served):
    server, authority = server
    accounts = [option for name in USERS for option in ("--account", "%s@%s" % (name, server.tls_domain))]
    return served(*accounts, "--server", "127.0.0.1:%d" % server.tls_port, "--ca", str(authority.root))


def screen(page, index):
    return page.locator(".handheld").nth(index).locator(".screen")


def typing(page, index):
    return page.locator(".handheld").nth(index).get_by_label("type here")


def shows(page, index, text):
    expect(screen(page, index)).to_contain_text(text, timeout=60_000)


def test_accounts_of_ones_own_talk_over_tls_and_no_password_is_kept(page, address, server):
    page.get_by_label("time goes").select_option("4")
    for index, password in enumerate(USERS.values()):
        shows(page, index, "type your password")
        page.locator(".handheld").nth(index).locator("select.rate").select_option("33600")
        typing(page, index).press("F1")
        shows(page, index, "password:")
        typing(page, index).press_sequentially(password)
        expect(screen(page, index)).not_to_contain_text("s3cret")
        typing(page, index).press("Enter")
    for index in range(2):
        shows(page, index, "online ")
    shows(page, 0, "Contact bert")
    typing(page, 0).press("Enter")
    typing(page, 0).press_sequentially("over TLS")
    typing(page, 0).press("Enter")
    shows(page, 0, "(delivered)")
    shows(page, 1, "1>Contact anna")
    recording = page.request.get(address + "recording.toml").text()
    assert '"v"' in recording and '"3"' not in recording, recording  # each letter is a key
    assert "s3cret" not in page.content()


def test_a_server_that_is_others_is_left_in_peace(page, address):
    shows(page, 0, "online ")
    refused = page.evaluate(
        """() => new Promise(done => {
            const socket = new WebSocket(`ws://${location.host}/world`), refused = [];
            const commands = [{ desk: "gremlin", number: 1 }, { exchange: "restart", keep_sessions: true }];
            socket.onopen = () => commands.forEach(command => socket.send(JSON.stringify(command)));
            socket.onmessage = event => {
                const message = JSON.parse(event.data);
                if (message.refused && refused.push(message.refused) === commands.length) done(refused);
            };
        })"""
    )
    assert "not ours" in refused[0] and "real server" in refused[1]


def test_a_prosody_is_started_for_the_page(page, served):
    page.goto(served("--prosody"))
    for index, other in enumerate(("Contact bert", "Contact anna")):
        shows(page, index, "online ")
        shows(page, index, other)
