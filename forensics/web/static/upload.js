// The upload with a progress bar, a list of what is chosen, and files dropped with the mouse. Without it the form is sent
// by the browser as it is.
"use strict";

const form = document.getElementById("upload");
const input = document.getElementById("files");
const chosen = document.getElementById("chosen");
const drop = document.getElementById("drop");
const problem = document.getElementById("upload-problem");
const going = document.getElementById("going");
const bar = document.getElementById("progress");
const text = document.getElementById("progress-text");
const limit = Number(form.dataset.limit);

function inMegabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function say(why) {
  problem.textContent = why;
  problem.hidden = !why;
}

function tooLarge() {
  return [...input.files].filter((file) => file.size > limit);
}

function showChosen() {
  chosen.replaceChildren(...[...input.files].map((file) => {
    const line = document.createElement("li");
    line.textContent = `${file.name}, ${inMegabytes(file.size)}`;
    return line;
  }));
  const large = tooLarge();
  say(large.length ? `${large.map((file) => file.name).join(", ")}: larger than ${inMegabytes(limit)}.` : "");
}

function send() {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = event.loaded / event.total;
    text.value = event.loaded < event.total
      ? `${inMegabytes(event.loaded)} of ${inMegabytes(event.total)}`
      : "Sent; being stored";
  });
  request.addEventListener("loadend", () => finish(request));
  request.send(new FormData(form));
}

function finish(request) {
  let told = {};
  try {
    told = JSON.parse(request.responseText);
  } catch { /* no answer, or a page */ }
  const errors = told.errors ?? [];
  if (told.location && !errors.length) {
    location.assign(told.location);
    return;
  }
  going.hidden = true;
  form.querySelector("button[type=submit]").disabled = false;
  say(errors.join(" ") || (request.status
    ? `The server answered ${request.status}; load the page again.`
    : "The connection broke off; try again."));
  if (told.location) {
    const link = document.createElement("a");
    link.href = told.location;
    link.textContent = " The others are being analysed.";
    problem.append(link);
  }
}

input.addEventListener("change", showChosen);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (tooLarge().length) {
    showChosen();
    return;
  }
  say("");
  going.hidden = false;
  bar.value = 0;
  form.querySelector("button[type=submit]").disabled = true;
  send();
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  input.files = event.dataTransfer.files;
  showChosen();
});
if (input.files.length) showChosen();
