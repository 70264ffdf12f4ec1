import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

// Field numbers of onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2 };
const TENSOR_NAME = 8;
const VALUE_NAME = 1;

/** The two halves of a graph that was cut at one of its outputs; each is an ONNX file of its own. */
export interface GraphHalves {
  /** The graph's inputs → the output that it was cut at, and the others that do not depend on it. */
  readonly body: Uint8Array;
  /** The output that it was cut at, as input → the outputs that depend on it. */
  readonly head: Uint8Array;
}

/**
 * Cuts an ONNX graph at one of its outputs, so that what flows there can be changed on its way: ONNX Runtime takes no
 * value in the middle of a graph. Nodes and weights go, as they are, to the half that needs them; together the halves
 * give what the whole gave. Nodes with graphs inside (If, Loop, Scan) are not looked into.
 *
 * @param modelBytes an ONNX file in which the output carries the name of the tensor that the other nodes take
 * @param at name of the output
 * @returns `undefined` when there is no such output, or no other output depends on it
 * @throws RangeError or Error when the bytes are not a protobuf message
 *
 * @example
 * const halves = cutGraph(modelBytes, 'embedding'); // waveform → embedding, embedding → scores
 */
export function cutGraph(modelBytes: Uint8Array, at: string): GraphHalves | undefined {
  const model = readFields(modelBytes);
  const graph = readFields(model.find(({ number }) => number === MODEL_GRAPH)?.content ?? new Uint8Array());
  const nodes = graph.filter(({ number }) => number === GRAPH.node).map(readNode);
  const outputs = graph.filter(({ number }) => number === GRAPH.output);
  const cut = outputs.find((output) => name(output, VALUE_NAME) === at);
  if (cut === undefined) return undefined;

  // Nodes stand in an order in which each comes after those that it depends on.
  const beyond = new Set<string>();
  for (const { takes, gives } of nodes) {
    if (takes.some((each) => each === at || beyond.has(each))) for (const each of gives) beyond.add(each);
  }
  const later = outputs.filter((output) => beyond.has(name(output, VALUE_NAME)));
  if (later.length === 0) return undefined;
  const earlier = outputs.filter((output) => !later.includes(output));

  const inputs = graph.filter(({ number }) => number === GRAPH.input);
  const half = (given: readonly Field[], wanted: readonly Field[]) => {
    const fields = [...given, ...wanted, ...whatGives(wanted, given, nodes, graph)];
    return join(model.map((field) => (field.number === MODEL_GRAPH ? message(MODEL_GRAPH, fields) : field)));
  };
  return { body: half(inputs, earlier), head: half([message(GRAPH.input, readFields(cut.content))], later) };
}

/** The nodes, in their order, and the weights that the `wanted` values depend on when the `given` ones are known. */
function whatGives(
  wanted: readonly Field[],
  given: readonly Field[],
  nodes: readonly GraphNode[],
  graph: readonly Field[],
): Field[] {
  const known = new Set(given.map((value) => name(value, VALUE_NAME)));
  const needed = new Set(wanted.map((value) => name(value, VALUE_NAME)));
  const kept = nodes
    .toReversed()
    .filter(({ takes, gives }) => {
      const isNeeded = gives.some((each) => needed.has(each) && !known.has(each));
      if (isNeeded) for (const each of takes) needed.add(each);
      return isNeeded;
    })
    .map(({ field }) => field)
    .toReversed();
  const weights = graph.filter(
    (field) => field.number === GRAPH.initializer && needed.has(name(field, TENSOR_NAME)),
  );
  return [...kept, ...weights];
}

interface GraphNode {
  readonly field: Field;
  readonly takes: readonly string[];
  readonly gives: readonly string[];
}

function readNode(field: Field): GraphNode {
  const parts = readFields(field.content);
  const names = (number: number) =>
    parts.filter((part) => part.number === number).map(({ content }) => TEXT.decode(content));
  return { field, takes: names(NODE.input), gives: names(NODE.output) };
}

/** A field of a protobuf message. */
interface Field {
  readonly number: number;
  /** With its tag, as it stands in the message. */
  readonly bytes: Uint8Array;
  /** What a length-delimited field holds; of others, nothing. */
  readonly content: Uint8Array;
}

const TEXT = new TextDecoder();

function readFields(bytes: Uint8Array): Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    let content: Uint8Array = new Uint8Array();
    // `bytes()` would copy, and fields hold megabytes of weights.
    if (wireType === WireType.LengthDelimited) {
      const length = reader.uint32();
      if (length > reader.len - reader.pos) throw new RangeError('The message ends within a field.');
      content = bytes.subarray(reader.pos, reader.pos + length);
      reader.pos += length;
    } else {
      reader.skip(wireType, number);
    }
    fields.push({ number, bytes: bytes.subarray(start, reader.pos), content });
  }
  return fields;
}

function name({ content }: Field, number: number): string {
  return TEXT.decode(readFields(content).find((field) => field.number === number)?.content);
}

/** A message as a field of another. */
function message(number: number, fields: readonly Field[]): Field {
  const content = join(fields);
  const bytes = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
  return { number, bytes, content };
}

function join(fields: readonly Field[]): Uint8Array {
  const joined = new Uint8Array(fields.reduce((length, { bytes }) => length + bytes.length, 0));
  let end = 0;
  for (const { bytes } of fields) {
    joined.set(bytes, end);
    end += bytes.length;
  }
  return joined;
}
