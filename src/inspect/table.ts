/** Tables of plain text. */

/**
 * Rows under a heading, columns as wide as their widest cell; the first `leftAligned` columns start at the left, numbers end at the right.
 */
export function textTable(heading: readonly string[], rows: readonly (readonly string[])[], leftAligned: number): string {
  const widths = heading.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < leftAligned ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(heading), rule, ...rows.map(line)].join("\n");
}
