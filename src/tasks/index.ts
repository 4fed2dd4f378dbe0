/** recurra/tasks: models that take text, and their training. */
export { type Prediction, SequenceClassifier } from "./sequence-classifier.js";
export type { Encoder, Pooling, SequenceNetworkConfig } from "./sequence-network.js";
export { type LabelledText, type TrainClassifierOptions, trainSequenceClassifier } from "./train-classifier.js";
