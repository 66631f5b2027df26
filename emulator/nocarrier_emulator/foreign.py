"""A foreign client as the other side: slixmpp, straight to the server, in real time.

What its event handler gets is what counts; nothing here looks for duplicates.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import slixmpp


class SlixmppPeer:
    """bodies: what arrived, in order, as often as it arrived."""

    def __init__(self, jid: str, password: str, host: str, port: int) -> None:
        self.bodies: list[str] = []
        self.on_message: Callable[[str], None] = lambda body: None
        self._address = (host, port)
        plugins: dict[str, Any] = {"feature_mechanisms": {"unencrypted_scram": True, "unencrypted_plain": True}}
        self._client = slixmpp.ClientXMPP(jid + "/slixmpp", password, plugin_config=plugins)
        self._client.enable_direct_tls = False
        self._client.enable_starttls = False
        self._client.enable_plaintext = True
        for name in ("xep_0030", "xep_0184", "xep_0198"):
            self._client.register_plugin(name)
        self._client["xep_0184"].auto_ack = True
        self._client["xep_0184"].auto_request = True
        self._online = asyncio.Event()
        self._client.add_event_handler("session_start", self._started)
        self._client.add_event_handler("message", self._message)

    async def start(self) -> None:
        self._client.connect(*self._address)
        await asyncio.wait_for(self._online.wait(), 20)

    def send(self, to: str, body: str) -> None:
        self._client.send_message(slixmpp.JID(to), body, mtype="chat")

    async def close(self) -> None:
        await self._client.disconnect()

    async def _started(self, _event: object) -> None:
        self._client.send_presence()
        await self._client.get_roster()
        self._online.set()

    def _message(self, message: Any) -> None:
        if message["type"] in ("chat", "normal") and message["body"]:
            self.bodies.append(message["body"])
            self.on_message(message["body"])
