// One file on its way: announced, sent in parts, completed. It waits while there is no connection and goes on from
// where the server says it stopped.
(() => {
  const PART = 512 * 1024;
  const PAUSES = [1, 2, 4, 8, 15]; // seconds before it is tried again
  const NEVER = new AbortController().signal;
  // No answer, a server in trouble, too much at once: it passes, and the file is worth another try.
  const passes = (status) => status === 0 || status === 429 || status >= 500;

  class Away extends Error {
    constructor(status) {
      super();
      this.status = status;
    }
  }
  class SignedOut extends Error {}
  class Cancelled extends Error {}

  async function digestOf(bytes) {
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // fetch() cannot tell how much of a body has gone.
  function exchange(method, address, { token, signal, body = null, headers = {}, onSent = () => {} }) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Cancelled());
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      request.upload.addEventListener("progress", (event) => onSent(event.loaded));
      request.addEventListener("loadend", () => {
        signal.removeEventListener("abort", stop);
        if (signal.aborted) reject(new Cancelled());
        else if (passes(request.status)) reject(new Away(request.status));
        else if (request.getResponseHeader("HX-Redirect")) reject(new SignedOut());
        else resolve(request);
      });
      signal.addEventListener("abort", stop);
      request.open(method, address);
      for (const [name, value] of Object.entries({ "HX-Request": "true", "X-CSRFToken": token, ...headers })) {
        request.setRequestHeader(name, value);
      }
      request.send(body);
    });
  }

  // Until the browser has a connection again, or some seconds have passed; whichever is first is worth a try.
  function comeback(seconds, signal) {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        window.removeEventListener("online", go);
        signal.removeEventListener("abort", go);
        resolve();
      };
      const timer = setTimeout(go, seconds * 1000);
      window.addEventListener("online", go);
      signal.addEventListener("abort", go);
    });
  }

  async function sendParts(file, started, common, onProgress) {
    let { offset } = started;
    onProgress(offset);
    while (offset < file.size) {
      const begin = offset;
      const request = await exchange("PATCH", started.url, {
        ...common,
        body: file.slice(begin, begin + PART),
        headers: { "Upload-Offset": String(begin), "Content-Type": "application/offset+octet-stream" },
        onSent: (bytes) => onProgress(Math.min(begin + bytes, file.size)),
      });
      const reached = request.getResponseHeader("Upload-Offset");
      if (reached === null) return request; // refused for another reason than the offset
      offset = Number(reached);
      onProgress(offset);
    }
    return null;
  }

  const formOf = (fields) => {
    const form = new FormData();
    for (const [name, value] of fields) form.append(name, value);
    return form;
  };

  // Answers the request that ended it: the row of the image, or a refusal in words. Throws SignedOut or Cancelled.
  // The announcement is waited for even when it is cancelled: without its answer nobody could discard the upload.
  async function deliver({ file, digest, fields, ending, address, token, signal, onProgress, onWait, onStarted }) {
    const common = { token, signal };
    const announced = [...fields, ["byte_size", file.size], ["sha256", digest]];
    let waited = 0;
    for (;;) {
      if (signal.aborted) throw new Cancelled();
      try {
        const begun = await exchange("POST", address, { token, signal: NEVER, body: formOf(announced) });
        if (begun.status !== 200) return begun;
        const started = JSON.parse(begun.responseText);
        await onStarted(started.url);
        const refused = await sendParts(file, started, common, (bytes) => {
          waited = 0;
          onProgress(bytes);
        });
        return refused || (await exchange("POST", `${started.url}complete/`, { ...common, body: formOf(ending()) }));
      } catch (error) {
        if (!(error instanceof Away)) throw error;
        onWait(error.status);
        await comeback(PAUSES[Math.min(waited, PAUSES.length - 1)], signal);
        waited += 1;
      }
    }
  }

  window.clinic.sending = { deliver, digestOf, exchange, NEVER, SignedOut, Cancelled };
})();
