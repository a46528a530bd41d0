// What every page does: moments in the reader's own zone, and buttons that copy.

// The page's language, in the reader's own kind of it: 11:14 AM or 11:14.
const lang = document.documentElement.lang;
const language = navigator.languages.find((own) => own.split("-")[0] === lang) ?? lang;
const short = { dateStyle: undefined, timeStyle: "short" };

/** Write each <time> of `root` in the reader's zone, with the zone's name on hover. */
export function localTimes(root = document) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const isToday = moment.toDateString() === today;
    const form = "day" in element.dataset ? { dateStyle: "medium" } : isToday ? short : { dateStyle: "short", timeStyle: "short" };
    element.textContent = new Intl.DateTimeFormat(language, form).format(moment);
    element.title = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" }).format(moment);
  }
}

function copyButtons() {
  if (!navigator.clipboard) return;
  for (const place of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = place.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(place.textContent.trim());
      button.textContent = place.dataset.copied;
    });
    place.after(button);
  }
}

localTimes();
copyButtons();
