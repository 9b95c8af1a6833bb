"use strict";
(() => {
  const form = document.getElementById("link");
  const told = document.getElementById("seconds");
  const bars = form.querySelectorAll("rect");
  const figures = form.querySelectorAll("b");
  const of = name => Number(form.dataset[name]);
  const number = name => document.getElementById(name);
  const valid = name => number(name).value !== "" && number(name).validity.valid;

  function duration(seconds) {
    if (seconds < 60) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  }

  function parts(rate, trip) {
    const carrying = of("asked") / rate + Math.max(0, of("streamed") / rate - of("working"));
    return [of("fixed") + of("working"), carrying, of("trips") * trip];
  }

  function tell() {
    const known = valid("mbit") && valid("trip");
    const taken = known ? parts(Number(number("mbit").value) * 125000, Number(number("trip").value) / 1000) : [0, 0, 0];
    const all = taken[0] + taken[1] + taken[2];
    let start = 0;
    taken.forEach((part, i) => {
      bars[i].setAttribute("x", `${known ? 100 * start / all : 0}%`);
      bars[i].setAttribute("width", `${known ? 100 * part / all : 0}%`);
      figures[i].textContent = known ? duration(part) : "";
      start += part;
    });
    told.value = known ? `about ${duration(all)} in all` : "no such link";
  }

  for (const slider of form.querySelectorAll("[type=range]")) {
    const field = number(slider.dataset.of);
    const follow = () => {
      if (valid(field.id)) slider.value = Math.log10(Number(field.value));
      slider.setAttribute("aria-valuetext", field.value);
    };
    field.addEventListener("input", () => { follow(); tell(); });
    slider.addEventListener("input", () => {
      field.value = Number((10 ** Number(slider.value)).toPrecision(2));
      slider.setAttribute("aria-valuetext", field.value);
      tell();
    });
    follow();
  }
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  tell();
})();
