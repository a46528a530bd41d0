// Suggest places while a name is typed. Without it the name is typed in full; the server judges it either way.

const field = document.getElementById("place");
const offered = document.getElementById("known-places");
// Somebody who types goes on sooner than this.
const PAUSE_MS = 200;

let waiting, asked = 0;

async function suggest() {
  const number = ++asked;
  const name = field.value.trim();
  if (!name) return;
  try {
    const answer = await fetch(`${field.dataset.places}?q=${encodeURIComponent(name)}`, { headers: { Accept: "application/json" } });
    // An answer that was overtaken by a newer question says nothing any more.
    if (!answer.ok || number !== asked) return;
    const { places } = await answer.json();
    offered.replaceChildren(...places.map(option));
  } catch {
    // Offline: nothing is suggested.
  }
}

function option({ place, english_name: english }) {
  const made = document.createElement("option");
  made.value = place;
  if (english) made.label = `${place} ${english}`;
  return made;
}

field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(suggest, PAUSE_MS);
});
