import { endianness } from 'node:os';

/** A tensor of 32-bit floats. */
export interface StoredTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [begin: number, end: number];
}

/**
 * Named float tensors as one safetensors file (https://huggingface.co/docs/safetensors, "Format"): the length of the
 * header as 8 bytes, the header as JSON, then the numbers, little-endian. Any library of that name reads it.
 *
 * @example
 * await writeFile('features.safetensors', encodeSafetensors(new Map([['a', { data, shape: [130, 40] }]])));
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array<ArrayBuffer> {
  checkLittleEndian();
  const header: Record<string, HeaderEntry> = {};
  let size = 0;
  for (const [name, { data, shape }] of tensors) {
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const json = JSON.stringify(header);
  // Blanks after the JSON bring the numbers to a multiple of 8 bytes, so that they can be read in place.
  const headerSize = Math.ceil(Buffer.byteLength(json) / 8) * 8;

  const bytes = new Uint8Array(8 + headerSize + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerSize), true);
  bytes.fill(0x20, 8, 8 + headerSize);
  new TextEncoder().encodeInto(json, bytes.subarray(8));
  let offset = 8 + headerSize;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * The tensors of a safetensors file of 32-bit floats, as views of `bytes` where alignment allows.
 *
 * Errors: `RangeError` when the bytes are not such a file, or end early.
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>): Map<string, StoredTensor> {
  checkLittleEndian();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = bytes.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  const start = 8 + headerSize;
  if (start > bytes.byteLength) throw new RangeError('The header is longer than the file.');

  const header = parseHeader(bytes.subarray(8, start));
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = entry;
    if (dtype !== 'F32' || !isCounts(shape) || !isCounts(offsets)) {
      throw new RangeError(
        `Tensor ${name} is not one of 32-bit floats, with a shape and a place in the file.`,
      );
    }
    const [begin, end] = offsets;
    const length = shape.reduce((product, extent) => product * extent, 1);
    if (end - begin !== length * 4 || start + end > bytes.byteLength) {
      throw new RangeError(`Tensor ${name} does not lie within the file.`);
    }
    const at = bytes.byteOffset + start + begin;
    const data =
      at % 4 === 0
        ? new Float32Array(bytes.buffer, at, length)
        : new Float32Array(bytes.slice(start + begin, start + end).buffer);
    tensors.set(name, { data, shape });
  }
  return tensors;
}

function isCounts(values: unknown): values is number[] {
  return Array.isArray(values) && values.every((value) => Number.isSafeInteger(value) && value >= 0);
}

function parseHeader(json: Uint8Array): Record<string, HeaderEntry> {
  try {
    return JSON.parse(new TextDecoder().decode(json)) as Record<string, HeaderEntry>;
  } catch (cause) {
    throw new RangeError('The header is not JSON.', { cause });
  }
}

/** The file is little-endian, and numbers are copied as they lie in memory. */
function checkLittleEndian(): void {
  if (endianness() !== 'LE')
    throw new RangeError('safetensors files are read and written on little-endian machines.');
}
