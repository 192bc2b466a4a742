// Keeps the page true to the bank: follows its stream, and sends what people do. Plain script, no library.
"use strict";

const texts = JSON.parse(document.getElementById("texts").textContent);
const bank = document.body.dataset.bank;
const query = `?bank=${encodeURIComponent(bank)}`;
const SEEN_MS = 700; // a pulse or a flash shorter than this is shown for this long

const byId = (id) => document.getElementById(id);
const holding = new Map();

/** Put a state on an element at once, but take it off only after it could be seen. */
function show(key, on, apply) {
  clearTimeout(holding.get(key)?.timer);
  const since = holding.get(key)?.since ?? -SEEN_MS;
  if (on) {
    holding.set(key, { since: performance.now() });
    apply(on);
    return;
  }
  const left = since + SEEN_MS - performance.now();
  if (left <= 0) {
    holding.delete(key);
    apply(on);
  } else {
    holding.set(key, { since, timer: setTimeout(() => show(key, false, apply), left) });
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function doorWords(locker) {
  const words = [["forced", "pried", "ajar"].filter((each) => locker[each]).map((each) => texts[each])[0] ?? texts[locker.door]];
  if (locker.jammed) words.push(texts.jammed);
  if (locker.sensor !== "fine") words.push(texts[locker.sensor]);
  if (locker.latch_sensor && locker.latch_sensor !== "fine") words.push(texts[`latch_${locker.latch_sensor}`]);
  if (locker.light) words.push(texts.lit);
  return words;
}

function drawDoor(locker) {
  const door = document.querySelector(`.door[data-number="${locker.number}"]`);
  door.dataset.door = locker.door;
  door.dataset.jammed = locker.jammed;
  door.dataset.forced = locker.forced || locker.pried;
  door.dataset.ajar = locker.ajar;
  door.dataset.lit = Boolean(locker.light);
  door.dataset.hot = locker.hot;
  door.title = locker.door === "open" ? texts.push_shut : texts.pull_open;
  show(`coil ${locker.number}`, locker.coil, (on) => {
    door.dataset.coil = Boolean(on);
    const words = doorWords(locker);
    const released = locker.welded && on ? texts.welded : texts.coil_on;
    setText(door.querySelector(".state"), (on ? [released, ...words] : words).join(", "));
  });
}

function lightWords(light) {
  return light.split("+").map((each) => texts[`light_${each}`]).join(" + ");
}

function drawLight(light) {
  byId("device").dataset.light = light.replaceAll("+", " ");
  byId("light").dataset.light = light.replaceAll("+", " ");
  setText(byId("light"), lightWords(light));
}

function drawBuzzer(on) {
  byId("buzzer").dataset.on = Boolean(on);
  setText(byId("buzzer").querySelector("span"), on ? texts.buzzer_on : texts.buzzer_off);
}

/** The newest colour that was lit, and how often the buzzer sounded since it came on. */
function lastSignal(changes) {
  let last = null;
  let before = { light: "off", buzzer: false };
  for (const change of changes) {
    if (change.light !== "off" && change.light !== before.light) last = { light: change.light, beeps: before.buzzer ? 1 : 0 };
    if (last && change.buzzer && !before.buzzer) last.beeps += 1;
    before = change;
  }
  if (!last) return texts.none_yet;
  const beeps = last.beeps ? `, ${last.beeps} ${last.beeps > 1 ? texts.beeps : texts.beep}` : "";
  return lightWords(last.light) + beeps;
}

/** A coil that does not go off: the door no longer holds, and on a real bank something burns. */
function drawWarnings(lockers) {
  const stuck = lockers.filter((locker) => locker.coil && (locker.welded || locker.hot));
  const words = stuck.map((locker) => (locker.hot ? texts.warning_hot : texts.warning_welded).replace("{name}", locker.number));
  setText(byId("warning"), words.join(" "));
  byId("warning").hidden = !stuck.length;
}

function drawOwnLight(row, light) {
  const pill = row.querySelector(".own-light");
  pill.dataset.light = light;
  setText(pill, lightWords(light));
}

function drawReaders(readers) {
  for (const reader of readers) {
    const row = document.querySelector(`.readers [data-reader="${reader.name}"]`);
    if (!row) continue;
    row.dataset.plugged = reader.plugged;
    if (reader.light !== null) show(`light of ${reader.name}`, reader.light !== "off" && reader.light, (light) => drawOwnLight(row, light || "off"));
    setText(row.querySelector(".plug"), reader.plugged ? texts.plugged : texts.unplugged);
  }
}

function drawInputs(inputs) {
  for (const input of inputs) {
    const element = document.querySelector(`.input[data-input="${input.name}"]`);
    element.setAttribute("aria-checked", input.active);
    setText(element.querySelector(".position"), input.active ? texts.active : texts.calm);
  }
}

function isOn(element, picture) {
  const { fault, device } = element.dataset;
  const which = element.dataset.door === "true" && Number(byId("which").value);
  if (device) return (picture.faulty_devices[fault] ?? []).includes(device);
  if (which) return (picture.faulty_doors[fault] ?? []).includes(which);
  return picture.faults.includes(fault);
}

function faultName(element) {
  const label = element.querySelector(".label").firstChild.textContent;
  return element.dataset.device ? `${label} (${element.dataset.device})` : label;
}

/** The faults of doors are shown, and switched, for the door that is chosen; without a choice for all. */
function drawFaults(picture) {
  const on = [];
  for (const element of document.querySelectorAll(".fault:enabled")) {
    const checked = isOn(element, picture);
    element.setAttribute("aria-checked", checked);
    setText(element.querySelector(".position"), checked ? texts.on : texts.off);
    if (checked || (!element.dataset.device && picture.faults.includes(element.dataset.fault))) on.push(element);
  }
  for (const group of document.querySelectorAll(".group")) {
    const count = on.filter((element) => group.contains(element)).length;
    setText(group.querySelector(".group-count"), count ? `${count} ${texts.count_on}` : "");
  }
  drawNowOn(on, picture);
}

/** The faults that are on, each a button that mends it. */
function drawNowOn(switches, picture) {
  const list = byId("now-on");
  const doors = (each) => (picture.faulty_doors[each.dataset.fault] ?? []).join(", ");
  const wanted = switches.map((each) => `${each.dataset.fault} ${each.dataset.device} ${doors(each)}`);
  byId("nothing-on").hidden = wanted.length > 0;
  byId("mend-all").hidden = wanted.length < 2;
  if ([...list.children].map((each) => each.dataset.key).join() === wanted.join()) return;
  list.replaceChildren(
    ...switches.map((each, at) => {
      const item = document.createElement("li");
      item.dataset.key = wanted[at];
      const button = document.createElement("button");
      button.type = "button";
      button.className = "mend";
      button.dataset.fault = each.dataset.fault;
      button.dataset.device = each.dataset.device;
      button.textContent = `${faultName(each)} ${doors(each)}`.trim();
      const hint = document.createElement("span");
      hint.textContent = texts.mend;
      button.append(" ", hint);
      item.append(button);
      return item;
    }),
  );
}

let latest;
function draw(picture) {
  latest = picture;
  picture.lockers.forEach(drawDoor);
  if (picture.light !== "off") drawLight(picture.light);
  show("light", picture.light !== "off", (on) => drawLight(on ? picture.light : "off"));
  show("buzzer", picture.buzzer, drawBuzzer);
  setText(byId("last"), lastSignal(picture.light_changes));
  drawFaults(picture);
  drawReaders(picture.readers);
  drawInputs(picture.inputs);
  drawWarnings(picture.lockers);
  byId("power").hidden = picture.powered;
}

let silence;
function say(key, name) {
  setText(byId("said"), texts[key].replace("{name}", name));
  clearTimeout(silence);
  silence = setTimeout(() => setText(byId("said"), ""), 6000);
}

/** Send an action; `refusals` has the words for the answers 409 and 422 where the page can say it better. */
async function post(path, body, done, name, refusals = {}, more = "") {
  try {
    const response = await fetch(path + query + more, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (response.ok) say(done, name);
    else if (refusals[response.status]) say(refusals[response.status], name);
    else say("said_failed", (await response.json()).detail);
  } catch {
    say("said_failed", texts.lost);
  }
}

function tap(badge) {
  const held = Number(byId("held").value);
  const reader = byId("at")?.value;
  badge.dataset.held = "true";
  setTimeout(() => delete badge.dataset.held, Math.max(held, SEEN_MS));
  const to = reader ? `&reader=${encodeURIComponent(reader)}` : "";
  return post(`/api/badges/${badge.dataset.label}/tap`, { held_ms: held }, "said_tap", badge.dataset.label, {}, to);
}

let typing = Promise.resolve();
/** One key after the other, in the order in which they were pressed. */
function press(key) {
  const reader = key.closest("[data-reader]").dataset.reader;
  const path = `/api/readers/${encodeURIComponent(reader)}/keys`;
  typing = typing.then(() => post(path, { keys: key.dataset.key }, "said_key", reader));
  return typing;
}

function switchInput(element) {
  const active = element.getAttribute("aria-checked") !== "true";
  const name = element.querySelector(".label").textContent;
  return post(`/api/inputs/${element.dataset.input}`, { active }, active ? "said_input_on" : "said_input_off", name);
}

function moveDoor(door) {
  const { number } = door.dataset;
  if (door.dataset.door === "open") return post(`/api/doors/${number}/close`, null, "said_close", number);
  return post(`/api/doors/${number}/open`, null, "said_open", number, { 409: "said_latched" });
}

function switchFault(element) {
  const on = element.getAttribute("aria-checked") !== "true";
  const door = byId("which").value;
  const body = { on };
  if (element.dataset.door === "true" && door) body.number = Number(door);
  if (element.dataset.device) body.device = element.dataset.device;
  const name = faultName(element);
  return post(`/api/faults/${element.dataset.fault}`, body, on ? "said_fault_on" : "said_fault_off", name, {
    422: "choose_door",
  });
}

function mend(fault, device, name) {
  return post(`/api/faults/${fault}`, device ? { on: false, device } : { on: false }, "said_fault_off", name);
}

async function mendAll() {
  for (const each of document.querySelectorAll(".mend")) await mend(each.dataset.fault, each.dataset.device, "");
  say("said_mended", "");
}

const actions = {
  ".badge": tap,
  ".door": moveDoor,
  ".key": press,
  ".input": switchInput,
  ".fault": switchFault,
  ".mend": (button) => mend(button.dataset.fault, button.dataset.device, button.firstChild.textContent.trim()),
  "#mend-all": mendAll,
};
document.addEventListener("click", (event) => {
  for (const [selector, act] of Object.entries(actions)) {
    const hit = event.target.closest(selector);
    if (hit && !hit.disabled) act(hit);
  }
});

byId("which").addEventListener("change", () => latest && drawFaults(latest));

const stream = new EventSource(`/api/stream${query}`);
stream.onmessage = (event) => {
  draw(JSON.parse(event.data));
  byId("link").dataset.state = "live";
  setText(byId("link"), texts.live);
};
stream.onerror = () => {
  byId("link").dataset.state = "lost";
  setText(byId("link"), texts.lost);
};
