// The page of a job of pictures. Each tile keeps its place; what changes comes from the server's card, which is fetched
// again whenever a message tells of a picture or a chunk, with those tiles only that the page has not.

import { Line, fragment, oneAtATime } from "./live.js";

const place = document.getElementById("images");
const live = document.getElementById("live");
const said = document.getElementById("said");
const dishes = Number(place.dataset.dishes);
// How long it may still take changes without any message.
const LOOK_AGAIN = 5000;

const state = () => document.getElementById("state");
const isOver = () => "final" in state().dataset;
const tile = (position) => document.getElementById(`dish-${position + 1}`);

// Bit n: the dish at position n has its picture, or the reason why it has none.
function have() {
  let bits = 0n;
  for (let position = 0; position < dishes; position++) {
    if (tile(position).dataset.state !== "pending") bits |= 1n << BigInt(position);
  }
  return bits.toString(16);
}

function replace(fresh) {
  for (const one of fresh.querySelectorAll(".tile")) document.getElementById(one.id)?.replaceWith(one);
  document.getElementById("end").replaceWith(fresh.querySelector("#end"));
  const before = state().dataset.status;
  renew(state(), fresh.querySelector("#state"));
  // Read out changes of state, not every picture.
  if (before !== state().dataset.status) {
    said.textContent = `${state().querySelector(".pill").textContent} ${document.getElementById("happening").textContent}`;
  }
}

// Piece by piece: a button must not be changed under the finger that presses it.
function renew(old, fresh) {
  Object.assign(old.dataset, fresh.dataset);
  for (const piece of [".head", ".now", ".notes"]) old.querySelector(piece).replaceWith(fresh.querySelector(piece));
  for (const { name, value } of fresh.querySelector("progress").attributes) old.querySelector("progress").setAttribute(name, value);
  const buttons = fresh.querySelector(".actions");
  if (buttons.dataset.kind !== old.querySelector(".actions").dataset.kind) old.querySelector(".actions").replaceWith(buttons);
}

const look = oneAtATime(async () => {
  const address = new URL(place.dataset.card, location.href);
  address.searchParams.set("have", have());
  const fresh = await fragment(address);
  if (fresh === null) return false;
  if (fresh === undefined || !fresh.querySelector("#state")) return true;
  // An answer that was under way when a newer one came must not turn the page back.
  if (Number(fresh.querySelector("#state").dataset.version) >= Number(state().dataset.version)) replace(fresh);
  return !isOver();
});

function hear(message) {
  if (message.version > Number(state().dataset.version)) look();
}

function show(word) {
  live.hidden = !word;
  live.className = `live live-${word}`;
  live.textContent = word ? live.dataset[word] : "";
}

if (!isOver()) {
  new Line({ path: place.dataset.socket, hear, look, show });
  const timer = setInterval(() => (isOver() ? clearInterval(timer) : document.hidden || look()), LOOK_AGAIN);
}
