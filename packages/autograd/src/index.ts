export { gradient } from './gradient.ts';
export { writeGraph, type GraphOptions } from './graph.ts';
export {
  writeEvaluationGraph,
  writeInferenceGraph,
  type InferenceOptions,
  type Weights,
} from './inference.ts';
export { filled, glorotUniform, heNormal, orthogonalBlocks, uniform } from './initialisers.ts';
export { additiveAttention } from './layers/attention.ts';
export { conv1d, type Conv1dOptions } from './layers/conv1d.ts';
export { conv2d, type Conv2dOptions } from './layers/conv2d.ts';
export { activation, dense } from './layers/dense.ts';
export { channelDropout, dropout } from './layers/dropout.ts';
export { exposed } from './layers/exposed.ts';
export { frozen, startingFrom, type GivenValues } from './layers/given.ts';
export { gru, type GruOptions } from './layers/gru.ts';
export { evaluation, interpolation } from './layers/minimal-filtering.ts';
export { batchNorm1d, layerNorm } from './layers/normalization.ts';
export { avgPool1d, globalAvgPool1d, maxPool1d } from './layers/pooling.ts';
export { rbfKernel } from './layers/rbf-kernel.ts';
export { softmaxCrossEntropy, type CrossEntropyOptions } from './losses.ts';
export {
  decayMask,
  forward,
  initialiseBuffers,
  initialiseParameters,
  network,
  vectorSize,
  type Forward,
  type Initialiser,
  type Layer,
  type Network,
  type ParameterSpec,
  type Scope,
  type WeightType,
} from './network.ts';
export * as operations from './operations.ts';
export { adam, clipByNorm, type AdamOptions, type Optimiser } from './optimisers.ts';
export { createRandom, type Random } from './random.ts';
export { constantRate, cosineDecay, type CosineOptions, type Schedule } from './schedules.ts';
export { float32, Session, type SessionOptions } from './session.ts';
export { TrainingStep, type StepResult, type TrainingOptions, type TrainingState } from './step.ts';
export { constant, indices, input, scalar, type Shape, type Tensor } from './tensor.ts';
