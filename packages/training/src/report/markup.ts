/** HTML that is safe to print: what was text in it has been escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Markup | string | number | undefined | false | readonly Content[];

/**
 * A template of HTML or SVG. Values are escaped, unless they are markup themselves; lists are joined; undefined and
 * false leave nothing.
 *
 * @example
 * html`<p>${'<Actor 1>'}</p>`.text; // '<p>&lt;Actor 1&gt;</p>'
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, i) => (i === 0 ? part : print(values[i - 1]) + part)).join(''));
}

function print(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(print).join('');
  return String(content).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
