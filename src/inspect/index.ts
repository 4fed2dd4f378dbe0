/** recurra/inspect: what goes on inside a network. */
export { type GradientThroughTime, gradientThroughTime, type LayerGradients, type WithLoss } from "./gradient-through-time.js";
export type { LayerPlace } from "./observe.js";
export { type LayerStates, type Recording, recordStates, type WithForward } from "./record-states.js";
export {
  type Attributions,
  type GradientAttributions,
  gradientTimesInput,
  type IntegratedAttributions,
  type IntegratedOptions,
  integratedGradients,
  type Score,
} from "./saliency.js";
export { type ModelStatistics, type ParameterStatistics, type Statistics, snapshot, statistics } from "./statistics.js";
export { type ModelSummary, type ModuleSummary, type SummaryOptions, summary } from "./summary.js";
