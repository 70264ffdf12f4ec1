/** Gives a person a file to keep. */
export function saveFile(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it a moment after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function saveJson(name: string, content: unknown): void {
  saveFile(name, new Blob([`${JSON.stringify(content, undefined, 2)}\n`], { type: 'application/json' }));
}
