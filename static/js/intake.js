// Images of a draft: dropped, pasted or chosen, shown at once, sent in parts, answered in place.
(() => {
  // Without a secure connection there is no digest to know a file again by: the plain form then does its work.
  if (!window.isSecureContext) return;
  const AT_ONCE = 2;
  const KINDS = ["image/jpeg", "image/png", "image/webp"];
  const { kept, sending } = window.clinic;

  const form = document.getElementById("upload");
  const list = document.getElementById("shots");
  const status = document.getElementById("upload-status");
  const { of, start, person } = list.dataset;
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const waiting = [];
  const underway = new Map(); // digest → upload

  // A submitted case carries its history itself; an autosave that comes after it could only be refused.
  const history = document.getElementById("history");
  history.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction") && (waiting.length || underway.size)) {
      event.preventDefault();
      window.clinic.say("An image is still being sent. Wait until it is there, or cancel it, then submit.");
      return;
    }
    history.addEventListener("htmx:beforeRequest", (before) => before.preventDefault());
  });

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const say = (words) => { status.textContent = words; };
  const size = (bytes) => (bytes >= 1e5 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e3)} kB`);

  function preview(file) {
    const picture = element("img", { className: "thumb", alt: "" });
    const address = URL.createObjectURL(file);
    picture.addEventListener("load", () => URL.revokeObjectURL(address));
    picture.addEventListener("error", () => {
      URL.revokeObjectURL(address);
      picture.replaceWith(element("span", { className: "veil thumb", textContent: "no preview" }));
    });
    picture.src = address;
    return picture;
  }

  function row(file) {
    const bar = element("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Upload of ${file.name}`);
    const words = element("p", { className: "hint shot-words", textContent: "Waiting to be sent" });
    words.setAttribute("aria-live", "off"); // each per cent read aloud would drown everything else
    const what = element("div", { className: "shot-what" }, element("b", { textContent: file.name }), bar, words);
    const item = element("li", { className: "shot" }, preview(file), what);
    list.append(item);
    return item;
  }

  function button(words, act) {
    const made = element("button", { type: "button", className: "btn btn-sm btn-outline-secondary", textContent: words });
    made.addEventListener("click", act);
    return made;
  }

  function refuse(item, sentence) {
    item.classList.add("shot-refused");
    for (const part of item.querySelectorAll("progress, .shot-words, button")) part.remove();
    item.querySelector(".shot-what").append(element("p", { className: "invalid-feedback", textContent: sentence }));
    item.append(button("Dismiss", () => item.remove()));
  }

  // What need not travel to be refused.
  function objection(file) {
    const most = Number(list.dataset.most);
    if (!file.size) return "This file is empty. Choose the original file again.";
    if (file.size > most) return `The file has ${size(file.size)}; at most ${most / 1e6} MB are accepted. Export it smaller.`;
    if (file.type && !KINDS.includes(file.type)) return "This is not a JPEG, PNG or WebP image.";
    return "";
  }

  // Another patient has this picture: the row stays, with its preview, and asks for the reason.
  function ask(upload, piece) {
    const { item, file, fields } = upload;
    refuse(item, piece.querySelector(".invalid-feedback").textContent.trim());
    item.querySelector(":scope > button").addEventListener("click", () => discard(upload));
    const question = piece.querySelector("[data-elsewhere]");
    item.querySelector(".shot-what").append(question);
    const answer = question.querySelector("form");
    answer.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = answer.elements.override_reason.value.trim();
      const fresh = row(file);
      item.replaceWith(fresh);
      const others = fields.filter(([name]) => name !== "override_reason");
      waiting.push({ file, item: fresh, fields: [...others, ["override_reason", reason]] });
      next();
    });
    // The keyboard stays where it is unless it is nowhere.
    if ([document.body, form?.elements.files].includes(document.activeElement)) answer.elements.override_reason.focus();
  }

  function settle(upload, request) {
    const { item } = upload;
    const piece = new DOMParser().parseFromString(request.responseText, "text/html");
    const image = piece.querySelector("li[id^=image-]");
    if (request.status === 409 && piece.querySelector("[data-elsewhere]")) {
      ask(upload, piece);
      return;
    }
    // An old page (403) or a server in trouble is made good by the next load: the file stays for it.
    if (request.status !== 403 && request.status < 500) kept.drop(person, of, upload.digest);
    if (request.status === 200 && image) {
      document.getElementById(image.id)?.remove(); // the same file again is the same image
      htmx.swap(item, request.responseText, { swapStyle: "outerHTML" });
      return;
    }
    const sentence = piece.querySelector(".invalid-feedback, .notice p")?.textContent.trim();
    refuse(item, sentence || "The server did not take this file. Reload the page and try again.");
  }

  // The words beside the bar are for the eyes; of a long way the ear hears each quarter.
  function progressIn(upload) {
    const { item, file } = upload;
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
        say(`${file.name}: ${25 * quarter} % sent`);
      }
    };
  }

  function pause(upload) {
    const words = "No connection. The upload waits, and goes on by itself";
    upload.item.classList.add("shot-waits");
    upload.item.querySelector(".shot-words").textContent = words;
    if (!upload.paused) say(`${upload.file.name}: ${words}.`);
    upload.paused = true;
  }

  async function discard(upload) {
    kept.drop(person, of, upload.digest);
    if (upload.url) await fetch(`${upload.url}discard/`, { method: "POST", headers: { "X-CSRFToken": token } });
  }

  async function send(upload) {
    const { file, item, fields } = upload;
    const stop = new AbortController();
    item.append(button("Cancel", () => stop.abort()));
    upload.digest = await sending.digestOf(file);
    if (underway.has(upload.digest)) {
      refuse(item, "This file is on its way already.");
      return;
    }
    underway.set(upload.digest, upload);
    list.querySelector(`[data-upload="${upload.digest}"]`)?.remove();
    await kept.keep({ owner: person, of, digest: upload.digest, file, fields });
    const show = progressIn(upload);
    try {
      const ended = await sending.deliver({
        file, fields, token, address: start, digest: upload.digest, signal: stop.signal,
        onProgress: (bytes) => { if (upload.paused) say(`${file.name}: goes on`); upload.paused = false; show(bytes); },
        onWait: () => pause(upload),
        onUrl: (url) => { upload.url = url; },
      });
      settle(upload, ended);
    } catch (error) {
      if (error instanceof sending.SignedOut) {
        refuse(item, "You are signed out. Sign in again and open this draft: the upload then goes on by itself.");
      } else if (error instanceof sending.Cancelled) {
        item.remove();
        say(`${file.name}: cancelled`);
        await discard(upload);
      } else throw error;
    } finally {
      underway.delete(upload.digest);
    }
  }

  let busy = 0;
  function next() {
    while (busy < AT_ONCE && waiting.length) {
      busy += 1;
      send(waiting.shift()).finally(() => {
        busy -= 1;
        next();
      });
    }
  }

  // What the browser was closed on: the file is still here, and the server knows how much of it has arrived.
  (async () => {
    for (const { file, name, fields } of await kept.ofCase(person, of)) {
      const again = file instanceof File ? file : new File([file], name, { type: file.type });
      waiting.push({ file: again, item: row(again), fields });
      say(`${name}: the upload goes on`);
    }
    next();
  })();

  if (!form) return;
  form.classList.add("by-script");
  const drop = form.querySelector("[data-drop]");
  const picker = form.elements.files;

  // A picture that is taken again goes once another one was chosen; not before, since the choice may be given up.
  let instead = null;
  list.addEventListener("click", (event) => {
    if (!event.target.closest("[data-take-again]")) return;
    instead = event.target.closest("li").querySelector("form[action$='/remove/']");
    picker.click();
  });
  picker.addEventListener("cancel", () => { instead = null; });

  // Near the face it is asked first; what was chosen meanwhile waits for the answer.
  const question = form.querySelector("[data-recognisable]");
  let held = [];
  question?.addEventListener("change", () => {
    question.querySelector("[data-unanswered]").hidden = true;
    const files = held;
    held = [];
    if (files.length) take(files);
  });

  function take(files) {
    if (question && !question.querySelector("input:checked")) {
      held.push(...files);
      question.querySelector("[data-unanswered]").hidden = false;
      question.querySelector("input").focus();
      picker.value = "";
      return;
    }
    // The kind is the one chosen now; a later choice is for later files.
    const fields = [...new FormData(form)].filter(([name]) => !["files", "csrfmiddlewaretoken"].includes(name));
    for (const file of files) {
      const item = row(file);
      const reason = objection(file);
      if (reason) refuse(item, reason);
      else waiting.push({ file, item, fields });
    }
    picker.value = "";
    if (instead?.isConnected) instead.requestSubmit();
    instead = null;
    next();
  }

  picker.addEventListener("change", () => take([...picker.files]));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragenter", "dragover"]) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  // A file that misses the target must not replace the page with itself.
  for (const type of ["dragover", "drop"]) window.addEventListener(type, (event) => event.preventDefault());
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
  });

  // Only a dermatoscope has polarisation.
  const kind = form.elements.image_type;
  const taken = form.elements.dermoscopic_type;
  const couple = () => {
    taken.disabled = kind.value !== "dermoscopic";
    if (taken.disabled) taken.value = "";
  };
  kind.addEventListener("change", couple);
  couple();
})();
