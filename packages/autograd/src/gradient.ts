import { add, onesLike } from './operations.ts';
import type { Node, Tensor } from './tensor.ts';

/**
 * Reverse-mode differentiation: the gradient of `loss` (shape []) with respect to each tensor of `wrt`, as new
 * symbolic tensors of the same shapes.
 *
 * @throws RangeError when `loss` is no scalar or does not depend on one of `wrt`.
 * @example
 * const [dw] = gradient(mean(square(sub(gemm(x, w), y))), [w]);
 */
export function gradient(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length > 0) {
    throw new RangeError(`A gradient starts from a scalar loss; its shape was [${loss.shape.join(', ')}].`);
  }
  const targets = new Set(wrt);
  const order = nodesTowards(loss, targets);
  const gradients = new Map<Tensor, Tensor>([[loss, onesLike(loss)]]);

  for (const node of order.reverse()) {
    const upstream = node.outputs.map((output) => gradients.get(output));
    if (!node.backward || upstream.every((value) => value === undefined)) continue;
    const downstream = node.backward(upstream);
    for (const [index, value] of downstream.entries()) {
      if (!value) continue;
      const tensor = node.inputs[index];
      const sum = gradients.get(tensor);
      gradients.set(tensor, sum ? add(sum, value) : value);
    }
  }
  return wrt.map((tensor) => {
    const result = gradients.get(tensor);
    if (!result) throw new RangeError('The loss does not depend on one of the tensors to differentiate by.');
    return result;
  });
}

/** The nodes on a path from one of `targets` to `loss`, inputs before outputs. Others need no gradient. */
function nodesTowards(loss: Tensor, targets: ReadonlySet<Tensor>): Node[] {
  const order: Node[] = [];
  const reached = new Map<Node, boolean>();
  // An explicit stack: unrolled recurrences are thousands of nodes deep.
  const stack: { node: Node; next: number }[] = [];
  const nodeOf = (tensor: Tensor) => (tensor.source.kind === 'node' ? tensor.source.node : undefined);
  const start = nodeOf(loss);
  if (start) stack.push({ node: start, next: 0 });
  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    if (frame.next < frame.node.inputs.length) {
      const child = nodeOf(frame.node.inputs[frame.next]);
      frame.next += 1;
      if (child && !reached.has(child)) {
        reached.set(child, false);
        stack.push({ node: child, next: 0 });
      }
      continue;
    }
    stack.pop();
    const leads = frame.node.inputs.some((tensor) => {
      const node = nodeOf(tensor);
      return targets.has(tensor) || (node !== undefined && reached.get(node) === true);
    });
    reached.set(frame.node, leads);
    if (leads) order.push(frame.node);
  }
  return order;
}
