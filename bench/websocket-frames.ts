export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

interface FrameOptions {
  readonly isLast?: boolean;
  readonly isMasked?: boolean;
  /** What the frame says of its length, if that is not the truth. */
  readonly length?: number;
}

/** One frame of a client, right or wrong: RFC 6455, section 5.2. Its mask is 0, which leaves the payload as it is. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { isLast = true, isMasked = true, length = payload.length }: FrameOptions = {},
): Uint8Array {
  const head = [(isLast ? 0x80 : 0) | opcode];
  const mask = isMasked ? 0x80 : 0;
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 255);
  else {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigUint64(0, BigInt(length));
    head.push(mask | 127, ...new Uint8Array(bytes.buffer));
  }
  return Buffer.concat([Uint8Array.from(head), new Uint8Array(isMasked ? 4 : 0), payload]);
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/**
 * The frames of a server, which are never masked; this one's are never in parts.
 *
 * @returns `undefined` where the bytes are none, or end within one
 */
export function readFrames(bytes: Buffer): ServerFrame[] | undefined {
  const frames: ServerFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 2 > bytes.length || (bytes[at] & 0xf0) !== 0x80 || bytes[at + 1] > 127) return undefined;
    const opcode = bytes[at] & 15;
    let length = bytes[at + 1];
    at += 2;
    if (length > 125) {
      const width = length === 126 ? 2 : 6;
      if (length === 127) at += 2;
      if (at + width > bytes.length) return undefined;
      length = bytes.readUIntBE(at, width);
      at += width;
    }
    if (at + length > bytes.length) return undefined;
    frames.push({ opcode, payload: bytes.subarray(at, at + length) });
    at += length;
  }
  return frames;
}
