/** The pages of an Ogg file, as copies. */
export function splitPages(bytes: Uint8Array): Uint8Array[] {
  const pages: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const segments = bytes.subarray(offset + 27, offset + 27 + bytes[offset + 26]);
    const length = 27 + segments.length + segments.reduce((sum, segment) => sum + segment, 0);
    pages.push(bytes.slice(offset, offset + length));
    offset += length;
  }
  return pages;
}

/** Sets the checksum of a page, computed bit by bit as RFC 3533 words it. */
export function withChecksum(page: Uint8Array): Uint8Array {
  page.fill(0, 22, 26);
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  new DataView(page.buffer, page.byteOffset).setInt32(22, crc, true);
  return page;
}
