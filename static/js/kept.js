// Files that are on their way are kept in this browser until they have arrived, so that an upload goes on after the
// browser was closed. They belong to who chose them: they go when the upload ends, when the draft has been discarded or
// submitted, on sign-out, when somebody else signs in here, and after a day. Until then nobody but that person can read
// them, whatever lies on the disk: the key comes with a page of theirs, and is kept nowhere.
(() => {
  const NAME = "skinclinic";
  const STORE = "uploads";
  const DAY = 24 * 60 * 60 * 1000;
  const PATIENCE = 2000; // milliseconds that a sign-out waits for a store that does not answer
  const SIGNED_OUT = "signed out";

  const promised = (request) => new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });

  function open() {
    const request = indexedDB.open(NAME, 2);
    request.addEventListener("upgradeneeded", () => {
      const base = request.result;
      if (base.objectStoreNames.contains(STORE)) base.deleteObjectStore(STORE); // of version 1: without a lock
      base.createObjectStore(STORE, { keyPath: "key" });
    });
    return promised(request);
  }

  // A browser that keeps nothing (a private window, a full disk) only loses the going on by itself.
  async function inStore(mode, act) {
    try {
      const base = await open();
      base.addEventListener("versionchange", () => base.close());
      try {
        const transaction = base.transaction(STORE, mode);
        const done = new Promise((resolve, reject) => {
          transaction.addEventListener("complete", resolve);
          transaction.addEventListener("abort", () => reject(transaction.error));
        });
        const answer = await act(transaction.objectStore(STORE));
        await done;
        return answer;
      } finally {
        base.close();
      }
    } catch {
      return null;
    }
  }

  async function forget(which) {
    await inStore("readwrite", async (store) => {
      const found = await promised(store.getAll());
      for (const each of found.filter(which)) store.delete(each.key);
    });
  }

  const lock = async (hex) => {
    const raw = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
    return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  };
  async function locked(key, bytes) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, bytes: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes) };
  }
  const unlocked = (key, { iv, bytes }) => crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes);

  // Neither the name of the file, which is often the patient's, nor anything that only the upload has to know.
  async function keep({ owner, of, digest, file, fields, secret }) {
    const key = await lock(secret);
    const picture = await locked(key, await file.arrayBuffer());
    const said = await locked(key, new TextEncoder().encode(JSON.stringify({ type: file.type, fields })));
    if (signedOut) return;
    const entry = { key: keyOf(owner, of, digest), owner, of, picture, said, at: Date.now() };
    await inStore("readwrite", (store) => promised(store.put(entry)));
  }

  async function opened(secret, entry) {
    try {
      const key = await lock(secret);
      const { type, fields } = JSON.parse(new TextDecoder().decode(await unlocked(key, entry.said)));
      return [{ file: new Blob([await unlocked(key, entry.picture)], { type }), fields }];
    } catch {
      await forget((each) => each.key === entry.key); // locked with a key that is no more
      return [];
    }
  }

  const keyOf = (owner, of, digest) => `${owner} ${of} ${digest}`;
  const all = async () => (await inStore("readonly", (store) => promised(store.getAll()))) || [];

  async function ofCase({ owner, of, secret }) {
    const mine = (await all()).filter((each) => each.owner === owner && each.of === of);
    return (await Promise.all(mine.map((each) => opened(secret, each)))).flat();
  }

  // Every window of this browser hears of a sign-out: what is still being sent there stops, and is not kept again.
  let signedOut = false;
  const windows = new BroadcastChannel(NAME);
  const hear = () => {
    signedOut = true;
    document.dispatchEvent(new CustomEvent("signed-out"));
  };
  windows.addEventListener("message", ({ data }) => { if (data === SIGNED_OUT) hear(); });

  // "data-forgets" on a form that signs out: nothing stays behind, and a store that hangs keeps nobody signed in.
  const ready = new WeakSet();
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!("forgets" in form.dataset) || ready.has(form) || event.defaultPrevented) return;
    event.preventDefault();
    windows.postMessage(SIGNED_OUT);
    hear();
    await Promise.race([forget(() => true), new Promise((resolve) => { setTimeout(resolve, PATIENCE); })]);
    ready.add(form);
    form.requestSubmit(event.submitter);
  });

  // "data-done" names a case that the server has discarded, or that takes no more images.
  const person = document.body.dataset.person;
  const done = [...document.querySelectorAll("[data-done]")].map((each) => each.dataset.done);
  forget((each) => Date.now() - each.at > DAY || (person && each.owner !== person) || done.includes(each.of));

  const drop = (owner, of, digest) => inStore("readwrite", (store) => promised(store.delete(keyOf(owner, of, digest))));
  window.clinic.kept = { all, keep, ofCase, drop };
})();
