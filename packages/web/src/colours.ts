/**
 * The colours of custom properties as an element has them. What a canvas is drawn with can be neither a property nor
 * one colour for light and one for dark.
 *
 * @example
 * const [ink] = coloursOf(canvas.parentElement!, ['--ink']); // rgb(22, 25, 29)
 */
export function coloursOf(element: Element, properties: readonly string[]): string[] {
  const probe = element.appendChild(document.createElement('span'));
  const colours = properties.map((property) => {
    probe.style.color = `var(${property})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return colours;
}
