// Images of a draft: dropped, pasted or chosen, shown at once, sent in parts, answered in place.
(() => {
  // Without a secure connection there is no digest to know a file again by: the plain form then does its work.
  if (!window.isSecureContext) return;
  const AT_ONCE = 2;
  const SIGNED_OUT = "signed out";
  const KINDS = ["image/jpeg", "image/png", "image/webp"];
  const { kept, sending } = window.clinic;
  const { element, say, size, row, button, refuse, progressIn, pause } = window.clinic.shots;

  const form = document.getElementById("upload");
  const list = document.getElementById("shots");
  const { of, start, person, secret } = list.dataset;
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

  // What need not travel to be refused.
  function objection(file) {
    const most = Number(list.dataset.most);
    if (!file.size) return "This file is empty. Choose the original file again.";
    if (file.size > most) return `The file has ${size(file.size)}; at most ${most / 1e6} MB are accepted. Export it smaller.`;
    if (file.type && !KINDS.includes(file.type)) return "This is not a JPEG, PNG or WebP image.";
    return "";
  }

  // `fields` say what is announced with the file; `insteadOf` is the image that goes once this one is there.
  function enqueue(chosen) {
    const upload = { ...chosen, item: row(chosen), stop: new AbortController() };
    const reason = objection(upload.file);
    if (reason) refuse(upload.item, reason);
    else waiting.push(upload);
    return upload;
  }

  // Another patient has this picture: the row stays, with its preview, and asks for the reason.
  function ask(upload, piece) {
    const { item, file, name, fields } = upload;
    refuse(item, piece.querySelector(".invalid-feedback").textContent.trim());
    item.querySelector(":scope > button").addEventListener("click", () => discard(upload));
    const question = piece.querySelector("[data-elsewhere]");
    item.querySelector(".shot-what").append(question);
    const answer = question.querySelector("form");
    answer.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = answer.elements.override_reason.value.trim();
      const others = fields.filter(([field]) => field !== "override_reason");
      item.replaceWith(enqueue({ file, name, fields: [...others, ["override_reason", reason]] }).item);
      next();
    });
    // The keyboard stays where it is unless it is nowhere.
    if ([document.body, form?.elements.files].includes(document.activeElement)) answer.elements.override_reason.focus();
  }

  // The image in whose stead a file was chosen, as long as it is on the page.
  function replacedBy(upload) {
    const [, pk] = upload.fields.find(([name]) => name === "instead_of") ?? [];
    return pk ? document.getElementById(`image-${pk}`) : null;
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
      replacedBy(upload)?.remove(); // by the server, with the arrival of this one
      document.getElementById(image.id)?.remove(); // the same file again is the same image
      htmx.swap(item, request.responseText, { swapStyle: "outerHTML" });
      return;
    }
    const sentence = piece.querySelector(".invalid-feedback, .notice p")?.textContent.trim();
    refuse(item, sentence || "The server did not take this file. Reload the page and try again.");
  }

  // Answers the status that the server gave; 0 where it could not be told.
  async function discard(upload) {
    kept.drop(person, of, upload.digest);
    if (!upload.url) return 200;
    const headers = { "X-CSRFToken": token, "HX-Request": "true" };
    const answer = await fetch(`${upload.url}discard/`, { method: "POST", headers }).catch(() => null);
    return answer?.status ?? 0;
  }

  // What had arrived before the server heard of it is an image of the case, and is shown as one.
  async function cancel(upload) {
    const status = await discard(upload);
    if (status === 409) return showArrived(upload);
    if (status === 0 || status >= 500) {
      return refuse(upload.item, "It was stopped, but the server could not be told. Reload the page and discard it there.");
    }
    upload.item.remove();
    return say(`${upload.name}: cancelled`);
  }

  async function showArrived(upload) {
    const common = { token, signal: sending.NEVER };
    const made = await sending.exchange("POST", `${upload.url}complete/`, common).catch(() => null);
    if (!made) return refuse(upload.item, "It had arrived before you cancelled it. Reload the page to see it.");
    settle(upload, made);
    return window.clinic.say(`${upload.name} had arrived before you cancelled it. If it is not wanted, remove the image.`);
  }

  // Read once, whole: what happens to the file on its disk meanwhile no longer matters.
  async function read(upload) {
    try {
      const bytes = await upload.file.arrayBuffer();
      upload.file = new Blob([bytes], { type: upload.file.type });
      upload.digest = await sending.digestOf(bytes);
      return true;
    } catch {
      refuse(upload.item, "This file can no longer be read. Check that it is still there, and choose it again.");
      return false;
    }
  }

  function deliver(upload) {
    const { file, name, fields, stop } = upload;
    const show = progressIn(upload);
    return sending.deliver({
      file, fields, token, address: start, digest: upload.digest, signal: stop.signal,
      ending: () => (replacedBy(upload) ? fields.filter(([field]) => field === "instead_of") : []),
      onProgress: (bytes) => { if (upload.paused) say(`${name}: goes on`); upload.paused = false; show(bytes); },
      onWait: (answer) => pause(upload, answer),
      onStarted: (url) => {
        upload.url = url;
        if (stop.signal.aborted) return null;
        return kept.keep({ owner: person, of, digest: upload.digest, file, fields, secret }); // the server knows who asks
      },
    });
  }

  async function given(upload, error) {
    if (error instanceof sending.SignedOut || upload.stop.signal.reason === SIGNED_OUT) {
      const goesOn = upload.url && upload.stop.signal.reason !== SIGNED_OUT; // what is kept outlives a session, no sign-out
      const then = goesOn ? "the upload then goes on by itself" : "choose the file again there";
      refuse(upload.item, `You are signed out. Sign in again and open this draft: ${then}.`);
    } else if (error instanceof sending.Cancelled) {
      await cancel(upload);
    } else {
      refuse(upload.item, "This file could not be sent. Reload the page and choose it again.");
      throw error;
    }
  }

  async function send(upload) {
    const { item, stop } = upload;
    item.append(button("Cancel", (event) => { event.target.disabled = true; stop.abort(); }));
    if (!(await read(upload))) return;
    if (underway.has(upload.digest)) {
      refuse(item, "This file is on its way already.");
      return;
    }
    underway.set(upload.digest, upload);
    list.querySelector(`[data-upload="${upload.digest}"]`)?.remove();
    try {
      settle(upload, await deliver(upload));
    } catch (error) {
      await given(upload, error);
    } finally {
      underway.delete(upload.digest);
    }
  }

  document.addEventListener("signed-out", () => {
    for (const upload of waiting.splice(0)) given(upload, new sending.SignedOut());
    for (const upload of underway.values()) upload.stop.abort(SIGNED_OUT);
  });

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
    const name = "An image chosen earlier";
    for (const { file, fields } of await kept.ofCase({ owner: person, of, secret })) {
      enqueue({ file, name, fields, resumed: true });
      say(`${name}: the upload goes on`);
    }
    next();
  })();

  if (!form) return;
  form.classList.add("by-script");
  const drop = form.querySelector("[data-drop]");
  const picker = form.elements.files;

  // A picture that is taken again is announced as the one before it stands, whatever the form is set to, and that one
  // goes when the new one has become an image; until then nothing is lost. What was done to the old one is not told of
  // the new one: that is another photograph.
  function asItStands(shot) {
    const told = new FormData(shot.querySelector("form.shot-kind"));
    return [
      ["lesion", shot.dataset.lesion],
      ["replaces", shot.dataset.replaces],
      ["image_type", told.get("image_type")],
      ["dermoscopic_type", told.get("dermoscopic_type") ?? ""],
      ["recognisable", told.has("recognisable") ? "yes" : "no"],
      ["instead_of", shot.id.replace("image-", "")],
    ];
  }

  list.addEventListener("click", (event) => {
    if (!event.target.closest("[data-take-again]")) return;
    const shot = event.target.closest("li");
    const chooser = element("input", { type: "file", accept: picker.accept, hidden: true });
    chooser.addEventListener("change", () => {
      sendAll([...chooser.files], asItStands(document.getElementById(shot.id) ?? shot));
      chooser.remove();
    });
    shot.append(chooser);
    chooser.click();
  });

  function sendAll(files, fields) {
    for (const file of files) enqueue({ file, name: file.name, fields });
    next();
  }

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
    sendAll(files, fields);
    picker.value = "";
    form.elements.image_manipulation.value = ""; // said of these files; the next ones are photographs unless it is said again
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
