/** Pixels of a rem: what is measured in pixels grows with the page's letters, which are larger on a wall. */
export function remPixels(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}
