// The threshold slider: what it would flag, and the sensitivity and specificity that were measured there.
const policy = document.querySelector("[data-policy]");

function numbers(text) {
  return text.trim().split(/\s+/).filter(Boolean).map((part) => part.split(":").map(Number));
}

function measuredAt(points, threshold) {
  return points.filter(([point]) => point <= threshold + 1e-9).at(-1); // none below the lowest
}

function say(name, words) {
  policy.querySelector(`[data-out=${name}]`).textContent = words;
}

const whole = (share) => `${Math.round(share * 100)} %`;
const range = (low, high) => `${Math.round(low * 100)}–${Math.round(high * 100)}`;

function sayRate(name, rate) {
  say(name, rate ? whole(rate[0]) : "not measured");
  say(`${name}-range`, rate ? range(rate[1], rate[2]) : "");
}

function show(scores, points, threshold) {
  const point = measuredAt(points, threshold);
  say("threshold", threshold.toFixed(2));
  say("flags", String(Number(policy.dataset.silent) + scores.filter(([score]) => score >= threshold).length));
  sayRate("sensitivity", point?.slice(1, 4));
  sayRate("specificity", point?.slice(4, 7));
  for (const bar of policy.querySelectorAll("[data-from]")) {
    bar.classList.toggle("on", Number(bar.dataset.from) + 0.05 > threshold);
  }
}

if (policy) {
  const scores = numbers(policy.dataset.scores);
  const points = numbers(policy.dataset.points);
  const slider = policy.querySelector("input[type=range]");
  slider.addEventListener("input", () => show(scores, points, Number(slider.value)));
  // The policy itself is no filter: the address stays clean while the slider stands on it.
  slider.form.addEventListener("submit", () => {
    slider.disabled = slider.value === Number(slider.dataset.policyValue).toFixed(2);
    for (const field of slider.form.querySelectorAll("select, input[type=number]")) field.disabled = !field.value;
  });
  addEventListener("pageshow", () => {
    for (const field of slider.form.elements) field.disabled = false;
  });
}
