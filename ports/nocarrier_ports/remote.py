"""Driving the handset from outside, as JSON lines: the same for a device on a serial cable and a process on a pipe.

Commands, one object a line:
  {"key": "Enter"}, {"text": "hello"}     keys; answered by {"typed": n}
  {"send": "user@domain", "body": "…"}    a message, without the detour over the keys
  {"history": "user@domain", "newest": n, "skip": m}
                                          answered by one {"history": …} line per message, oldest first, and their
                                          count: fewer than asked for, if they are long or n is over 100
  {"screen": 1}                           answered by {"screen": [line, …]}
  {"status": 1}                           answered by meter, state and free memory
Everything that happens comes as {"event": name, …}. A line that cannot be carried out is answered by {"refused": why}.
"""

import gc
import json

from nocarrier import events
from nocarrier.errors import NocarrierError
from nocarrier.queue import records, states
from nocarrier.wire.chars import code_points
from nocarrier_ports import runner as run
from nocarrier_ports.handset import keys, words

try:
    from typing import Any, Callable

    from nocarrier_ports.handset.app import App
except ImportError:
    pass

_LINE_BYTES = 2048
_NEWEST = 100  # messages of one history, if their texts are short
_HISTORY_CHARS = 800


class Remote:
    """One remote control. write(text): sends a line; give on_event to the App as its listener."""

    def __init__(self, write: "Callable[[str], Any]") -> None:
        self._write = write
        self._line = bytearray()
        self._too_long = False

    def on_event(self, kind: int, value: "Any") -> None:
        """What the app reports, as a line."""
        line: "dict[str, Any]" = {"event": events.NAMES[kind]}
        if kind == events.MESSAGE:
            line["from"] = value.sender
            line["id"] = value.message_id
            line["body"] = value.body
        elif kind == events.STATE:
            seq, state = value
            line["seq"] = seq
            line["state"] = states.NAMES[state]
        elif kind == events.FAULT:
            line["error"] = words.of_error(value)
        self._put(line)

    def receive(self, data: "bytes | bytearray | memoryview", app: App) -> None:
        """Bytes of commands, in any pieces."""
        for byte in data:
            if byte != 0x0A:
                self._too_long = self._too_long or len(self._line) >= _LINE_BYTES
                if not self._too_long:
                    self._line.append(byte)
                continue
            line, self._line = bytes(self._line), bytearray()
            too_long, self._too_long = self._too_long, False
            if too_long:
                self._put({"refused": "line over %d bytes" % _LINE_BYTES})
            elif line.strip():
                self._command(line, app)

    def _command(self, line: bytes, app: App) -> None:
        try:
            command = json.loads(str(line, "utf-8"))
        except (ValueError, RuntimeError, MemoryError):  # RuntimeError: nested deeper than the stack
            command = None
        if not isinstance(command, dict):
            self._put({"refused": "not a JSON object"})
            return
        try:
            self._carry_out(command, app)
        except (NocarrierError, MemoryError) as error:
            self._put({"refused": words.of_error(error)})
        except (KeyError, TypeError, ValueError):
            self._put({"refused": "malformed command"})

    def _carry_out(self, command: "dict[str, Any]", app: App) -> None:
        if "send" in command:
            seq = app.client.send_message(_text(command["send"]), _text(command["body"]))
            self._put({"sent": seq})
        elif "key" in command:
            app.key(_key(command["key"]), 0, True)
            self._put({"typed": 1})
        elif "text" in command:
            n = 0
            for code in code_points(_text(command["text"])):
                app.key(code, 0, True)
                n += 1
            self._put({"typed": n})
        elif "history" in command:
            newest, skip = min(_count(command.get("newest", 10)), _NEWEST), _count(command.get("skip", 0))
            self._history(app, _text(command["history"]), newest, skip)
        elif "screen" in command:
            self._screen(app)
        elif "status" in command:
            self._status(app)
        else:
            self._put({"refused": "unknown command"})

    def _history(self, app: App, jid: str, newest: int, skip: int) -> None:
        items = app.client.store.history(jid, newest, skip, _HISTORY_CHARS)
        for item in items:
            self._put(
                {
                    "history": item.seq,
                    "in": item.incoming,
                    "id": item.message_id,
                    "body": item.body,
                    "state": states.NAMES[item.state],
                    "twice": bool(item.flags & records.MAY_ARRIVE_TWICE),
                }
            )
        self._put({"history_end": len(items)})

    def _status(self, app: App) -> None:
        meter = app.runner.meter
        gc.collect()
        free = getattr(gc, "mem_free", None)
        self._put(
            {
                "status": run.NAMES[app.runner.state],
                "online": app.client.online(),
                "error": words.of_error(app.runner.error),
                "bytes_up": meter.bytes_up,
                "bytes_down": meter.bytes_down,
                "calls": meter.calls,
                "logins": meter.logins,
                "heap_free_bytes": free() if free is not None else None,
            }
        )

    def _screen(self, app: App) -> None:
        """Row by row: the whole of it as one text is more than a small heap has in one piece."""
        between = '{"screen": ['
        for row in app.screen.lines():
            self._write(between)
            self._write(json.dumps(row))
            between = ", "
        self._write("]}\n")

    def _put(self, line: "dict[str, Any]") -> None:
        self._write(json.dumps(line))
        self._write("\n")


def _text(value: "Any") -> str:
    """The value, if it is text; else TypeError."""
    if not isinstance(value, str):
        raise TypeError
    return value


def _key(value: "Any") -> int:
    """The code of a key's name; else TypeError."""
    code = keys.from_name(_text(value))
    if not code:
        raise TypeError
    return code


def _count(value: "Any") -> int:
    """The value, if it is a number of lines; else TypeError."""
    if not isinstance(value, int) or value < 0:
        raise TypeError
    return value
