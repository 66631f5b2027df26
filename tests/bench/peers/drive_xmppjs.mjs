/* @xmpp/client as a peer, with its own Node (xmppjs.sh); see common.py. Kept are the token for FAST, the user agent's
   id, the roster and its version: the library knows no roster, what is done about it is this program's. */

import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

const tree = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
const { client, xml, jid: parse } = await import(pathToFileURL(path.join(tree, "node_modules/@xmpp/client/index.js")));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: "string" },
    mechanism: { type: "string" },
    debug: { type: "boolean" },
  },
});
const [host, port, kind, address, password] = positionals;
const jid = parse(address);

const tell = (event, more = {}) => fs.writeSync(1, JSON.stringify({ event, ...more }) + "\n");

const file = options.state && path.join(options.state, "xmppjs.json");
let state = {};
if (file && fs.existsSync(file)) state = JSON.parse(fs.readFileSync(file, "utf8"));
state.agent ??= crypto.randomUUID();
function save() {
  if (!file) return;
  fs.writeFileSync(file + ".new", JSON.stringify(state));
  fs.renameSync(file + ".new", file);
}

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
process.removeAllListeners("warning");

let how; // the mechanism in use
const xmpp = client({
  service: `${kind === "direct" ? "xmpps" : "xmpp"}://${host}:${port}`,
  domain: jid.domain,
  resource: jid.resource || undefined,
  username: jid.local, // only for `from` in the stream header
  timeout: 60_000, // instead of 2 s: a stream may open slowly
  userAgent: xml("user-agent", { id: state.agent }),
  // As the library's own for a name and a password; but the token is the newest one, and PLAIN may be asked for.
  async credentials(authenticate, mechanisms, fast, entity) {
    const token = await fast?.fetch();
    const wanted = options.mechanism ?? (entity.isSecure() ? mechanisms[0] : mechanisms.find((m) => m !== "PLAIN"));
    how = token ? token.mechanism : wanted;
    const known = { username: jid.local, password, token };
    await authenticate(known, wanted, xml("user-agent", { id: state.agent }));
  },
});
xmpp.reconnect.stop(); // it waits for a second; here the command says when
Object.assign(xmpp.fast, {
  async saveToken(token) {
    state.token = token;
    save();
  },
  async fetchToken() {
    return state.token;
  },
  async deleteToken() {
    if (state.token) how = "password, the token was refused";
    delete state.token;
    save();
  },
});
if (options.debug) {
  xmpp.on("element", (e) => console.error("<", e.toString()));
  xmpp.on("send", (e) => console.error(">", e.toString()));
  xmpp.on("status", (s) => console.error("=", s));
}

const waiting = []; // messages handed over while offline
let missing = new Set();
let sessions = 0;
let usable = false; // the session, that is; status says online before stream management is set up
let reconnecting = false;
let quitting = false;

function came(what) {
  if (!missing.delete(what) || missing.size) return;
  tell("ready", { roster: (state.items ?? []).length, mechanism: how });
  save();
}

async function login() {
  usable = true;
  if (++sessions > 1) tell("online");
  missing = new Set(["roster", "presence"]);
  const query = xml("query", { xmlns: "jabber:iq:roster", ver: state.ver ?? "" });
  const answer = xmpp.iqCaller.request(xml("iq", { type: "get" }, query), 300_000);
  xmpp.send(xml("presence")).catch(failed);
  flush();
  const roster = (await answer).getChild("query", "jabber:iq:roster");
  if (roster) {
    state.ver = roster.attrs.ver;
    state.items = roster.getChildren("item").map((item) => ({
      ...item.attrs,
      groups: item.getChildren("group").map((group) => group.text()),
    }));
  }
  came("roster");
}

function flush() {
  while (usable && waiting.length) {
    const { to, body } = waiting.shift();
    const request = xml("request", { xmlns: "urn:xmpp:receipts" });
    const message = xml("message", { to, type: "chat", id: crypto.randomUUID() }, xml("body", {}, body), request);
    // A refused one was not written and is not in the library's queue of what to acknowledge.
    xmpp.send(message).catch((problem) => {
      failed(problem);
      waiting.push({ to, body });
    });
  }
}

const told = new WeakSet(); // the library reports some twice
function failed(problem) {
  if (problem instanceof Error) {
    if (told.has(problem)) return;
    told.add(problem);
  }
  tell("error", { text: String(problem?.message || problem) });
}

async function begin() {
  try {
    await xmpp.reconnect.reconnect();
  } catch (problem) {
    failed(problem);
    if (xmpp.status !== "disconnect") drop();
  }
}

// Forgets the socket. The library's disconnect() would first wait for the other side's end of stream.
function drop() {
  const socket = xmpp.socket?.socket ?? xmpp.socket;
  if (socket?.destroy) socket.destroy();
  else xmpp._status("disconnect", {});
}

// Node leaves Nagle's algorithm on: two small writes in a row would wait 40 ms for the delayed acknowledgement.
xmpp.on("connect", () => (xmpp.socket.socket ?? xmpp.socket).setNoDelay(true));
// Emitted in the middle of the answer to the login; what follows in it sets up stream management.
xmpp.on("online", () => queueMicrotask(() => login().catch(failed)));
xmpp.streamManagement.on("resumed", () => {
  tell("resumed");
  queueMicrotask(() => {
    usable = true;
    flush();
  });
});
xmpp.streamManagement.on("fail", (stanza) => tell("error", { text: "not sent: " + stanza.name }));
xmpp.on("disconnect", ({ reason }) => {
  usable = false;
  if (quitting) process.exit(0);
  else if (reconnecting) {
    reconnecting = false;
    setImmediate(begin);
  } else tell("lost", { text: String(reason ?? "") });
});
xmpp.on("stanza", (stanza) => {
  if (stanza.is("presence") && !stanza.attrs.type && stanza.attrs.from === xmpp.jid.toString()) came("presence");
  else if (stanza.is("message") && stanza.getChild("body"))
    tell("message", { from: stanza.attrs.from, body: stanza.getChildText("body") });
});
xmpp.on("error", failed);
process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);

function act(line) {
  const command = JSON.parse(line);
  if (command.do === "send") {
    waiting.push(command);
    flush();
  } else if (command.do === "reconnect") {
    if (xmpp.status === "disconnect") begin();
    else {
      reconnecting = true;
      drop();
    }
  } else if (command.do === "quit") {
    quitting = true;
    if (!usable) process.exit(0);
    setTimeout(() => process.exit(0), 3000);
    xmpp.stop().then(() => process.exit(0), () => process.exit(0));
  }
}

readline
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    try {
      act(line);
    } catch (problem) {
      failed(problem);
    }
  })
  .on("close", () => act('{"do": "quit"}'));
xmpp.start().catch((problem) => {
  failed(problem);
  if (xmpp.status !== "disconnect") drop();
});
