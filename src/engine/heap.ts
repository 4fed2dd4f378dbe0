/** Linear memory as the host sees it: typed views over one buffer, replaced when the buffer grows. */
export interface Heap {
  /** Read anew at every use: a grown memory has new views. */
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}
