// The threshold slider: what it would flag, and the sensitivity and specificity that were measured there.
const policy = document.querySelector("[data-policy]");

function numbers(text) {
  return text.trim().split(/\s+/).filter(Boolean).map((part) => part.split(":").map(Number));
}

function measuredAt(points, threshold) {
  return points.filter(([point]) => point <= threshold + 1e-9).at(-1); // none below the lowest
}

const isPolicy = (slider) => Number(slider.value).toFixed(2) === Number(slider.dataset.policyValue).toFixed(2);

function say(name, words) {
  policy.querySelector(`[data-out=${name}]`).textContent = words;
}

const whole = (share) => `${Math.round(share * 100)} %`;
const range = (low, high) => `${Math.round(low * 100)}–${Math.round(high * 100)}`;

function sayRate(name, rate) {
  say(name, rate ? whole(rate[0]) : "not measured");
  say(`${name}-range`, rate ? range(rate[1], rate[2]) : "");
}

// Bands are whole hundredths of malignancy, and so are the stops of the slider: none of them splits a band. The policy
// may lie between two stops: there it counts what the cases were flagged by.
function flagged(bands, threshold, slider) {
  if (isPolicy(slider)) return policy.dataset.flagged;
  const reached = bands.slice(Math.round(threshold * 100)).reduce((sum, [count]) => sum + count, 0);
  return Number(policy.dataset.silent) + reached;
}

function show(bands, points, slider) {
  const threshold = Number(slider.value);
  const point = measuredAt(points, threshold);
  say("threshold", threshold.toFixed(2));
  say("flags", String(flagged(bands, threshold, slider)));
  sayRate("sensitivity", point?.slice(1, 4));
  sayRate("specificity", point?.slice(4, 7));
  for (const bar of policy.querySelectorAll("[data-from]")) {
    bar.classList.toggle("on", Number(bar.dataset.from) + 0.05 > threshold);
  }
}

if (policy) {
  const bands = numbers(policy.dataset.bands);
  const points = numbers(policy.dataset.points);
  const slider = policy.querySelector("input[type=range]");
  slider.addEventListener("input", () => show(bands, points, slider));
  // The policy itself is no filter: the address stays clean while the slider stands on it.
  slider.form.addEventListener("submit", () => {
    slider.disabled = isPolicy(slider);
    for (const field of slider.form.querySelectorAll("select, input[type=number]")) field.disabled = !field.value;
  });
  addEventListener("pageshow", () => {
    for (const field of slider.form.elements) field.disabled = false;
  });
}
