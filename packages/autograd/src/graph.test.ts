import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { describe, test } from 'vitest';
import { runGraph } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { writeGraph } from './graph.ts';
import { add, cast, gather, mul, neg, operator, relu, square, withGradient } from './operations.ts';
import { constant, input, scalar, type Tensor } from './tensor.ts';

const read = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);
const x = input('x', ['batch', 3]);

describe('the file', () => {
  test('says its version, its operators and its metadata', () => {
    const model = read(
      writeGraph({ y: relu(x) }, { name: 'a graph', metadata: { licence: 'MIT', labels: '[]' } }),
    );
    expect(model.irVersion).toBe(8n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 17n]]);
    expect(model.graph?.name).toBe('a graph');
    expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([
      ['licence', 'MIT'],
      ['labels', '[]'],
    ]);
  });

  test('names inputs and outputs with their axes, open ones by name', () => {
    const { graph } = read(writeGraph({ y: relu(x), n: neg(input('i', [2], 'int64')) }));
    const describeAxes = (infos: NonNullable<typeof graph>['input']) =>
      infos.map(({ name, type }) => {
        const { value } = type!;
        const tensor = value.case === 'tensorType' ? value.value : undefined;
        return [name, tensor?.elemType, tensor?.shape?.dim.map((dim) => dim.value.value)];
      });
    expect(describeAxes(graph!.input)).toEqual([
      ['x', TensorProto_DataType.FLOAT, ['batch', 3n]],
      ['i', TensorProto_DataType.INT64, [2n]],
    ]);
    expect(describeAxes(graph!.output)).toEqual([
      ['y', TensorProto_DataType.FLOAT, ['batch', 3n]],
      ['n', TensorProto_DataType.FLOAT, [2n]],
    ]);
  });

  test('keeps the names and values of weights', () => {
    const weight = constant(Float32Array.of(1, 2, 3), [3], 'dense.weight');
    const { graph } = read(writeGraph({ y: mul(x, weight) }));
    const [stored] = graph!.initializer;
    expect(stored.name).toBe('dense.weight');
    expect(stored.dims).toEqual([3n]);
    expect([...new Float32Array(stored.rawData.slice().buffer)]).toEqual([1, 2, 3]);
  });

  test('stores a part of a larger array as that part', async () => {
    const part = Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4);
    const { y } = await runGraph(writeGraph({ y: square(constant(part, [3])) }), {});
    expect([...y.values]).toEqual([1, 4, 9]);
  });

  test('stores narrow numbers as they are', async () => {
    const halves = constant(Float16Array.of(0.5, -2), [2]);
    const bytes = constant(Int8Array.of(-128, 127), [2]);
    const graph = writeGraph({ halves: cast(halves), bytes: cast(bytes) });
    expect(read(graph).graph!.initializer.map(({ rawData }) => rawData.length)).toEqual([4, 2]);
    const results = await runGraph(graph, {});
    expect([...results['halves'].values, ...results['bytes'].values]).toEqual([0.5, -2, -128, 127]);
  });

  test('holds what the outputs depend on, once, and nothing else', () => {
    const shared = square(x);
    const unused = neg(shared);
    const { graph } = read(writeGraph({ y: add(shared, scalar(2)), z: mul(shared, scalar(2)) }));
    expect(unused.shape).toEqual(x.shape);
    expect(graph!.node.map(({ opType }) => opType)).toEqual(['Mul', 'Add', 'Mul']);
    expect(graph!.input).toHaveLength(1);
    expect(graph!.initializer).toHaveLength(1);
  });

  test('does not hold what only a gradient is declared by', () => {
    const y = withGradient(square(x), [input('elsewhere', [3])], (g) => [g]);
    const { graph } = read(writeGraph({ y }));
    expect(graph!.input.map(({ name }) => name)).toEqual(['x']);
    expect(graph!.node.map(({ opType }) => opType)).toEqual(['Mul', 'Identity']);
  });

  test('is the same, byte by byte, for the same graph', () => {
    const write = () => writeGraph({ y: gather(relu(input('x', [2, 3])), [[0, 1]], 1) });
    expect(write()).toEqual(write());
  });

  test('knows whole numbers, floats, texts and lists as attributes', () => {
    const [y] = operator('Any', [x], [x.shape], { i: 3, f: { float: 0.5 }, s: 'text', list: [1, -2] });
    const [node] = read(writeGraph({ y })).graph!.node;
    expect(
      node.attribute.map(({ name, i, f, s, ints }) => [name, i, f, new TextDecoder().decode(s), ints]),
    ).toEqual([
      ['i', 3n, 0, '', []],
      ['f', 0n, 0.5, '', []],
      ['s', 0n, 0, 'text', []],
      ['list', 0n, 0, '', [1n, -2n]],
    ]);
  });
});

test('an input, a constant and one tensor twice may be outputs', async () => {
  const y = square(x);
  const given = { x: { values: [1, 2, 3], shape: [1, 3] } };
  const results = await runGraph(writeGraph({ same: x, number: scalar(7), y, again: y }), given);
  expect(
    Object.fromEntries(Object.entries(results).map(([name, { values }]) => [name, [...values]])),
  ).toEqual({
    same: [1, 2, 3],
    number: [7],
    y: [1, 4, 9],
    again: [1, 4, 9],
  });
});

test('a chain of fifty thousand nodes does not overflow the stack', () => {
  let tensor: Tensor = x;
  for (let i = 0; i < 50_000; i += 1) tensor = neg(tensor);
  expect(writeGraph({ y: tensor }).length).toBeGreaterThan(1e6);
});

describe('a name stands for one tensor', () => {
  test.for<[string, () => Record<string, Tensor>, RegExp]>([
    [
      'two inputs',
      () => ({ y: add(input('x', [3]), input('x', [3])) }),
      /named 'x': an input \[3\] and an input \[3\]. Make an input once/,
    ],
    ['an input that is an output by itself', () => ({ y: relu(x), z: input('x', [1]) }), /named 'x'/],
    [
      'two weights',
      () => ({ y: add(constant(new Float32Array(3), [3], 'w'), constant(new Float32Array(1), [1], 'w')) }),
      /named 'w': a constant \[3\] and a constant \[1\]/,
    ],
    ['an output like an input', () => ({ x: relu(x) }), /named 'x': an output \[batch, 3\] and an input/],
    ['an input like an inner value', () => ({ y: add(relu(x), input('t0_0', [3])) }), /named 't0_0'/],
  ])('%s', ([, outputs, message]) => {
    expect(() => writeGraph(outputs())).toThrow(message);
  });

  test('and one tensor may be used as often as wanted', () => {
    expect(() => writeGraph({ y: add(mul(x, x), x) })).not.toThrow();
  });
});
