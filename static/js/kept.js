// Files that are on their way are kept in this browser until they have arrived, so that an upload goes on after the
// browser was closed. They belong to who chose them: they go when the upload ends, when the draft is discarded or
// submitted, on sign-out, when somebody else signs in here, and after a day.
(() => {
  const NAME = "skinclinic";
  const STORE = "uploads";
  const DAY = 24 * 60 * 60 * 1000;

  const promised = (request) => new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });

  function open() {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "key" }));
    return promised(request);
  }

  // A browser that keeps nothing (a private window, a full disk) only loses the going on by itself.
  async function inStore(mode, act) {
    try {
      const base = await open();
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

  const keyOf = (owner, of, digest) => `${owner} ${of} ${digest}`;
  const all = async () => (await inStore("readonly", (store) => promised(store.getAll()))) || [];
  const kept = {
    all,
    keep: ({ owner, of, digest, file, fields }) =>
      inStore("readwrite", (store) =>
        promised(store.put({ key: keyOf(owner, of, digest), owner, of, digest, file, name: file.name, fields, at: Date.now() })),
      ),
    ofCase: async (owner, of) => (await all()).filter((each) => each.owner === owner && each.of === of),
    drop: (owner, of, digest) => inStore("readwrite", (store) => promised(store.delete(keyOf(owner, of, digest)))),
  };

  // "data-forgets" on a form names the case whose files go before it is sent, or "all".
  const ready = new WeakSet();
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const which = event.submitter?.dataset.forgets || form.dataset.forgets;
    if (!which || ready.has(form) || event.defaultPrevented) return;
    event.preventDefault();
    await forget((each) => which === "all" || each.of === which);
    ready.add(form);
    form.requestSubmit(event.submitter);
  });

  const person = document.body.dataset.person;
  forget((each) => Date.now() - each.at > DAY || (person && each.owner !== person));

  window.clinic.kept = kept;
})();
