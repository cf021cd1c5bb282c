// Talks to the service: the token, problems, and waiting when it is busy.

/** What the service answered that is no success; `detail` is for people. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const PATIENCE = 6; // attempts where the service fails or cannot be reached; busy is no failure
let token = ""; // in memory only
let asking = null;
let askForToken = async () => "";

/** Name the function that gets a token from the user; it is told whether one was refused. */
export function onToken(ask) {
  askForToken = ask;
}

/** GET a JSON document. */
export const get = (path) => request(path, {});

/** A form of images, of {name, blob}, and what is said about them. */
function form(images, about) {
  const body = new FormData();
  for (const { name, blob } of images) body.append("files", blob, name);
  if (about) body.append("about", JSON.stringify(about));
  return body;
}

const post = (path, body, signal, read) => request(path, { method: "POST", body, signal }, read);

/** Classify images as `about` says; gives {predictions: as many answers, unlike: of them together}. */
export const predict = (images, signal, about) => post("v1/predict", form(images, about), signal);

/** The cells of a field, {name, blob}. */
export const count = (field, signal) => post("v1/count", form([field]), signal);

/** What fits the model to images without labels, at the zoom that `about` holds, or at one that is chosen. */
export const fit = (images, about, signal) => post("v1/fit", form(images, about), signal);

/** The model file that does. */
export const fittedModel = (images, about) => post("v1/fitted", form(images, about), undefined, (response) => response.blob());

/** What images teach whose labels `about` holds, null where there is none. */
export const teach = (images, about, signal) => post("v1/teach", form(images, about), signal);

/** The model file that they teach. */
export const taughtModel = (images, about) => post("v1/taught", form(images, about), undefined, (response) => response.blob());

/** A zip of drawn cells to try. */
export const samples = () => request("v1/samples", {}, (response) => response.blob());

/** The heat map of an image for a class, seen as `about` says. */
export const heat = (blob, label, signal, about) =>
  post(`v1/heat?label=${encodeURIComponent(label)}`, form([{ name: "cell", blob }], about), signal);

/** An image as a PNG, for formats that the browser cannot draw: its centred square, or the whole of it. */
export function picture(blob, whole = false) {
  const body = new Blob([blob], { type: "application/octet-stream" });
  return post(`v1/picture?whole=${whole}`, body, undefined, (response) => response.blob());
}

async function request(path, options, read = (response) => response.json()) {
  for (let failures = 0; ; ) {
    const given = token;
    const headers = given ? { Authorization: `Bearer ${given}` } : {};
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (++failures === PATIENCE) throw new Problem(0, "The service cannot be reached.");
      await pause(failures, options.signal);
      continue;
    }
    if (response.ok) return read(response);
    if (response.status === 401) {
      if (given === token) {
        asking ??= askForToken(Boolean(given)).finally(() => (asking = null));
        token = await asking;
      }
    } else if (response.status === 503) {
      await pause(Number(response.headers.get("Retry-After")) || 1, options.signal);
    } else if ([500, 408].includes(response.status) && ++failures < PATIENCE) {
      await pause(failures, options.signal);
    } else {
      const problem = await response.json().catch(() => ({}));
      throw new Problem(response.status, problem.detail ?? `The service answered ${response.status}.`);
    }
  }
}

/** Seconds, and up to half as many more, so that clients do not come back all at once. */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000 * (1 + Math.random() / 2));
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
