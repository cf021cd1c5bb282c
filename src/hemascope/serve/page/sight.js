// What of a field is in sight: where it lies under the window, and how large. Pure.

const CLOSEST = 8; // CSS pixels a pixel of the field
const STEP = 1.25;

export class Sight {
  scale = 1;
  left = 0; // of the field on the window, CSS pixels
  top = 0;
  #field = [1, 1];
  #window = [1, 1];

  /** The field and the window are so large; all of the field is in sight unless it was looked at closer. */
  fit(field, window, anew) {
    const whole = anew || this.isWhole;
    this.#field = field;
    this.#window = window;
    if (whole) this.all();
    else this.#bound();
  }

  /** Scale at which all of the field is in sight. */
  get least() {
    return Math.min(this.#window[0] / this.#field[0], this.#window[1] / this.#field[1]);
  }

  get isWhole() {
    return this.scale <= this.least * 1.001;
  }

  all() {
    this.scale = this.least;
    this.#bound();
  }

  /** So many steps closer, about a point of the window. */
  zoom(steps, [x, y] = this.#window.map((length) => length / 2)) {
    const scale = Math.max(this.least, Math.min(Math.max(CLOSEST, this.least), this.scale * STEP ** steps));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.#bound();
  }

  move(across, down) {
    this.left += across;
    this.top += down;
    this.#bound();
  }

  /** Bring a box into sight, with some room around it; where it was not, into the middle. */
  show([left, top, right, lower]) {
    const [x, y, width, height] = this.onto([left, top, right, lower]);
    const room = 24;
    if (x >= room && y >= room && x + width <= this.#window[0] - room && y + height <= this.#window[1] - room) return;
    this.left += this.#window[0] / 2 - (x + width / 2);
    this.top += this.#window[1] / 2 - (y + height / 2);
    this.#bound();
  }

  /** A box of the field on the window: left, top, width, height. */
  onto = ([left, top, right, lower]) => [
    this.left + left * this.scale, this.top + top * this.scale, (right - left) * this.scale, (lower - top) * this.scale,
  ];

  /** A point of the window on the field. */
  from = ([x, y]) => [(x - this.left) / this.scale, (y - this.top) / this.scale];

  /** No further than the field's edges; in the middle where it is smaller than the window. */
  #bound() {
    [this.left, this.top] = [this.left, this.top].map((start, axis) => {
      const spare = this.#window[axis] - this.#field[axis] * this.scale;
      return spare >= 0 ? spare / 2 : Math.min(0, Math.max(spare, start));
    });
  }
}
