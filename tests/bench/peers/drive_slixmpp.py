"""slixmpp as a peer; see common.py. Beyond stream management and receipts it has no plug-in that would speak."""

import asyncio
import json
import os
import ssl
import sys

import slixmpp
from common import State, arguments, tell


class Peer(slixmpp.ClientXMPP):
    """over: set when it has quit."""

    def __init__(self, args):
        security = {"unencrypted_scram": True, "unencrypted_plain": True}
        super().__init__(
            args.jid, args.password, sasl_mech=args.mechanism, plugin_config={"feature_mechanisms": security}
        )
        self.over = asyncio.Event()
        self._address = (args.host, int(args.port))
        self._kept = State(args.state, "slixmpp")
        self._missing = set()  # of what makes it ready
        self._sessions = 0
        self._reconnecting = self._quitting = False
        self.register_plugin("xep_0198")
        self.register_plugin("xep_0184", {"auto_ack": True, "auto_request": True})
        self.enable_direct_tls = args.tls == "direct"
        self.enable_starttls = False
        self.enable_plaintext = args.tls == "plain"
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("session_resumed", lambda _: tell("resumed"))
        self.add_event_handler("presence_available", self._presence)
        self.add_event_handler("message", self._message)
        self.add_event_handler("disconnected", self._lost)
        for name in ("connection_failed", "failed_all_auth", "sm_failed"):
            self.add_event_handler(name, lambda why, name=name: tell("error", text="%s: %s" % (name, why)))

    def begin(self):
        self.connect(*self._address)

    def do(self, command):
        """Raises KeyError if it is none."""
        {"send": self._send, "reconnect": self._reconnect, "quit": self._quit}[command["do"]](command)

    def _send(self, command):
        # Offline the library keeps it, if it has noticed the loss.
        self.send_message(mto=command["to"], mbody=command["body"], mtype="chat")

    def _reconnect(self, _command):
        self._reconnecting = bool(self.transport)
        if self._reconnecting:
            self.abort()
        else:
            self.begin()

    def _quit(self, _command):
        self._quitting = True
        if self.transport:
            self.disconnect(wait=2)
            self.loop.call_later(3, self.over.set)
        else:
            self.over.set()

    def _started(self, _event):
        self._sessions += 1
        if self._sessions > 1:
            tell("online")
        elif self._kept.data:
            self.client_roster.version = self._kept.data["version"]
            for jid, item in self._kept.data["items"].items():
                self.client_roster.add(jid, **item)
        self._missing = {"roster", "presence"}
        self.get_roster(callback=self._roster)
        self.send_presence()

    def _roster(self, iq):
        if iq["type"] == "error":
            tell("error", text="roster: " + iq["error"]["condition"])
        else:
            self.loop.call_soon(self._came, "roster")  # the library files the items after this call

    def _presence(self, presence):
        if presence["from"] == self.boundjid:
            self._came("presence")

    def _came(self, what):
        if what not in self._missing:
            return
        self._missing.remove(what)
        if not self._missing:
            roster = {
                jid: {"name": item["name"], "groups": list(item["groups"]), "afrom": item["from"], "ato": item["to"]}
                for jid in self.client_roster.keys()
                for item in [self.client_roster[jid]]
                if jid != self.boundjid.bare
            }
            tell("ready", roster=len(roster), mechanism=self.plugin["feature_mechanisms"].mech.name)
            self._kept.keep({"version": self.client_roster.version, "items": roster})

    def _message(self, message):
        if message["body"]:
            tell("message", **{"from": message["from"].full, "body": message["body"]})

    def _lost(self, why):
        if self._quitting:
            self.over.set()
        elif self._reconnecting:
            self._reconnecting = False
            self.loop.call_soon(self.begin)
        else:
            tell("lost", text=str(why))


async def commands(peer):
    reader = asyncio.StreamReader()
    await peer.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            peer.do(json.loads(line))
        except Exception as problem:
            tell("error", text=repr(problem))
    peer.do({"do": "quit"})


async def main():
    peer = Peer(arguments())
    peer.begin()
    task = asyncio.create_task(commands(peer))
    await peer.over.wait()
    task.cancel()


asyncio.set_event_loop(loop := asyncio.new_event_loop())
loop.run_until_complete(main())
sys.stdout.flush()
os._exit(0)  # without what the library still has to say
