import { endianness } from 'node:os';

/** A tensor, of 32-bit floats where nothing else is said. */
export interface StoredTensor<Data extends StoredData = Float32Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

export type StoredData = Float32Array | Int8Array | Uint8Array;

const DATA_TYPES = new Map<string, typeof Float32Array | typeof Int8Array | typeof Uint8Array>([
  ['F32', Float32Array],
  ['I8', Int8Array],
  ['U8', Uint8Array],
]);

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [begin: number, end: number];
}

/**
 * Named tensors as one safetensors file (https://huggingface.co/docs/safetensors, "Format"): the length of the
 * header as 8 bytes, the header as JSON, then the numbers, little-endian. Any library of that name reads it.
 *
 * @param metadata what the header says of the file as a whole
 * @example
 * await writeFile('features.safetensors', encodeSafetensors(new Map([['a', { data, shape: [130, 40] }]])));
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor<StoredData>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  checkLittleEndian();
  const header: Record<string, HeaderEntry | typeof metadata> = metadata ? { __metadata__: metadata } : {};
  let size = 0;
  for (const [name, { data, shape }] of tensors) {
    const [dtype] = [...DATA_TYPES].find(([, TypedArray]) => data instanceof TypedArray)!;
    header[name] = { dtype, shape: [...shape], data_offsets: [size, size + data.byteLength] };
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
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { data, shape }] of decodeMixedSafetensors(bytes)) {
    if (!(data instanceof Float32Array)) throw new RangeError(`Tensor ${name} is not one of 32-bit floats.`);
    tensors.set(name, { data, shape });
  }
  return tensors;
}

/** `decodeSafetensors` for files that hold 8-bit integers too. */
export function decodeMixedSafetensors(
  bytes: Uint8Array<ArrayBuffer>,
): Map<string, StoredTensor<StoredData>> {
  checkLittleEndian();
  const { header, start } = readHeader(bytes);
  const tensors = new Map<string, StoredTensor<StoredData>>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = entry;
    const TypedArray = DATA_TYPES.get(dtype);
    if (TypedArray === undefined || !isCounts(shape) || !isCounts(offsets)) {
      throw new RangeError(
        `Tensor ${name} is not one of 32-bit floats or 8-bit integers, with a shape and a place in the file.`,
      );
    }
    const [begin, end] = offsets;
    const size = TypedArray.BYTES_PER_ELEMENT;
    const length = shape.reduce((product, extent) => product * extent, 1);
    if (end - begin !== length * size || start + end > bytes.byteLength) {
      throw new RangeError(`Tensor ${name} does not lie within the file.`);
    }
    const at = bytes.byteOffset + start + begin;
    const data =
      at % size === 0
        ? new TypedArray(bytes.buffer, at, length)
        : new TypedArray(bytes.slice(start + begin, start + end).buffer);
    tensors.set(name, { data, shape });
  }
  return tensors;
}

/** What a safetensors file says of itself as a whole. */
export function readSafetensorsMetadata(bytes: Uint8Array<ArrayBuffer>): Readonly<Record<string, string>> {
  const metadata: unknown = readHeader(bytes).header['__metadata__'];
  return (metadata ?? {}) as Record<string, string>;
}

/** The header, and where the numbers begin. */
function readHeader(bytes: Uint8Array<ArrayBuffer>): { header: Record<string, HeaderEntry>; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = bytes.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  const start = 8 + headerSize;
  if (start > bytes.byteLength) throw new RangeError('The header is longer than the file.');
  return { header: parseHeader(bytes.subarray(8, start)), start };
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
