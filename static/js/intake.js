// Images of a draft: dropped or chosen, shown at once, sent one request each, answered in place.
(() => {
  const AT_ONCE = 2;
  const KINDS = ["image/jpeg", "image/png", "image/webp"];

  document.documentElement.classList.add("with-script");
  const form = document.getElementById("upload");
  const list = document.getElementById("shots");

  // A submitted case carries its history itself; an autosave that comes after it could only be refused.
  const history = document.getElementById("history");
  history.addEventListener("submit", () => {
    history.addEventListener("htmx:beforeRequest", (event) => event.preventDefault());
  });
  if (!form) return;

  const drop = form.querySelector("[data-drop]");
  const picker = form.elements.files;
  const waiting = [];
  let sending = 0;

  function row(file) {
    const item = document.createElement("li");
    item.className = "shot";
    const picture = document.createElement("img");
    picture.className = "thumb";
    picture.alt = "";
    const address = URL.createObjectURL(file);
    picture.addEventListener("load", () => URL.revokeObjectURL(address));
    picture.addEventListener("error", () => {
      URL.revokeObjectURL(address);
      const veil = document.createElement("span");
      veil.className = "veil thumb";
      veil.textContent = "no preview";
      picture.replaceWith(veil);
    });
    picture.src = address;
    const what = document.createElement("div");
    what.className = "shot-what";
    const name = document.createElement("b");
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${file.name}`);
    what.append(name, bar);
    item.append(picture, what);
    list.append(item);
    return item;
  }

  function refuse(item, sentence) {
    item.classList.add("shot-refused");
    item.querySelector("progress")?.remove();
    const words = document.createElement("p");
    words.className = "invalid-feedback";
    words.textContent = sentence;
    item.querySelector(".shot-what").append(words);
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "btn btn-sm btn-outline-secondary", textContent: "Dismiss" });
    remove.addEventListener("click", () => item.remove());
    item.append(remove);
  }

  // What need not travel to be refused.
  function objection(file) {
    const most = Number(form.dataset.most);
    if (!file.size) return "This file is empty. Choose the original file again.";
    if (file.size > most) {
      return `The file has ${(file.size / 1e6).toFixed(1)} MB; at most ${most / 1e6} MB are accepted. Export it smaller.`;
    }
    if (file.type && !KINDS.includes(file.type)) return "This is not a JPEG, PNG or WebP image.";
    return "";
  }

  // Another patient has this picture: the row stays, with its preview, and asks for the reason.
  function ask(upload, piece) {
    const { item, file, fields } = upload;
    refuse(item, piece.querySelector(".invalid-feedback").textContent.trim());
    const question = piece.querySelector("[data-elsewhere]");
    item.querySelector(".shot-what").append(question);
    const form = question.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = form.elements.override_reason.value.trim();
      const fresh = row(file);
      item.replaceWith(fresh);
      waiting.push({ file, item: fresh, fields: [...fields.filter(([name]) => name !== "override_reason"), ["override_reason", reason]] });
      next();
    });
    // The keyboard stays where it is unless it is nowhere.
    if ([document.body, picker].includes(document.activeElement)) form.elements.override_reason.focus();
  }

  function settle(upload, request) {
    const { item } = upload;
    const piece = new DOMParser().parseFromString(request.responseText, "text/html");
    const kept = piece.querySelector("li[id^=image-]");
    if (request.status === 200 && kept) {
      document.getElementById(kept.id)?.remove(); // the same file again is the same image
      htmx.swap(item, request.responseText, { swapStyle: "outerHTML" });
      return;
    }
    if (request.status === 409 && piece.querySelector("[data-elsewhere]")) {
      ask(upload, piece);
      return;
    }
    const sentence = piece.querySelector(".invalid-feedback, .notice p")?.textContent.trim();
    refuse(item, sentence || "The server did not take this file. Reload the page and try again.");
  }

  function send(upload) {
    const { file, item, fields } = upload;
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    body.append("files", file, file.name);
    const bar = item.querySelector("progress");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => settle(upload, request));
    request.addEventListener("error", () => refuse(item, "The connection broke. Choose the file again."));
    request.addEventListener("loadend", () => {
      sending -= 1;
      next();
    });
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.send(body);
  }

  function next() {
    while (sending < AT_ONCE && waiting.length) {
      sending += 1;
      send(waiting.shift());
    }
  }

  function take(files) {
    // The kind is the one chosen now; a later choice is for later files.
    const fields = [...new FormData(form)].filter(([name]) => name !== "files");
    for (const file of files) {
      const item = row(file);
      const reason = objection(file);
      if (reason) refuse(item, reason);
      else waiting.push({ file, item, fields });
    }
    picker.value = "";
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
  window.addEventListener("beforeunload", (event) => {
    if (sending || waiting.length) event.preventDefault();
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
