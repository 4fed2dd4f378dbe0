/** RNN with layers over cells of one's own: apart from recurrent.ts, so that the inference entry stays small. */
import type { StateOf } from "./cell.js";
import { CellLayer, type CellLayerOptions, type Cells } from "./cell-layer.js";
import { RNN as Elman } from "./recurrent.js";

/** {@link Elman}, and what runs other cells over sequences. */
export class RNN extends Elman {
  /**
   * A layer with the calling convention of RNN, LSTM and GRU over cells of one's own.
   * @param cells one cell; or L·D of them, index layer·D + direction; or a function that makes them
   * @throws ConfigError when a cell is none, sizes do not fit or states differ
   */
  static from<S extends StateOf<S>>(cells: Cells<S>, options: CellLayerOptions = {}): CellLayer<S> {
    return new CellLayer(cells, options);
  }
}
