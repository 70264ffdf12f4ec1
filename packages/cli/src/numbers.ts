import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers from `least` upwards, for commander's options. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isInteger(number) || number < least) {
      throw new InvalidArgumentError(`A whole number from ${least} upwards was expected.`);
    }
    return number;
  };
}

/** Takes a number of seconds, for commander's options; which are in range is checked where they are used. */
export function seconds(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('A number of seconds was expected, such as 0.5.');
}
