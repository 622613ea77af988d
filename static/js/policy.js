// The threshold slider: what it would flag, and the sensitivity and specificity that were measured there.
const policy = document.querySelector("[data-policy]");

function numbers(text) {
  return text.trim().split(/\s+/).filter(Boolean).map((part) => part.split(":").map(Number));
}

function measuredAt(points, threshold) {
  return points.filter(([point]) => point <= threshold + 1e-9).at(-1) ?? points[0];
}

function say(name, words) {
  policy.querySelector(`[data-out=${name}]`).textContent = words;
}

const whole = (share) => `${Math.round(share * 100)} %`;
const range = (low, high) => `${Math.round(low * 100)}–${Math.round(high * 100)}`;

function show(scores, points, threshold) {
  const [, sensitivity, low, high, specificity, floor, ceiling] = measuredAt(points, threshold);
  say("threshold", threshold.toFixed(2));
  say("flags", String(Number(policy.dataset.silent) + scores.filter(([score]) => score >= threshold).length));
  say("sensitivity", whole(sensitivity));
  say("sensitivity-range", range(low, high));
  say("specificity", whole(specificity));
  say("specificity-range", range(floor, ceiling));
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
