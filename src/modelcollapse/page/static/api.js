// The server: JSON, and lines of JSON that arrive while it computes.

let token = "";

/** Nobody answers. */
export class Gone extends Error {}

/** The server says no, with a sentence, and the problems field by field. */
export class Refused extends Error {
  constructor(status, body, retry) {
    super(typeof body?.error === "string" ? body.error : `The server answered ${status}.`);
    this.status = status;
    this.problems = Array.isArray(body?.problems) ? body.problems : [];
    this.retry = retry;
  }
}

/** What an error says, and its problems where it does not say them itself. */
export function wordsOf(error) {
  const more = (error.problems ?? []).map((one) => `${one.field}: ${one.allowed}`);
  const said = more.length && error.message.includes(String(error.problems[0].allowed));
  return [error.message, ...(said ? [] : more)].join(" ");
}

/** Keep the token of the link, also for a reload without it. */
export function useToken(given) {
  token = given || token;
  try {
    if (given) sessionStorage.setItem("token", given);
    else token = sessionStorage.getItem("token") ?? "";
  } catch {
    // Without storage the token lives as long as the page.
  }
}

/** The token there is. */
export const currentToken = () => token;

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Gone(error.message);
  }
  if (answer.ok) return answer;
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // No JSON: the status says enough.
  }
  throw new Refused(answer.status, body, Number(answer.headers.get("Retry-After")) || 0);
}

const posted = (body, signal) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Token": token },
  body: JSON.stringify(body),
  signal,
});

const headers = () => ({ "X-Token": token });

/** GET, as JSON. */
export const get = async (path, signal) => (await ask(path, { signal, headers: headers() })).json();

/** GET, as a file's bytes. */
export const blob = async (path) => (await ask(path, { headers: headers() })).blob();

/** POST, as JSON. */
export const post = async (path, body, signal) => (await ask(path, posted(body, signal))).json();

/** POST, and call `each` with every line of the answer as it comes. Gone, if the connection breaks. */
export async function stream(path, body, signal, each) {
  const answer = await ask(path, posted(body, signal));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) each(JSON.parse(line));
    }
  } catch (error) {
    if (signal?.aborted) throw new DOMException("stopped", "AbortError");
    if (error instanceof TypeError) throw new Gone(error.message);
    throw error;
  }
  if (rest.trim()) each(JSON.parse(rest));
}
