// Questions to the server: JSON, numbers as bytes, and long work.

export class Refused extends Error {}

let edition = null;
const watchers = [];

/** Call a function when the file has changed, or another one is shown. */
export function onEdition(watcher) {
  watchers.push(watcher);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`api/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The app does not answer: it was stopped. Start it again in the terminal.");
  }
  const now = response.headers.get("X-Edition");
  if (now !== null) {
    const changed = response.headers.get("X-Changed") === "1";
    for (const watcher of watchers) watcher({ other: edition !== null && now !== edition, changed });
    edition = now;
  }
  if (response.ok) return response;
  const text = await response.text();
  let said = text;
  try {
    said = JSON.parse(text).error;
  } catch { /* it is plain text */ }
  throw new Refused(said);
}

function query(params) {
  const given = Object.entries(params).filter(([, v]) => v !== "" && v !== null && v !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Return the answer to a question: JSON, or an object whose `arrays` are typed arrays. */
export async function get(path, params = {}, signal = undefined) {
  return content(await ask(path + query(params), { signal }));
}

/** The same for what is sent as JSON. */
export async function post(path, values = {}) {
  return content(await ask(path, { method: "POST", body: JSON.stringify(values) }));
}

/** Send a file. */
export async function send(path, file, params = {}) {
  const given = { ...params, name: file.name };
  return content(await ask(path + query(given), { method: "POST", body: file }));
}

/** Return the answer as text. */
export async function text(path, values) {
  return (await ask(path, { method: "POST", body: JSON.stringify(values) })).text();
}

const KINDS = { f4: Float32Array, u1: Uint8Array, i4: Int32Array };

async function content(response) {
  if (response.headers.get("content-type").startsWith("application/json")) return response.json();
  const bytes = await response.arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const start = 4 + length;
  for (const [name, { type, at, n }] of Object.entries(facts.arrays)) {
    facts.arrays[name] = new KINDS[type](bytes, start + at, n);
  }
  return facts;
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** Ask again while the answer is to wait, and say for what. */
export async function patient(question, say) {
  for (;;) {
    const answer = await question();
    if (!answer.wait) return answer;
    say(answer.wait);
    await pause(500);
  }
}

/** Wait until a job is done, and say how far it is; return its facts. */
export async function finished(facts, say) {
  let now = facts;
  while (!now.done) {
    say(now.said);
    await pause(400);
    now = await get("job", { job: now.job });
  }
  if (now.error) throw new Refused(now.error);
  return now;
}
