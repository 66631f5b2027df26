// Draws what the world says, and sends what is pressed. All state is the server's.
"use strict";

const ROWS_OF_KEYS = ["1234567890", "qwertyuiop", "asdfghjkl'", "zxcvbnm,.?"];
// [what stands on it, name or character that is sent, wide?]
const SPECIAL_KEYS = [
  ["call", "F1", true], ["new", "F2", true], ["▲", "ArrowUp", false], ["▼", "ArrowDown", false],
  ["back", "Escape", true], ["⌫", "Backspace", true],
  ["shift", "shift", true], ["space", " ", true], ["!", "!", false], ["@", "@", false], [":", ":", false], ["-", "-", false],
  ["enter", "Enter", true],
];
const NAMED_KEYS = new Set(["Enter", "Backspace", "Escape", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "F1", "F2"]);

const desk = document.getElementById("desk");
const lost = document.getElementById("lost");
const refused = document.getElementById("refused");
let shownWorld = 0; // of whose wires rows are shown
let socket = null;
let choices = { rates_bps: [], profiles: [], speeds: [] };
let handhelds = [];
const WIRE_ROWS = 100;

function send(command) {
  refused.textContent = "";
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

const CELL_PX = 8;

// The screen, pixel by pixel as the device has it; what it says is in the log beside it, for those who do not see.
class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.shown = "";
  }

  draw(rows, width_px) {
    const wanted = JSON.stringify(rows);
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.canvas.width = width_px;
    this.canvas.height = rows.length * CELL_PX;
    const style = getComputedStyle(this.canvas);
    const context = this.canvas.getContext("2d");
    context.fillStyle = style.color;
    rows.forEach(([text, inverted], row) => {
      if (inverted) context.fillRect(0, row * CELL_PX, width_px, CELL_PX);
      context.globalCompositeOperation = inverted ? "destination-out" : "source-over";
      [...text].forEach((letter, col) => this.letter(context, choices.font[letter] || [], col * CELL_PX, row * CELL_PX));
      context.globalCompositeOperation = "source-over";
    });
  }

  letter(context, lines, left, top) {
    lines.forEach((bits, y) => {
      for (let x = 0; x < CELL_PX; x++) if ((bits << x) & 0x80) context.fillRect(left + x, top + y, 1, 1);
    });
  }

  // Where the device is touched, in its own pixels.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const part = (at, begin, size, whole) => Math.floor(((at - begin) / size) * whole);
    return [
      part(event.clientX, box.left, box.width, this.canvas.width),
      part(event.clientY, box.top, box.height, this.canvas.height),
    ];
  }
}

class Handheld {
  constructor() {
    this.shift = false;
    this.root = document.getElementById("handheld").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.root.querySelector(selector);
    [this.jid, this.screen, this.lamps, this.meter] = [".jid", ".screen", ".lamps", ".meter"].map(find);
    [this.rate, this.profile, this.plug, this.power] = [".rate", ".profile", ".plug", ".power"].map(find);
    [this.graph, this.wire] = [".graph polyline", ".wire ol"].map(find);
    for (const bps of choices.rates_bps) this.rate.add(new Option(bps, bps));
    for (const name of choices.profiles) this.profile.add(new Option(name, name));
    this.profile.addEventListener("change", () => this.send({ profile: this.profile.value }));
    [this.perMinute, this.perKb] = [".per-minute", ".per-kb"].map(find);
    for (const price of [this.perMinute, this.perKb]) {
      price.addEventListener("change", () => {
        this.send({ tariff: { per_minute: Number(this.perMinute.value), per_kb: Number(this.perKb.value) } });
      });
    }
    find(".drop").addEventListener("click", () => this.send({ drop: true }));
    this.rate.addEventListener("change", () => this.send({ rate_bps: Number(this.rate.value) }));
    this.plug.addEventListener("click", () => this.send({ plugged: !this.state.plugged }));
    this.power.addEventListener("click", () => this.send({ power: !this.state.power }));
    this.makeKeys(find(".keys"));
    // The field is where keyboards of all kinds end: input methods and those on glass know no key presses.
    this.typing = find(".typing");
    this.typing.addEventListener("keydown", (event) => this.keydown(event));
    this.typing.addEventListener("input", (event) => { if (!event.isComposing) this.typed(); });
    this.typing.addEventListener("compositionend", () => this.typed());
    this.glass = find(".glass");
    this.picture = new Picture(find("canvas"));
    this.glass.addEventListener("click", (event) => {
      this.send({ tap: this.picture.place(event) });
      this.typing.focus();
    });
    desk.append(this.root);
  }

  send(command) {
    send({ handheld: this.state.name, ...command });
  }

