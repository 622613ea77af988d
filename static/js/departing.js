// What was typed and not sent goes with its writer: when they sign out, in every window, and where somebody else is to
// sign in. A session that ended by itself has a way back to the page, where it stands again.
import { forgetAll } from "./drafts.js";

const windows = new BroadcastChannel("signed-out");
windows.addEventListener("message", forgetAll);

document.addEventListener("submit", (event) => {
  if (!event.target.matches('form[action$="/logout/"]')) return;
  forgetAll();
  windows.postMessage("");
});

const door = document.querySelector('form[action$="/login/"]');
if (door && !door.elements.next?.value) forgetAll();
