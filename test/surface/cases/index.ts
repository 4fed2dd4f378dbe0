/** What every export with gradients is tried with. A new one gets an entry in its family's file. */
import type { Cases } from "../trial.js";
import { elementwise } from "./elementwise.js";
import { furtherLayers } from "./further.js";
import { layers } from "./layers.js";
import { layout } from "./layout.js";
import { losses } from "./losses.js";
import { networks } from "./networks.js";
import { products } from "./products.js";
import { recurrentLayers } from "./recurrent.js";
import { tagging } from "./tagging.js";

export const CASES: Cases = {
  ...elementwise,
  ...layout,
  ...products,
  ...losses,
  ...layers,
  ...recurrentLayers,
  ...networks,
  ...furtherLayers,
  ...tagging,
};
