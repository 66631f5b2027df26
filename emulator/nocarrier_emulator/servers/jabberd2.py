"""jabberd2, a server of the older kind: `jabber:iq:auth`, one step at a time. Three processes and an SQLite file."""

import re
import sqlite3
from pathlib import Path

from nocarrier_emulator.servers.server import Server, free_port


class Jabberd2(Server):
    """tree: the folder with bin/, etc/, modules/ and db-setup.sqlite.

    c2s names its sessions by file descriptor, and what is said about the end of one hits the next one on the same
    descriptor: a client that calls again within milliseconds may be turned away.
    """

    def __init__(self, tree: Path, users: dict[str, str], certificate: Path | None = None) -> None:
        super().__init__(users, certificate)
        self._tree = tree
        self._router_port = free_port()
        for name in ("router", "sm", "c2s"):
            (self.folder / (name + ".xml")).write_text(self._config(name))
        for name in ("router-users.xml", "router-filter.xml", "templates/roster.xml"):
            target = self.folder / name
            target.parent.mkdir(exist_ok=True)
            target.write_text((tree / "etc" / name).read_text())
        self._fill()

    def start(self) -> None:
        for log in self.folder.glob("*.log"):
            log.unlink()
        # In this order: c2s ends if it finds the database locked by an sm that is still starting.
        self._part("router")
        self._await_port(self._router_port)
        self._part("sm")
        self._await_line("sm.log", "ready for sessions")
        self._part("c2s")
        self._await_port(self.port)

    def _part(self, name: str) -> None:
        self._run(str(self._tree / "bin" / ("jabberd2-" + name)), "-c", str(self.folder / (name + ".xml")))

    def _config(self, name: str) -> str:
        """Debian's, with paths, addresses and ports changed."""
        text = re.sub("<!--.*?-->", "", (self._tree / "etc" / (name + ".xml")).read_text(), flags=re.S)
        text = re.sub("/usr/lib/[^/<]*/jabberd2(?=<)", str(self._tree / "modules"), text)
        text = re.sub("/(etc|var/run|var/log|var/lib)/jabberd2/", "%s/" % self.folder, text)
        text = text.replace("<ip>0.0.0.0</ip>", "<ip>127.0.0.1</ip>")
        text = text.replace("<port>5347</port>", "<port>%d</port>" % self._router_port)
        # c2s would execute it before it has set how long to wait for a lock.
        sql = "<sql>PRAGMA synchronous = OFF;</sql>" if name == "sm" else ""
        text = re.sub("<sql>.*?</sql>", sql, text, flags=re.S)
        ids = "<id>%s</id><id%s>%s</id>"
        if name == "c2s":
            pem = " pemfile='%s'" % self.certificate if self.certificate else ""
            local = ids % (self.domain, pem, self.tls_domain)
            local += "<ip>127.0.0.1</ip><port>%d</port>" % self.port
            if self.certificate:
                local += "<ssl-port>%d</ssl-port><pemfile>%s</pemfile>" % (self.tls_port, self.certificate)
            text = re.sub("<local>.*?</local>", "<local>%s</local>" % local, text, flags=re.S)
        if name == "sm":
            local = ids % (self.domain, "", self.tls_domain)
            text = re.sub("<local>.*?</local>", "<local>%s</local>" % local, text, flags=re.S)
            text = text.replace("<user>\n", "<user>\n    <auto-create/>\n", 1)  # accounts are made by SQL
        return text

    def _fill(self) -> None:
        database = sqlite3.connect(self.folder / "sqlite.db")
        database.executescript((self._tree / "db-setup.sqlite").read_text())
        for domain in (self.domain, self.tls_domain):
            for user, password in self.users.items():
                owner = user + "@" + domain
                database.execute("insert into authreg values (?, ?, ?)", (user, domain, password))
                database.execute('insert into active ("collection-owner", time) values (?, 1)', (owner,))
                for other in self.contacts(user):
                    database.execute(
                        'insert into "roster-items" ("collection-owner", jid, name, "to", "from", ask)'
                        " values (?, ?, ?, 1, 1, 0)",
                        (owner, other + "@" + domain, "Contact " + other),
                    )
        database.commit()
        database.close()
