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
