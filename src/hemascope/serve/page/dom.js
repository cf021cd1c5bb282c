// Makes elements. Styles are set as properties: the service's policy allows no style attributes.

const NUMBER = new Intl.NumberFormat("en"); // much faster than toLocaleString, which makes one each time

/** The element of an id. */
export const $ = (id) => document.getElementById(id);

/**
 * An element.
 * @param {string} tag
 * @param {object} properties of the element; `style` holds CSS properties, names with a hyphen are attributes
 * @param {...(Node|string)} children
 */
export function element(tag, { style = {}, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  for (const [name, value] of Object.entries(style)) made.style.setProperty(name, value);
  made.append(...children);
  return made;
}

/** Tell those who do not see the page. */
export const say = (text) => ($("said").textContent = text);

/** So many things: "1 image", "2,000 images". */
export const several = (n, thing, many = `${thing}s`) => `${NUMBER.format(n)} ${n === 1 ? thing : many}`;

/** A share in 0..1 as whole percent; near the ends it says so, for none is certain. */
export function percent(share) {
  if (share >= 0.995) return ">99%";
  if (share < 0.005) return "<1%";
  return `${Math.round(100 * share)}%`;
}