  makeKeys(parent) {
    const add = (label, key, wide) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.className = wide ? "wide" : "";
      button.setAttribute("aria-label", key === " " ? "space" : key);
      button.addEventListener("click", () => this.press(key));
      parent.append(button);
    };
    for (const row of ROWS_OF_KEYS) for (const char of row) add(char, char, false);
    for (const [label, key, wide] of SPECIAL_KEYS) add(label, key, wide);
  }

  press(key) {
    if (key === "shift") {
      this.shift = !this.shift;
    } else if (NAMED_KEYS.has(key)) {
      this.send({ key });
    } else {
      this.send({ text: this.shift ? key.toUpperCase() : key });
      this.shift = false;
    }
  }

  keydown(event) {
    if (event.isComposing || !NAMED_KEYS.has(event.key)) return;
    this.send({ key: event.key });
    event.preventDefault();
  }

  typed() {
    if (this.typing.value) this.send({ text: this.typing.value });
    this.typing.value = "";
  }

  // A board on a cable: nothing is known of its line, and its power is its own.
  drawDevice(state) {
    this.root.classList.add("device");
    this.meter.textContent = state.status;
  }

  draw(state) {
    this.state = state;
    this.jid.textContent = state.jid;
    this.root.setAttribute("aria-label", state.jid);
    this.glass.classList.toggle("off", !state.power);
    this.picture.draw(state.screen, state.width_px);
    while (this.screen.children.length < state.screen.length) this.screen.append(document.createElement("div"));
    state.screen.forEach(([text], i) => {
      const row = this.screen.children[i];
      if (row.textContent !== text) row.textContent = text;
    });
    if (state.status !== undefined) {
      this.drawDevice(state);
      return;
    }
    for (const [name, lit] of Object.entries(state.lamps)) {
      let lamp = this.lamps.querySelector(`[data-name=${name}]`);
      if (!lamp) {
        lamp = document.createElement("li");
        lamp.dataset.name = name;
        lamp.textContent = name;
        this.lamps.append(lamp);
      }
      lamp.classList.toggle("lit", lit);
    }
    const cost = state.cost ? ` · costs ${state.cost.toFixed(2)}` : "";
    const battery = state.battery === null ? "" : ` · battery ${Math.round(100 * state.battery)} %`;
    const heap = state.heap_free_bytes === null ? "" : ` · ${state.heap_free_bytes} B free`;
    this.meter.textContent =
      `${state.bytes_up} B up · ${state.bytes_down} B down · ${state.seconds} s${cost}${battery}${heap}`;
    this.drawGraph(state.bytes_per_second);
    this.drawRate(state.rate_bps);
    this.profile.value = state.profile;
    this.drawPrice(this.perMinute, state.per_minute);
    this.drawPrice(this.perKb, state.per_kb);
    this.plug.textContent = state.plugged ? "pull the plug" : "plug it in again";
    this.plug.setAttribute("aria-pressed", String(!state.plugged));
    this.power.textContent = state.power ? "switch off" : "switch on";
    this.power.setAttribute("aria-pressed", String(!state.power));
  }

  drawGraph(rates) {
    const most = Math.max(100, ...rates);
    this.graph.setAttribute("points", rates.map((bytes, i) => `${i},${(19.5 - (19 * bytes) / most).toFixed(1)}`).join(" "));
  }

  // Lines of some profiles have rates that nobody would set by hand.
  drawRate(bps) {
    if (![...this.rate.options].some((option) => Number(option.value) === bps)) this.rate.add(new Option(bps, bps));
    this.rate.value = bps;
  }

  // Not under the fingers of somebody who is writing it.
  drawPrice(field, price) {
    if (document.activeElement !== field) field.value = price;
  }

  addWire(row) {
    const line = document.createElement("li");
    line.className = row.way.replace(" ", "-");
    const price = row.bytes === undefined ? "" : ` ${row.bytes} B, ${row.seconds} s${row.cost ? `, costs ${row.cost}` : ""}`;
    const head = document.createElement("b");
    head.textContent = `${row.at_s.toFixed(1)} ${row.way}${price}`;
    line.append(head, ` ${row.text}`);
    const view = this.wire.parentElement;
    const atEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - 4;
    this.wire.append(line);
    while (this.wire.children.length > WIRE_ROWS) this.wire.firstChild.remove();
    if (atEnd) view.scrollTop = view.scrollHeight;
  }
}

class Desk {
  constructor() {
    const find = (id) => document.getElementById(id);
    [this.speed, this.said, this.stop] = ["speed", "said", "stop"].map(find);
    this.speed.addEventListener("change", () => send({ desk: "speed", times: Number(this.speed.value) }));
    find("gremlin").addEventListener("click", () => send({ desk: "gremlin", number: Number(find("gremlin-number").value) }));
    find("replay").addEventListener("click", () => send({ desk: "replay", on: true }));
    this.stop.addEventListener("click", () => send({ desk: "replay", on: false }));
    find("scenario").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) send({ desk: "play", scenario: await file.text() });
    });
  }

  setSpeeds(speeds) {
    this.speed.replaceChildren(...speeds.map((times) => new Option(times === 1 ? "as it does" : `${times} times as fast`, times)));
  }

  draw(state) {
    this.speed.value = state.speed;
    this.stop.disabled = !state.playing;
    this.say(state.playing ? `${state.playing} plays` : state.said);
  }

  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }
}

const controls = new Desk();

function receive(message) {
  if (message.speeds) {
    choices = message;
    controls.setSpeeds(choices.speeds);
    shownWorld = 0; // the rows come again to who comes again
  }
  if (message.refused) refused.textContent = message.refused;
  if (message.desk) controls.draw(message.desk);
  if (message.handhelds) document.body.classList.toggle("cable", !message.desk);
  if (message.handhelds) drawHandhelds(message.handhelds);
  if (message.wire && message.world !== shownWorld) {
    shownWorld = message.world;
    for (const handheld of handhelds) handheld.wire.replaceChildren();
  }
  for (const row of message.wire || []) {
    const handheld = handhelds.find((each) => each.state.name === row.who);
    if (handheld) handheld.addWire(row);
  }
}

function drawHandhelds(states) {
  states.forEach((state, i) => {
    if (!handhelds[i]) handhelds[i] = new Handheld();
    handhelds[i].draw(state);
  });
  for (const gone of handhelds.splice(states.length)) gone.root.remove();
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/world`);
  socket.addEventListener("open", () => { lost.hidden = true; });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    lost.hidden = false;
    setTimeout(connect, 1000);
  });
}

connect();
