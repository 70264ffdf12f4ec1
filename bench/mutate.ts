import type { Random } from '@mars/autograd/random';
import { concatenate } from '../packages/core/src/audio/wav-fixture.ts';

/** Numbers at which sizes and counts go wrong. */
const SIZES = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 27, 28, 32, 127, 128, 255, 256, 1000, 0x7fff, 0x8000, 0xffff, 0x10000,
  0xff_ffff, 0x7fff_f000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];

/** Bytes from the front that are hit as often as all the others: headers are there. */
const FRONT = 96;

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** Each works on a copy of its own, of at least one byte. */
const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, random) {
    const flips = 1 + random.integer(12);
    for (let flip = 0; flip < flips; flip++) bytes[placeIn(bytes, random)] ^= 1 << random.integer(8);
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[placeIn(bytes, random)] = random.integer(256);
    return bytes;
  },
  function setField(bytes, random) {
    const width = [2, 3, 4, 8][random.integer(4)];
    const isBig = random.integer(2) === 1;
    const at = placeIn(bytes, random);
    let value = BigInt(SIZES[random.integer(SIZES.length)]);
    if (random.integer(4) === 0) value = -value;
    for (let i = 0; i < width && at + i < bytes.length; i++) {
      const shift = BigInt(8 * (isBig ? width - 1 - i : i));
      bytes[at + i] = Number((value >> shift) & 255n);
    }
    return bytes;
  },
  function cutOff(bytes, random) {
    return bytes.subarray(0, random.integer(bytes.length + 1));
  },
  function takeOut(bytes, random) {
    const [from, to] = rangeIn(bytes, random);
    return concatenate([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repeat(bytes, random) {
    const [from, to] = rangeIn(bytes, random);
    const times = 1 + random.integer(4);
    const copies = Array.from({ length: times }, () => bytes.subarray(from, to));
    return concatenate([bytes.subarray(0, to), ...copies, bytes.subarray(to)]);
  },
  function putIn(bytes, random) {
    const at = placeIn(bytes, random);
    return concatenate([bytes.subarray(0, at), noise(1 + random.integer(64), random), bytes.subarray(at)]);
  },
  function fill(bytes, random) {
    const [from, to] = rangeIn(bytes, random);
    return bytes.fill([0, 0xff, 0x55][random.integer(3)], from, to);
  },
  function splice(bytes, random, other) {
    const [from, to] = rangeIn(other, random);
    const at = placeIn(bytes, random);
    const end = random.integer(2) === 1 ? at : Math.min(bytes.length, at + to - from);
    return concatenate([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(end)]);
  },
];

/**
 * A copy of `bytes` with one to four faults in it: flipped bits, wrong sizes, cuts, holes, repetitions, noise, and parts
 * of `other`.
 */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let mutated: Uint8Array = bytes.slice();
  for (let faults = faultCount(random); faults > 0 && mutated.length > 0; faults--) {
    mutated = MUTATIONS[random.integer(MUTATIONS.length)](mutated, random, other).slice();
  }
  return mutated;
}

/** The same of a sequence: some of its parts are missing, doubled, in another place, or from another sequence. */
export function mutateOrder<Part>(parts: readonly Part[], random: Random, others: readonly Part[]): Part[] {
  const mutated = [...parts];
  for (let faults = faultCount(random); faults > 0 && mutated.length > 0; faults--) {
    const at = random.integer(mutated.length);
    const to = random.integer(mutated.length);
    const [part] = mutated.splice(at, 1);
    switch (random.integer(4)) {
      case 0:
        break;
      case 1:
        mutated.splice(at, 0, ...Array.from({ length: 2 + random.integer(4) }, () => part));
        break;
      case 2:
        mutated.splice(to, 0, part);
        break;
      default:
        mutated.splice(to, 0, part, others[random.integer(others.length)]);
    }
  }
  return mutated;
}

export function noise(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}

/** One most of the time, rarely four. */
function faultCount(random: Random): number {
  return 1 + Math.floor(4 * random.next() ** 2);
}

function placeIn(bytes: Uint8Array, random: Random): number {
  return random.integer(random.integer(2) === 1 ? bytes.length : Math.min(FRONT, bytes.length));
}

/** Short ones more often than long ones. */
function rangeIn(bytes: Uint8Array, random: Random): [number, number] {
  const from = placeIn(bytes, random);
  return [from, from + Math.ceil((bytes.length - from) * random.next() ** 3)];
}
