// Keeps a session in the browser, over a reload, where the person asks for it. Fires `change` where it begins, ends, or has kept all.

import { fromRecord, pictured, record } from "./session.js";

const NAME = "hemascope";
const SOON = 300; // milliseconds after a change

export class Keeper extends EventTarget {
  #base = null;
  #keys = new Map(); // cell or field -> key of its picture
  #timer = null;
  #writing = Promise.resolve();
  #next = Date.now();
  #changes = 0;
  #written = 0; // changes that are kept
  #release = () => {};

  /**
   * @param session {cells, fields, classes, adapted, about, model}
   * @param complain called with what went wrong
   */
  constructor(session, complain) {
    super();
    Object.assign(this, { session, complain });
  }

  get on() {
    return this.#base !== null;
  }

  /** Whether all is kept. */
  get done() {
    return this.on && this.#written === this.#changes;
  }

  /** Take up what an earlier visit kept; gives the cells that want an answer, or null where nothing is kept. */
  async resume() {
    const known = (await indexedDB.databases?.()) ?? [];
    if (!known.some(({ name }) => name === NAME)) return null;
    if (!(await this.#begin())) return null;
    const read = await asked(this.#store("records").get("session"));
    if (!read) return [];
    const waiting = fromRecord(this.session, read, (key) => this.#picture(key));
    const { cells, fields } = this.session;
    for (const [list, from] of [[cells.list, read.cells], [fields.list, read.fields]]) {
      list.forEach((each, i) => from[i].file && this.#keys.set(each, from[i].file));
    }
    return waiting;
  }

  /** Keep the session from now on. */
  async start() {
    if (!(await this.#begin())) return;
    this.changed();
  }

  /** Keep it no more, and delete what is kept. The page goes on with the pictures in memory. */
  async forget() {
    clearTimeout(this.#timer);
    await this.#writing;
    for (const [cell, key] of this.#keys) {
      const picture = key && (await this.#picture(key).catch(() => null));
      if (picture) cell.read = async () => picture;
    }
    this.session.unsaved ||= this.session.cells.list.some((cell) => cell.given !== null);
    this.#base?.close();
    this.#base = null;
    this.#keys.clear();
    this.#release();
    await asked(indexedDB.deleteDatabase(NAME));
    this.#told();
  }

  /** The session has changed: write it soon. */
  changed() {
    if (!this.on) return;
    this.#changes++;
    this.#told();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#writing = this.#writing.then(() => this.#write())), SOON);
  }

  async #write() {
    if (!this.on) return;
    const changes = this.#changes;
    try {
      const list = pictured(this.session);
      for (const cell of list) if (!this.#keys.has(cell)) await this.#keep(cell);
      const there = new Set(list);
      for (const [cell, key] of this.#keys) {
        if (there.has(cell)) continue;
        if (key) await asked(this.#store("pictures", "readwrite").delete(key));
        this.#keys.delete(cell);
      }
      const state = record(this.session, (cell) => this.#keys.get(cell) ?? null);
      await asked(this.#store("records", "readwrite").put(state, "session"));
      this.#written = changes;
      this.#told();
    } catch (error) {
      this.complain([`The session is not kept in this browser: ${error.message} Save it as a file.`]);
      this.forget();
    }
  }

  /** Keep the picture of a cell or a field; one that cannot be read is left out. */
  async #keep(cell) {
    const data = await cell.read().then((blob) => blob.arrayBuffer()).catch(() => null);
    const key = data && `${this.#next++}`;
    if (key) await asked(this.#store("pictures", "readwrite").put(data, key));
    this.#keys.set(cell, key);
  }

  async #picture(key) {
    const data = await asked(this.#store("pictures").get(key));
    if (!data) throw new Error("it was not kept");
    return new Blob([data]);
  }

  #store(name, mode = "readonly") {
    return this.#base.transaction(name, mode).objectStore(name);
  }

  /** Open the store; one page of the service may have it at a time, so that none overwrites the other's. */
  async #begin() {
    if (!(await this.#alone())) {
      this.complain(["Another tab keeps its session in this browser: this one is not kept. Save it as a file."]);
      return false;
    }
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => ["records", "pictures"].forEach((name) => opening.result.createObjectStore(name));
    this.#base = await asked(opening);
    this.#told();
    return true;
  }

  #told() {
    this.dispatchEvent(new Event("change"));
  }

  #alone() {
    if (!navigator.locks) return true; // a service that is reached without https from another machine
    return new Promise((resolve) => {
      navigator.locks.request(NAME, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise((release) => (this.#release = release));
      });
    });
  }
}

const asked = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
