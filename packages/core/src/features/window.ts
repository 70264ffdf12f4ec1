import { MarsError } from '../errors.ts';

/** The periodic Hann window of `length` points: scipy.signal.get_window('hann', length). */
export function hannWindow(length: number): Float64Array {
  return Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
}

const windows = new Map<string, Float64Array>();

/**
 * A periodic Hann window of `winLength` points in the middle of `nFft`, made once. Do not write into it.
 *
 * @throws MarsError CONFIG_INVALID when `winLength` is greater than `nFft`.
 */
export function centredWindow(nFft: number, winLength: number): Float64Array {
  const key = `${nFft}/${winLength}`;
  let window = windows.get(key);
  if (window === undefined) {
    if (winLength > nFft) {
      throw new MarsError('CONFIG_INVALID', `winLength is ${winLength}; it must not exceed nFft, ${nFft}.`);
    }
    window = new Float64Array(nFft);
    window.set(hannWindow(winLength), Math.floor((nFft - winLength) / 2));
    windows.set(key, window);
  }
  return window;
}
