// One message at the top of the page, where something has gone wrong, and what to do about it.

import { Gone, Refused, get, wordsOf } from "./api.js";
import { byId, el, put } from "./dom.js";

let version = "";

/** Keep the version that this page came from. */
export const pageVersion = (given) => (version ||= given);

/** Say it; `actions` are [text, what to do]. */
export function banner(text, ...actions) {
  byId("banner-text").textContent = text;
  put(byId("banner-actions"), ...actions.map(([name, act]) => el("button", { type: "button", text: name, onclick: act })));
  byId("banner").hidden = false;
}

/** Take the message away. */
export function clearBanner() {
  byId("banner").hidden = true;
}

const reload = ["Reload", () => location.reload()];

/** What an error means for the reader. `again` tries once more. */
export async function tellError(error, again) {
  if (error.name === "AbortError") return;
  if (error instanceof Gone) {
    banner("The server does not answer. It has ended, or this computer slept. Start it again with “modelcollapse serve” and open the link that it prints.", ["Try again", again], reload);
  } else if (error instanceof Refused && error.status === 403) {
    if (await checkVersion()) return;
    banner("The server does not know this page’s token: it has been started again, or the link was opened without it. Open the link that “modelcollapse serve” printed.", reload);
  } else if (error instanceof Refused) {
    banner(wordsOf(error), ["Try again", again]);
  } else {
    banner(`The answer could not be read (${error.message}).`, ["Try again", again], reload);
  }
}

/** Has the server another version than this page? Then say so. */
export async function checkVersion() {
  let about;
  try {
    about = await get("/api/about");
  } catch {
    return false;
  }
  if (!version || about.version === version) return false;
  banner(`The server is now version ${String(about.version).slice(0, 40)}, and this page is from version ${version}. Reload it, with the link that the server printed.`, reload);
  return true;
}
