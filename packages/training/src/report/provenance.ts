import packageJson from '../../package.json' with { type: 'json' };
import type { Evidence } from './evidence.ts';
import type { Table } from './figure.ts';
import { mean } from './numbers.ts';

/** The recipe, value by value: `network.hiddenSize`, 64. */
export function configTable({ config }: Evidence): Table {
  return { columns: ['setting', 'value'], rows: flatten(config) };
}

/** What was trained on what, so that anyone can train it again and see that it is the same. */
export function provenanceTable({ trainings, seeds, folds, report }: Evidence): Table {
  const seconds = trainings.flatMap(({ history }) => history.map((epoch) => epoch.seconds));
  const threads = new Set(trainings.flatMap(({ description }) => description.threads ?? []));
  const sizes = (part: 'train' | 'validation' | 'test') => {
    const lengths = trainings.map(({ description }) => description.clips[part].length);
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
    return least === most ? String(least) : `${least} to ${most}`;
  };
  return {
    columns: ['what', 'value'],
    rows: [
      ['protocol', report.protocol],
      ['folds', folds.join(', ')],
      ['seeds', seeds.join(', ')],
      ['labels', report.labels.join(', ')],
      [
        'clips of a training',
        `${sizes('train')} trained, ${sizes('validation')} validated, ${sizes('test')} tested`,
      ],
      ['recordings left out', `${report.failures} (could not be used)`],
      ...(threads.size > 0 ? [['threads', [...threads].join(', ')]] : []),
      ...(seconds.length > 0 ? [['seconds per epoch, on average', mean(seconds).toFixed(1)]] : []),
      ['reported by', `MARS ${packageJson.version}`],
    ],
  };
}

/** Each training with the hash over its clips' contents. */
export function clipHashTable({ trainings }: Evidence): Table {
  return {
    columns: ['training', 'SHA-256 over its clips'],
    rows: trainings.map(({ name, description }) => [name, description.clipsHash]),
  };
}

function flatten(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, child]) =>
      flatten(child, path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    return value.flatMap((item, i) => flatten(item, `${path}[${i}]`));
  }
  return [[path, Array.isArray(value) ? value.join(', ') : String(value)]];
}
