/** What a training loop shows of itself while it runs, and who is told. */

export interface FitProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** Updates done, and planned in all. */
  readonly step: number;
  readonly steps: number;
  readonly examplesPerSecond: number;
  /** Running mean of the loss in this epoch. */
  readonly loss: number;
  /** Learning rate of the last update, of the first group. */
  readonly lr: number;
  /** Last dev metric, and the best. */
  readonly metric: number | undefined;
  readonly best: number | undefined;
  readonly secondsLeft: number;
}

/** Where a run stands between two updates: with parameters, optimizer and averages all that it goes on from, to the bit. */
export interface FitState {
  /** Epochs that are over, and updates done of the one that runs. */
  readonly epoch: number;
  readonly update: number;
  /** Updates done in all; those among them that were skipped, see onNonFinite. */
  readonly step: number;
  readonly skipped: number;
  readonly seconds: number;
  /** Sum of the epoch's losses, and how many there are. */
  readonly lossSum: number;
  readonly losses: number;
  /** Last metric and the best; update of the last evaluation; evaluations since the best. */
  readonly metric: number | undefined;
  readonly best: number | undefined;
  readonly evaluated: number;
  readonly sinceBest: number;
  /** Weights of the best metric, in the order of the optimizer's parameters. */
  readonly bestWeights: readonly Float32Array[] | undefined;
}

type Hear = (progress: FitProgress, state: FitState) => void | Promise<void>;

/** Told in turn, and waited for. */
export interface FitCallback {
  /** After an update, and the evaluation that falls on it. */
  readonly onStep?: Hear;
  /** After an evaluation; the best so far when state.sinceBest is 0. */
  readonly onEvaluate?: Hear;
  /** After an epoch and its evaluation. */
  readonly onEpoch?: Hear;
  /** When training ends, for whatever reason but an error; the best weights are not back yet. */
  readonly onEnd?: Hear;
}
