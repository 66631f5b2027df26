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
let socket = null;
let rates = [];
let handhelds = [];

function send(command) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
}

class Handheld {
  constructor() {
    this.shift = false;
    this.root = document.getElementById("handheld").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.root.querySelector(selector);
    [this.jid, this.screen, this.lamps, this.meter] = [".jid", ".screen", ".lamps", ".meter"].map(find);
    [this.rate, this.plug, this.power] = [".rate", ".plug", ".power"].map(find);
    for (const bps of rates) this.rate.add(new Option(bps, bps));
    this.rate.addEventListener("change", () => this.send({ rate_bps: Number(this.rate.value) }));
    this.plug.addEventListener("click", () => this.send({ plugged: !this.state.plugged }));
    this.power.addEventListener("click", () => this.send({ power: !this.state.power }));
    this.makeKeys(find(".keys"));
    // The field is where keyboards of all kinds end: input methods and those on glass know no key presses.
    this.typing = find(".typing");
    this.typing.addEventListener("keydown", (event) => this.keydown(event));
    this.typing.addEventListener("input", (event) => { if (!event.isComposing) this.typed(); });
    this.typing.addEventListener("compositionend", () => this.typed());
    this.screen.addEventListener("click", () => this.typing.focus());
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

  draw(state) {
    this.state = state;
    this.jid.textContent = state.jid;
    this.root.setAttribute("aria-label", state.jid);
    this.screen.classList.toggle("off", !state.power);
    while (this.screen.children.length < state.screen.length) this.screen.append(document.createElement("div"));
    state.screen.forEach(([text, inverted], i) => {
      const row = this.screen.children[i];
      row.className = inverted ? "row inverted" : "row";
      if (row.textContent !== text) row.textContent = text;
    });
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
    this.meter.textContent = `${state.bytes_up} B up · ${state.bytes_down} B down · ${state.seconds} s`;
    this.rate.value = state.rate_bps;
    this.plug.textContent = state.plugged ? "pull the plug" : "plug it in again";
    this.plug.setAttribute("aria-pressed", String(!state.plugged));
    this.power.textContent = state.power ? "switch off" : "switch on";
    this.power.setAttribute("aria-pressed", String(!state.power));
  }
}

function receive(message) {
  if (message.rates_bps) rates = message.rates_bps;
  (message.handhelds || []).forEach((state, i) => {
    if (!handhelds[i]) handhelds[i] = new Handheld();
    handhelds[i].draw(state);
  });
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
