import { describe, expect, test } from "vitest";
import { ticks } from "../../src/cli/report/charts.js";
import { metricsTable } from "../../src/cli/report/format.js";
import { Markup } from "../../src/cli/report/markup.js";
import { type ReportData, reportHtml, reportText } from "../../src/cli/report/report.js";

import type { Outcomes } from "../../src/cli/tasks/task.js";
import { calibrationError } from "../../src/train/calibration.js";
import { classReport, confusionMatrix } from "../../src/train/metrics.js";

const DATA: ReportData = {
  title: "a <b>& c",
  facts: [
    ["train", 'x"y'],
    ["seed", "1"],
  ],
  judgedOn: "test",
  scores: { majority: { accuracy: 0.5, macroF1: 1 / 3 }, "this model": { accuracy: 0.75 } },
  metric: "accuracy",
  moments: [
    { step: 1, epoch: 0, loss: 2 },
    { step: 2, epoch: 1, loss: 1, metric: 0.5 },
  ],
  outcomes: outcomesOf(["<i>", "no"], [0, 0, 1, 1], [0, 1, 1, 1], [0.95, 0.55, 0.9, 0.99]),
};

function outcomesOf(labels: string[], truth: number[], predicted: number[], confidence: number[]): Outcomes {
  const matrix = confusionMatrix(truth, predicted, labels.length);
  const right = truth.map((label, i) => label === predicted[i]);
  return {
    classes: Object.fromEntries(classReport(matrix).classes.map((score, i) => [labels[i]!, score])),
    confusions: { labels, matrix },
    calibration: calibrationError(confidence, right, { bins: 10 }),
  };
}

describe("reports", () => {
  test("text has metrics in columns, each class by hand-counted scores, and the confusions", () => {
    const lines = reportText(DATA).split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "test        accuracy  macroF1",
      "----------  --------  -------",
      "majority     50.00 %  33.33 %",
      "this model   75.00 %        -",
    ]);
    // <i>: 1 of 1 guesses right, 1 of 2 found; no: 2 of 3 guesses right, 2 of 2 found.
    expect(lines).toContain("<i>     100.00 %   50.00 %  66.67 %         2");
    expect(lines).toContain("no       66.67 %  100.00 %  80.00 %         2");
    expect(lines.at(-1)).toBe("  <i> taken for no: 1");
  });

  test("errors of numbers are no percentages", () => {
    expect(
      metricsTable("dev", { "last value": { mae: 1.23456, rmse: 12 } })
        .split("\n")
        .at(-1),
    ).toBe("last value  1.235  12.00");
  });

  test("HTML is one file without scripts or links, names from data escaped, and has its pictures", () => {
    const html = reportHtml(DATA);
    expect(html.match(/<svg/g)).toHaveLength(6);
    expect(html).not.toMatch(/<script|<link|<img|https?:|src=/);
    expect(html).not.toMatch(/<i>|<b>/);
    expect(html).toContain("a &lt;b&gt;&amp; c");
    expect(html).toContain("x&quot;y");
    expect(html).toContain("&lt;i&gt; taken for no: 1");
    expect(html).toContain("prefers-color-scheme: dark");
  });

  test("without outcomes and moments only the metrics are shown", () => {
    const { outcomes, moments, ...rest } = DATA;
    expect(reportHtml(rest).match(/<svg/g)).toHaveLength(1);
    expect(reportText(rest).split("\n")).toHaveLength(4);
  });

  test("of many classes the 40 most frequent are shown, and the text says so", () => {
    const labels = Array.from({ length: 60 }, (_, i) => `class${i}`);
    const truth = labels.flatMap((_, i) => new Array<number>(i + 1).fill(i));
    const text = reportText({
      ...DATA,
      outcomes: outcomesOf(
        labels,
        truth,
        truth,
        truth.map(() => 1),
      ),
    });
    expect(text).toContain("class20 ");
    expect(text).not.toContain("class19 ");
    expect(text).toContain("(20 rarer classes not shown)");
  });

  test("the picture of calibration has a point for each tenth that has guesses, and the expected error", () => {
    // 0.55 is wrong, and the mean of the others, right ones, is 2.84/3: (0.55 + 3 (1 - 2.84/3))/4.
    expect(reportHtml(DATA)).toContain("Calibration (expected error 17.75 %)");
  });

  test.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 812, [0, 200, 400, 600, 800]],
    [-3, 4, [-2, 0, 2, 4]],
    [5, 5, [5]],
  ])("ticks from %f to %f are round", (low, high, wanted) => {
    ticks(low, high).forEach((tick, i) => void expect(tick).toBeCloseTo(wanted[i]!, 12));
    expect(ticks(low, high)).toHaveLength(wanted.length);
  });

  test("markup escapes attributes and text, and nests", () => {
    expect(Markup.of("a", { title: `<"'&>`, id: undefined }, "1 < 2", Markup.of("b", {}, 3)).text).toBe(
      '<a title="&lt;&quot;&#39;&amp;&gt;">1 &lt; 2<b>3</b></a>',
    );
  });
});
