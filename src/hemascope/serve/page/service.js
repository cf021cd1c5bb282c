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

/** Classify images: `images` of {name, blob}; gives {predictions: as many answers, unlike: of them together}. */
export async function predict(images, signal) {
  const body = new FormData();
  for (const { name, blob } of images) body.append("files", blob, name);
  return request("v1/predict", { method: "POST", body, signal });
}

/** A zip of drawn cells to try. */
export const samples = () => request("v1/samples", {}, (response) => response.blob());

/** The heat map of an image for a class. */
export function heat(blob, label, signal) {
  const body = new Blob([blob], { type: "application/octet-stream" });
  return request(`v1/heat?label=${encodeURIComponent(label)}`, { method: "POST", body, signal });
}

/** An image as a PNG, for formats that the browser cannot draw. */
export function picture(blob) {
  const body = new Blob([blob], { type: "application/octet-stream" });
  return request("v1/picture", { method: "POST", body }, (response) => response.blob());
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
