// The rows of files on their way into a draft: what is seen and heard of each.
(() => {
  const list = document.getElementById("shots");
  const status = document.getElementById("upload-status");
  const veiled = list.dataset.veiled.split(" ");

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const say = (words) => { status.textContent = words; };
  const size = (bytes) => (bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e3)} kB`);
  const blank = () => element("span", { className: "veil thumb", textContent: "no preview" });

  // What the clinic will veil is not shown by the way of its upload either.
  function mayBeShown(fields) {
    const { lesion, recognisable } = Object.fromEntries(fields);
    return recognisable !== "yes" && !veiled.includes(lesion);
  }

  function preview(file) {
    const picture = element("img", { className: "thumb", alt: "" });
    const address = URL.createObjectURL(file);
    picture.addEventListener("load", () => URL.revokeObjectURL(address));
    picture.addEventListener("error", () => {
      URL.revokeObjectURL(address);
      picture.replaceWith(blank());
    });
    picture.src = address;
    return picture;
  }

  // `fields` is what is sent with the file; `resumed` one may have been chosen while nobody looked over a shoulder.
  function row({ file, name, fields, resumed }) {
    const bar = element("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Upload of ${name}`);
    const words = element("p", { className: "hint shot-words", textContent: "Waiting to be sent" });
    words.setAttribute("aria-live", "off"); // each per cent read aloud would drown everything else
    const what = element("div", { className: "shot-what" }, element("b", { textContent: name }), bar, words);
    const item = element("li", { className: "shot" }, !resumed && mayBeShown(fields) ? preview(file) : blank(), what);
    list.append(item);
    return item;
  }

  function button(words, act) {
    const made = element("button", { type: "button", className: "btn btn-sm btn-outline-secondary", textContent: words });
    made.addEventListener("click", act);
    return made;
  }

  function refuse(item, sentence) {
    item.classList.remove("shot-waits");
    item.classList.add("shot-refused");
    for (const part of item.querySelectorAll("progress, .shot-words, button")) part.remove();
    item.querySelector(".shot-what").append(element("p", { className: "invalid-feedback", textContent: sentence }));
    item.append(button("Dismiss", () => item.remove()));
  }

  // The words beside the bar are for the eyes; of a long way the ear hears each quarter.
  function progressIn({ item, file, name }) {
    const [bar, words] = [item.querySelector("progress"), item.querySelector(".shot-words")];
    const began = Date.now();
    let told = 0;
    return (bytes) => {
      item.classList.remove("shot-waits");
      bar.value = bytes / file.size;
      const percent = Math.floor((100 * bytes) / file.size);
      words.textContent = percent < 100 ? `Sending: ${percent} % of ${size(file.size)}` : "Sent. It is being checked";
      const quarter = Math.floor(percent / 25);
      if (quarter > told && quarter < 4 && Date.now() - began > 4000) {
        told = quarter;
        say(`${name}: ${25 * quarter} % sent`);
      }
    };
  }

  // `answer` is the status that the server gave, 0 where nothing came back.
  function pause(upload, answer) {
    const away = [0, 502, 503, 504].includes(answer);
    const why = away ? "No connection" : answer === 507 ? "The server has no room left" : "The server cannot take it now";
    const words = `${why}. The upload waits, and goes on by itself`;
    upload.item.classList.add("shot-waits");
    upload.item.querySelector(".shot-words").textContent = words;
    if (!upload.paused) say(`${upload.name}: ${words}.`);
    upload.paused = true;
  }

  window.clinic.shots = { element, say, size, row, button, refuse, progressIn, pause };
})();
