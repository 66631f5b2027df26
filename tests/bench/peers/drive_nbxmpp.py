"""nbxmpp as a peer; see common.py."""

import json
import os
import sys

import gi
from common import State, arguments, tell

gi.require_version("Soup", "3.0")
from gi.repository import GLib  # noqa: E402
from nbxmpp.client import Client  # noqa: E402
from nbxmpp.const import ConnectionProtocol, ConnectionType, StreamState  # noqa: E402
from nbxmpp.protocol import JID, Message, Presence  # noqa: E402
from nbxmpp.structs import StanzaHandler  # noqa: E402

args = arguments()
kept = State(args.state, "nbxmpp")
loop = GLib.MainLoop()
client = Client()
missing = set()  # of what makes it ready
waiting = []  # messages handed over while offline
sessions = 0
reconnecting = quitting = False


# The library keeps some callbacks by weak reference only: functions of this module, no closures or methods.


def on_connected(_client, _signal):
    global missing, sessions
    sessions += 1
    if sessions > 1:
        tell("online")
    missing = {"roster", "presence"}
    client.get_module("Roster").request_roster(kept.data.get("version"), timeout=300, callback=on_roster)
    client.send_stanza(Presence())
    flush()


def on_resumed(_client, _signal):
    tell("resumed")
    # The library sends what was not acknowledged as soon as this returns; ours comes after it.
    GLib.idle_add(flush, priority=GLib.PRIORITY_HIGH)


def on_roster(task):
    try:
        data = task.finish()
    except Exception as problem:
        tell("error", text="roster: %r" % problem)
        return
    if data.items is not None:
        items = [
            {"jid": str(item.jid), "name": item.name, "subscription": item.subscription, "groups": sorted(item.groups)}
            for item in data.items
        ]
        kept.keep({"version": data.version, "items": items})
    came("roster")


def on_presence(_client, stanza, _properties):
    if stanza.getType() is None and stanza.getFrom() == client.get_bound_jid():
        came("presence")


def on_message(_client, stanza, _properties):
    if stanza.getBody():
        tell("message", **{"from": str(stanza.getFrom()), "body": stanza.getBody()})


def came(what):
    if what in missing:
        missing.remove(what)
        if not missing:
            tell("ready", roster=len(kept.data.get("items", [])), mechanism=client._sasl._mechanism.name)


def on_lost(_client, _signal):
    global reconnecting
    if quitting:
        loop.quit()
    elif reconnecting:
        reconnecting = False
        GLib.idle_add(begin, priority=GLib.PRIORITY_HIGH)
    else:
        tell("lost", text=str(client.get_error()[1:]))


def on_connection_failed(_client, _signal):
    if quitting or reconnecting:
        on_lost(_client, _signal)
    else:
        tell("error", text="connection failed")


def begin():
    client.connect()
    return GLib.SOURCE_REMOVE


def flush():
    if client.state == StreamState.ACTIVE:
        while waiting:
            to, body = waiting.pop(0)
            message = Message(to, body, typ="chat")
            message.addChild("request", namespace="urn:xmpp:receipts")
            client.send_stanza(message)
    return GLib.SOURCE_REMOVE


def do(line):
    global quitting, reconnecting
    command = json.loads(line)
    what = command["do"]
    if what == "send":
        waiting.append((command["to"], command["body"]))
        flush()
    elif what == "reconnect":
        if client.state == StreamState.DISCONNECTED:
            begin()
        else:
            reconnecting = True
            client.disconnect(immediate=True)
    elif what == "quit":
        quitting = True
        if client.state == StreamState.DISCONNECTED:
            loop.quit()
        else:
            GLib.timeout_add(3000, loop.quit)
            client.disconnect()


rest = b""


def on_input(fd, _condition):
    global rest
    data = os.read(fd, 65536)
    *lines, rest = (rest + data).split(b"\n")
    if not data:
        lines.append(b'{"do": "quit"}')
    for line in lines:
        try:
            do(line)
        except Exception as problem:
            tell("error", text=repr(problem))
    return bool(data)


jid = JID.from_string(args.jid)
client.set_username(jid.localpart)
client.set_domain(jid.domain)
if jid.resource:
    client.set_resource(jid.resource)
client.set_password(args.password)
if args.mechanism:
    client.set_mechs({args.mechanism})
kind = ConnectionType.DIRECT_TLS if args.tls == "direct" else ConnectionType.PLAIN
client.set_custom_host("%s:%s" % (args.host, args.port), ConnectionProtocol.TCP, kind)
client.set_ignore_tls_errors(True)
client.subscribe("connected", on_connected)
client.subscribe("resume-successful", on_resumed)
client.subscribe("disconnected", on_lost)
client.subscribe("connection-failed", on_connection_failed)
client.register_handler(StanzaHandler(name="presence", callback=on_presence, priority=100))
client.register_handler(StanzaHandler(name="message", callback=on_message, priority=100))
GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_input)
begin()
loop.run()
sys.stdout.flush()
os._exit(0)  # without what the library still has to say
