// Follows jobs, keeps the queue's page fresh, and says why pictures are lacking. Without it the jobs' page reloads itself,
// and the others simply show less.
"use strict";

const WORDS = {
  queued: "Waiting", running: "Being analysed", failed: "Failed", done: "Done", fake: "Flagged",
  real: "No indication", inconclusive: "Inconclusive", not_assessed: "Not assessed",
};
const EVERY_MS = 700;

function described(job) {
  if (job.state === "queued") return `${job.ahead} ahead of it`;
  if (job.state === "running") return `for ${Math.round(job.since_s ?? 0)} s`;
  return (job.error ?? "").replaceAll("_", " ");
}

function showJob(item, job) {
  const token = job.label ?? job.state;
  item.dataset.state = job.state;
  item.className = `card job ${token}`;
  const chip = item.querySelector('[data-part="state"]');
  if (chip.textContent !== (WORDS[token] ?? token)) chip.textContent = WORDS[token] ?? token;
  chip.className = `chip ${token}`;
  item.querySelector('[data-part="text"]').textContent = described(job);
  const link = item.querySelector('[data-part="link"]');
  link.href = job.location;
  if (job.state === "done" || job.state === "failed") link.hidden = false;
  if (job.state !== "queued") document.getElementById("not-alive")?.remove();
}

async function followJobs(list) {
  const items = () => [...list.querySelectorAll('[data-state="queued"], [data-state="running"]')];
  for (let open = items(); open.length; open = items()) {
    const ids = open.map((item) => item.dataset.job);
    const answer = await fetch(`/jobs/state?ids=${ids}`, { cache: "no-store" }).catch(() => null);
    for (const job of answer?.ok ? await answer.json() : []) {
      showJob(list.querySelector(`[data-job="${job.id}"]`), job);
      if (list.dataset.single && (job.state === "done" || job.state === "failed")) {
        location.replace(job.location);
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, document.hidden ? 4 * EVERY_MS : EVERY_MS));
  }
}

// Pictures are made when they are first asked for, which takes some seconds; why there are fewer is said in a sentence.
async function sayWhatIsLacking(note) {
  const late = setTimeout(() => {
    note.textContent = "The pictures are being made from the file.";
    note.hidden = false;
  }, 500);
  const answer = await fetch(note.dataset.address).catch(() => null);
  clearTimeout(late);
  const told = answer?.ok ? await answer.json() : { lacking: "The pictures can't be had just now." };
  note.textContent = told.lacking ?? "";
  note.hidden = !told.lacking;
}

document.addEventListener("error", (event) => {
  if (event.target.closest?.(".shot img")) event.target.classList.add("lacking");
}, true);

// Brings a part of the page up to date, unless somebody is in it with the keyboard.
async function keepFresh(part) {
  await new Promise((resolve) => setTimeout(resolve, Number(part.dataset.everyMs)));
  if (!document.hidden && !part.contains(document.activeElement)) {
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) {
      const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (made) part.replaceChildren(...made.childNodes);
    }
  }
  keepFresh(part);
}

const fresh = document.getElementById("fresh");
if (fresh) keepFresh(fresh);
const list = document.getElementById("jobs");
if (list) followJobs(list);
const note = document.getElementById("lacking");
if (note?.hidden) sayWhatIsLacking(note);
