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
  const words = [locker.forced ? texts.forced : texts[locker.door]];
  if (locker.jammed) words.push(texts.jammed);
  if (locker.sensor !== "fine") words.push(texts[locker.sensor]);
  return words;
}

function drawDoor(locker) {
  const door = document.querySelector(`.door[data-number="${locker.number}"]`);
  door.dataset.door = locker.door;
  door.dataset.jammed = locker.jammed;
  door.dataset.forced = locker.forced;
  door.title = locker.door === "open" ? texts.push_shut : texts.pull_open;
  show(`coil ${locker.number}`, locker.coil, (on) => {
    door.dataset.coil = Boolean(on);
    const words = doorWords(locker);
    setText(door.querySelector(".state"), (on ? [texts.coil_on, ...words] : words).join(", "));
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

function drawFaults(on) {
  for (const element of document.querySelectorAll(".switch:enabled")) {
    const checked = on.includes(element.dataset.fault);
    element.setAttribute("aria-checked", checked);
    setText(element.querySelector(".position"), checked ? texts.on : texts.off);
  }
}

function draw(picture) {
  picture.lockers.forEach(drawDoor);
  if (picture.light !== "off") drawLight(picture.light);
  show("light", picture.light !== "off", (on) => drawLight(on ? picture.light : "off"));
  show("buzzer", picture.buzzer, drawBuzzer);
  setText(byId("last"), lastSignal(picture.light_changes));
  drawFaults(picture.faults);
  byId("power").hidden = picture.powered;
}

let silence;
function say(key, name) {
  setText(byId("said"), texts[key].replace("{name}", name));
  clearTimeout(silence);
  silence = setTimeout(() => setText(byId("said"), ""), 6000);
}

/** Send an action; `refusals` has the words for the answers 409 and 422 where the page can say it better. */
async function post(path, body, done, name, refusals = {}) {
  try {
    const response = await fetch(path + query, {
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
  badge.dataset.held = "true";
  setTimeout(() => delete badge.dataset.held, Math.max(held, SEEN_MS));
  return post(`/api/badges/${badge.dataset.label}/tap`, { held_ms: held }, "said_tap", badge.dataset.label);
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
  if (element.dataset.door === "true" && door && on) body.number = Number(door);
  const name = element.querySelector(".label").textContent;
  return post(`/api/faults/${element.dataset.fault}`, body, on ? "said_fault_on" : "said_fault_off", name, {
    422: "choose_door",
  });
}

document.addEventListener("click", (event) => {
  const hit = event.target.closest(".badge, .door, .switch");
  if (!hit || hit.disabled) return;
  if (hit.matches(".badge")) tap(hit);
  else if (hit.matches(".door")) moveDoor(hit);
  else switchFault(hit);
});

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
