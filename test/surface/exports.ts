/** Everything the package exports at run time, by entry; what is tried of it stands in cases/, what has no gradients in other.ts. */
import * as recurra from "../../src/index.js";
import * as infer from "../../src/infer.js";
import * as inspect from "../../src/inspect/index.js";
import * as layers from "../../src/layers/index.js";
import { CellLayer } from "../../src/nn/cell-layer.js";
import * as tasks from "../../src/tasks/index.js";
import { SequenceNetwork } from "../../src/tasks/sequence-network.js";
import { TextNetwork } from "../../src/tasks/text-network.js";

/** By the names of package.json's exports. */
export const ENTRIES = { ".": recurra, "./infer": infer, "./layers": layers, "./tasks": tasks, "./inspect": inspect };

/** Modules that come from a task or a static method only. */
const INNER = { CellLayer, SequenceNetwork, TextNetwork };

export const SURFACE = { ...inspect, ...tasks, ...layers, ...recurra, ...INNER };
