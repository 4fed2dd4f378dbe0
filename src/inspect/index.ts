/** recurra/inspect: what goes on inside a network. */
export { type GradientThroughTime, gradientThroughTime } from "./gradient-through-time.js";
