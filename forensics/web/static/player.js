// The player: draws the faces over the picture at the right moment, and goes where the page's timeline and strips point.
// What it draws is in the page as JSON (see web/player.py); boxes are in pixels of the upright picture, which is also the
// coordinate system of the SVG laid over it, so that nothing needs scaling but text.
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MOMENTS = "[data-time-s], [data-seek], [data-time]";
  const TEXT_PX = 14, ASK_MS = 700, REACH_PX = 20, SAME_S = 0.0015;

  const root = document.getElementById("player");
  const data = JSON.parse(root.querySelector(".player-data").textContent);
  const one = (name) => root.querySelector(".player-" + name);
  const [stage, media, boxes] = [one("stage"), one("media"), one("boxes")];
  const isVideo = data.kind !== "still";
  const tracks = new Map(data.tracks.map((track) => [track.id, { ...track, samples: [] }]));
  data.samples.forEach((sample) => tracks.get(sample.track)?.samples.push(sample));
  let now = data.moments[0] ?? 0;
  let nearest = null;

  // Where a face is at a moment: [left, top, width, height], or null where that is not known.
  function boxAt(samples, time) {
    const after = samples.findIndex((sample) => sample.time_s >= time - SAME_S);
    const next = samples[after], before = samples[after < 0 ? samples.length - 1 : after - 1];
    if (!isVideo) return samples[0]?.box ?? null;
    if (next && Math.abs(next.time_s - time) <= SAME_S) return next.box;
    if (before && next && next.time_s - before.time_s <= data.join_s) {
      const share = (time - before.time_s) / (next.time_s - before.time_s);
      return before.box.map((value, i) => value + share * (next.box[i] - value));
    }
    if (before && time - before.time_s <= data.hold_s) return before.box;
    return next && next.time_s - time <= data.hold_s ? next.box : null;
  }

  function element(name, attributes, parent) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  }

  function markOf(track) {
    const group = element("g", { "data-track": track.id }, boxes);
    element("rect", { class: "player-halo" }, group);
    element("rect", { class: "player-edge", stroke: track.colour, "stroke-dasharray": track.dash }, group);
    track.lines = [`Track ${track.id}`, ...track.results.slice(0, 1)].map((line) => {
      const text = element("text", {}, group);
      text.textContent = line;
      return text;
    });
    return group;
  }

  function place(track, box, scale) {
    const [left, top, width, height] = box;
    track.group ??= markOf(track);
    track.group.removeAttribute("visibility");
    for (const rect of track.group.querySelectorAll("rect")) {
      for (const [key, value] of Object.entries({ x: left, y: top, width, height })) rect.setAttribute(key, value.toFixed(2));
    }
    const line = TEXT_PX * 1.25 * scale, all = line * track.lines.length;
    const above = top - all >= 0 ? top - all : Math.min(top + height, data.height - all);
    track.lines.forEach((text, i) => {
      text.setAttribute("font-size", (TEXT_PX * scale).toFixed(2));
      const rightmost = data.width - text.getComputedTextLength() - 4 * scale;
      text.setAttribute("x", Math.max(2 * scale, Math.min(left, rightmost)).toFixed(2));
      text.setAttribute("y", (above + line * (i + 0.75)).toFixed(2));
    });
  }

  function clock(seconds) {
    const tenths = Math.floor(seconds * 10 + 0.01), whole = Math.floor(tenths / 10);
    const two = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    return `${hours ? hours + ":" : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${tenths % 10}`;
  }

  function draw(time) {
    now = time;
    const shown = one("shown").checked;
    const scale = data.width / (Math.min(stage.clientWidth, (stage.clientHeight * data.width) / data.height) || data.width);
    const said = [];
    for (const track of tracks.values()) {
      const box = boxAt(track.samples, time);
      if (box) said.push(`track ${track.id}: ${track.results.join("; ")}`);
      if (box && shown) place(track, box, scale);
      else track.group?.setAttribute("visibility", "hidden");
    }
    const text = said.join(" · ") || (data.samples.length ? "no box is known here" : "");
    one("now").textContent = isVideo ? `${clock(time)}${text ? " – " + text : ""}` : text;
    root.dataset.atS = time.toFixed(3);
    point(time);
  }

  // Mark what in the page stands for the sampled moment that is shown.
  function point(time) {
    const away = (moment) => Math.abs(moment - time);
    const closest = data.moments.reduce((a, b) => (away(b) < away(a) ? b : a), Infinity);
    const found = isVideo && away(closest) <= data.hold_s ? closest : null;
    if (found === nearest) return;
    nearest = found;
    for (const item of document.querySelectorAll(MOMENTS)) {
      const is = found !== null && Math.abs(momentOf(item) - found) <= SAME_S;
      item.classList.toggle("is-now", is);
      if (is) stopOf(item).setAttribute("aria-current", "true");
      else stopOf(item).removeAttribute("aria-current");
    }
  }

  function momentOf(item) {
    return Number(item.dataset.timeS ?? item.dataset.seek ?? item.dataset.time);
  }

  function seek(time) {
    if (isVideo && media.readyState > 0) {
      media.pause();
      media.currentTime = time + 0.001; // stamps are rounded; the frame at or before is shown
    }
    draw(time);
  }

  function step(by) {
    const rest = by > 0 ? data.moments.filter((m) => m > now + SAME_S) : data.moments.filter((m) => m < now - SAME_S).reverse();
    if (rest.length) seek(rest[0]);
    return rest.length > 0;
  }

  // The picture: the file itself where browsers play it, else a copy, which may have to be made first.

  function tell(text, { share = null, retry = false } = {}) {
    one("message").hidden = !text;
    one("words").textContent = text;
    const bar = one("message").querySelector("progress");
    bar.hidden = share === null;
    bar.value = share ?? 0;
    one("retry").hidden = !retry;
  }

  async function copy() {
    root.dataset.state = "copy";
    try {
      const answer = await fetch(data.copy_state, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      const found = await answer.json();
      if (found.state === "making") {
        tell(found.message, { share: found.share });
        setTimeout(copy, ASK_MS);
      } else if (found.state === "ready") {
        tell(found.message + (isVideo ? " Shown is a copy for browsers, without sound." : " Shown is a copy for browsers."));
        media.src = data.copy;
      } else {
        lost(found.message);
      }
    } catch (error) {
      lost(`The ${isVideo ? "video" : "picture"} can't be had: ${error.message}.`);
    }
  }

  function lost(why) {
    root.dataset.state = "lost";
    tell(why, { retry: true });
  }

  let isCopy = !data.native;
  media.addEventListener("error", () => {
    if (isCopy) return lost("This browser does not play the copy either.");
    isCopy = true;
    return copy();
  });
  media.addEventListener(isVideo ? "loadedmetadata" : "load", () => {
    root.dataset.state = "ready";
    if (isVideo && now > SAME_S) seek(now);
    else draw(now);
  });
  one("retry").addEventListener("click", () => {
    tell("Asking again.");
    copy();
  });

  if (isVideo && media.requestVideoFrameCallback) {
    const onFrame = (_, frame) => {
      draw(frame.mediaTime);
      media.requestVideoFrameCallback(onFrame);
    };
    media.requestVideoFrameCallback(onFrame);
  } else if (isVideo) {
    const follow = () => {
      draw(media.currentTime);
      if (!media.paused) requestAnimationFrame(follow);
    };
    media.addEventListener("play", follow);
    media.addEventListener("seeked", follow);
  }

  // The page around it.

  // Of a plot, also what is closest to the side of the pointer: the marks are small.
  function itemBy(event) {
    const plot = event.target.closest("svg.timeline");
    const away = (item) => {
      const box = item.getBoundingClientRect();
      return Math.abs(box.left + box.width / 2 - event.clientX);
    };
    const [closest] = plot ? itemsIn(plot).sort((a, b) => away(a) - away(b)) : [];
    return itemOf(event.target) ?? (closest && away(closest) <= REACH_PX ? closest : null);
  }

  function itemOf(target) {
    return target.closest(MOMENTS) ?? target.closest("a")?.querySelector(MOMENTS) ?? null;
  }

  function groupOf(item) {
    return item.closest("svg, ol, ul, [data-strip]") ?? document.body;
  }

  function stopOf(item) {
    return item.closest("a, button, [tabindex]") ?? item;
  }

  function itemsIn(group) {
    return [...group.querySelectorAll(MOMENTS)].filter((item) => groupOf(item) === group);
  }

  document.addEventListener("click", (event) => {
    const item = itemBy(event);
    if (!item || !isVideo || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("a[href]:not([href^='#'])")) return;
    event.preventDefault();
    seek(momentOf(item));
    stage.scrollIntoView({ block: "nearest" });
  });

  // One stop for the tab key in each timeline and strip; arrows go on from there.
  function rove(group, item) {
    for (const other of itemsIn(group)) stopOf(other).setAttribute("tabindex", other === item ? "0" : "-1");
  }

  document.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!isVideo || event.altKey || event.ctrlKey || event.metaKey) return;
    const item = itemOf(event.target);
    if (item && !event.target.matches("a, button") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      seek(momentOf(item));
    } else if (by && item) {
      const items = itemsIn(groupOf(item)), next = items[items.indexOf(item) + by];
      event.preventDefault();
      if (!next) return;
      rove(groupOf(item), next);
      stopOf(next).focus();
      seek(momentOf(next));
    } else if (by && root.contains(event.target) && event.target.type !== "range") {
      event.preventDefault();
      step(by);
    }
  });

  if (isVideo) {
    const groups = new Set([...document.querySelectorAll(MOMENTS)].map(groupOf));
    for (const group of groups) {
      const items = itemsIn(group);
      for (const item of items) if (stopOf(item) === item && !item.hasAttribute("role")) item.setAttribute("role", "button");
      rove(group, items[0]);
    }
    one("before").addEventListener("click", () => step(-1));
    one("after").addEventListener("click", () => step(1));
  }
  one("shown").addEventListener("change", () => draw(now));
  one("full").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
  one("full").hidden = !document.fullscreenEnabled;
  one("bar").hidden = false;
  new ResizeObserver(() => draw(now)).observe(stage);

  const asked = /^#t=([0-9.]+)$/.exec(location.hash);
  if (asked && isVideo) now = Number(asked[1]);
  draw(now);
  if (!data.native) copy();
  else if (media.error || (!isVideo && media.complete && !media.naturalWidth)) media.dispatchEvent(new Event("error"));
  else if (isVideo ? media.readyState > 0 : media.complete) media.dispatchEvent(new Event(isVideo ? "loadedmetadata" : "load"));
})();
