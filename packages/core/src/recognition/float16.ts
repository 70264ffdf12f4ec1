/** Numbers as base64 of 16-bit floats, least significant byte first: 11 bits of each are kept. */
export function encodeFloat16(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  for (const [index, value] of values.entries()) view.setFloat16(index * 2, value, true);
  return btoa(Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte)).join(''));
}

/** What `encodeFloat16` wrote. @throws DOMException for text that is not base64, RangeError for half a number */
export function decodeFloat16(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (bytes.length % 2 === 1)
    throw new RangeError(`${bytes.length} bytes came; 16-bit floats take two each.`);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, index) => view.getFloat16(index * 2, true));
}
