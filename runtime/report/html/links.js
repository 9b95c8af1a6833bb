"use strict";
(() => {
  const form = document.getElementById("link");
  const told = document.getElementById("seconds");
  const bars = form.querySelectorAll("rect");
  const figures = form.querySelectorAll("b");
  const known = ["work", "bytes", "trips"].map(name => Number(form.dataset[name]));
  const number = name => document.getElementById(name);
  const valid = name => number(name).value !== "" && number(name).validity.valid;

  function duration(seconds) {
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  }

  function tell() {
    if (!valid("mbit") || !valid("trip")) { told.value = "no such link"; return; }
    const [work, bytes, trips] = known;
    const parts = [work, bytes * 8 / (Number(number("mbit").value) * 1e6), trips * Number(number("trip").value) / 1000];
    const all = parts[0] + parts[1] + parts[2];
    let start = 0;
    parts.forEach((part, i) => {
      bars[i].setAttribute("x", `${100 * start / all}%`);
      bars[i].setAttribute("width", `${100 * part / all}%`);
      figures[i].textContent = duration(part);
      start += part;
    });
    told.value = `about ${duration(all)} in all`;
  }

  for (const slider of form.querySelectorAll("[type=range]")) {
    const of = number(slider.dataset.of);
    const follow = () => {
      if (valid(of.id)) slider.value = Math.log10(Number(of.value));
      slider.setAttribute("aria-valuetext", of.value);
    };
    of.addEventListener("input", () => { follow(); tell(); });
    slider.addEventListener("input", () => {
      of.value = Number((10 ** Number(slider.value)).toPrecision(2));
      slider.setAttribute("aria-valuetext", of.value);
      tell();
    });
    follow();
  }
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  tell();
})();
