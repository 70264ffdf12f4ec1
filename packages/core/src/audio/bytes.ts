/** Whether the ASCII text `magic` stands at `offset`. */
export function startsWith(bytes: Uint8Array, offset: number, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[offset + i] !== magic.charCodeAt(i)) return false;
  return true;
}

/** `length` bytes as text, one character a byte. */
export function asText(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

/** Length of the ID3 tag at `offset`, of version 1 (128 bytes at the end of a file) or 2 (before the sound), else 0. */
export function id3Length(bytes: Uint8Array, offset: number): number {
  if (startsWith(bytes, offset, 'TAG')) return 128;
  if (!startsWith(bytes, offset, 'ID3') || offset + 10 > bytes.length) return 0;
  // Four bytes of seven bits each; bit 4 of the flags adds a footer: id3.org, "ID3 tag version 2.4.0", section 3.1.
  const size = bytes.subarray(offset + 6, offset + 10).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  return 10 + size + (bytes[offset + 5] & 0x10 ? 10 : 0);
}
