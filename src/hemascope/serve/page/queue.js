// Sends waiting cells to the service, some images a request, some requests at a time.

import { Problem, predict } from "./service.js";

const FILES = 16;
const REQUESTS = 3;
export const FORM = 1024; // bytes of a form around each image, at most about

export class Queue {
  #waiting = [];
  #open = 0;
  #stop = new AbortController();

  /**
   * @param cells the Cells that take the answers
   * @param limits of the service: max_body, max_files
   * @param adapted what sees them
   */
  constructor(cells, limits, adapted) {
    Object.assign(this, { cells, adapted });
    this.most = Math.min(FILES, limits.max_files);
    this.bytes = limits.max_body;
  }

  add(cells) {
    this.#waiting.push(...cells);
    while (this.#open < REQUESTS && this.#waiting.length) this.#work();
  }

  /** Forget what waits and what is under way. */
  stop() {
    this.#waiting = [];
    this.#stop.abort();
  }

  async #work() {
    this.#open++;
    while (this.#waiting.length) await this.#send(await this.#take());
    this.#open--;
  }

  /** The next request's cells and images. */
  async #take() {
    const batch = [];
    let bytes = 0;
    while (this.#waiting.length && batch.length < this.most) {
      const cell = this.#waiting.shift();
      let blob;
      try {
        blob = await cell.read();
      } catch (error) {
        this.cells.fail([cell], `The file cannot be read: ${error.message}`, true);
        continue;
      }
      if (blob.size + FORM > this.bytes) {
        this.cells.fail([cell], "The file is larger than the service takes.", true);
      } else if (bytes + blob.size + FORM > this.bytes) {
        this.#waiting.unshift(cell);
        break;
      } else {
        bytes += blob.size + FORM;
        batch.push({ cell, blob });
      }
    }
    return batch;
  }

  async #send(batch) {
    const cells = batch.map(({ cell }) => cell);
    if (!cells.length) return;
    try {
      const images = batch.map(({ cell, blob }) => ({ name: String(cell.id), blob }));
      const by = this.adapted.last;
      const { predictions, unlike } = await predict(images, this.#stop.signal, by?.about);
      if (!this.#stop.signal.aborted) this.cells.answer(cells, predictions, unlike, by);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.cells.fail(cells, error instanceof Problem ? error.message : String(error));
    }
  }
}
