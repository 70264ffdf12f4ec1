/** Hands something to the person as a file. */
export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The download has begun, but need not have read it all.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The name of a file that tells of a recording: "talk.mp3" and "json" give "talk.json". */
export function nameFor(recording: string, extension: string): string {
  return `${recording.replace(/\.[^.]{1,5}$/, '')}.${extension}`;
}
