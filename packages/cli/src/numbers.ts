import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers from `least` upwards, or up to `most`, for commander's options. */
export function wholeNumber(least: number, most = Infinity): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isInteger(number) || number < least || number > most) {
      const range = most === Infinity ? `${least} upwards` : `${least} to ${most}`;
      throw new InvalidArgumentError(`A whole number from ${range} was expected.`);
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
