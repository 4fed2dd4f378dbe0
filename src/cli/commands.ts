/** Every command with its arguments, options and help; what one does is read when it is called. */
import { type Command, Option } from "commander";
import type { Engines } from "./context.js";
import { addOptions } from "./options.js";
import { DRAWING, RUN, TABLES, type TaskName } from "./tasks/tables.js";

type Exit = (code: number) => void;

const TASKS: Readonly<Record<TaskName, { readonly what: string; readonly columns: string; readonly example: string }>> = {
  classify: {
    what: "Learn labels of texts.",
    columns: "label=1,text=2",
    example: "recurra train classify --train train.tsv --test test.tsv --out spam.safetensors",
  },
  tag: {
    what: "Learn a tag for each token of a sentence.",
    columns: "tokens=1,tags=2",
    example: "recurra train tag --train train.conllu.gz --dev dev.conllu.gz --test test.conllu.gz --out tagger.safetensors",
  },
  sequence: {
    what: "Learn a class, a value or the next steps of sequences of numbers.",
    columns: "values=open+close,target=3,sequence=day",
    example: "recurra train sequence --train sensors.csv --test later.csv --out sensors.safetensors",
  },
  seq2seq: {
    what: "Learn to turn a text, or symbols between spaces, into another.",
    columns: "source=1,target=2,features=3",
    example: "recurra train seq2seq --train words.tsv --test test.tsv --out speller.safetensors",
  },
  lm: {
    what: "Learn what comes next in running text.",
    columns: "(none: plain text)",
    example: "recurra train lm --train book.txt --test end.txt --out book.safetensors",
  },
};

const examples = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;

export function addCommands(program: Command, engines: Engines, exit: Exit): void {
  addTrain(program, engines, exit);
  addCrossValidate(program, engines, exit);
  addTune(program, engines, exit);
  addPredict(program, engines);
  addGenerate(program, engines);
  addEval(program, engines);
  addExplain(program, engines);
  addInspect(program, engines);
  addVerify(program, engines, exit);
}

/** Options under a heading of help. */
function addGroup(command: Command, heading: string, options: readonly (readonly [flags: string, help: string])[]): Command {
  for (const [flags, help] of options) command.addOption(new Option(flags, help).helpGroup(heading));
  return command;
}

const DATA: Parameters<typeof addGroup>[2] = [
  ["--dev <file>", "examples to choose the best weights by (default: a tenth of train, cut by the seed)"],
  ["--test <file>", "examples to judge the result by; the last line of standard output is then JSON"],
];

const OUTPUT: Parameters<typeof addGroup>[2] = [
  ["--record <file>", "where the record of the run goes (default: beside the model, .run.json)"],
  ["--report <file>", "report with pictures, one HTML file"],
  ["--log <file>", "what happens while it trains, as JSON lines"],
];

const RUNNING: Parameters<typeof addGroup>[2] = [
  ["--config <file>", "JSON of the options below, in camelCase; flags go before it"],
  ["--init <model>", "model file to start from: tensors, tokens and labels that both have"],
  ["--vectors <file>", "word vectors (GloVe, word2vec or fastText as text) that tokens start with"],
  ["--checkpoints <folder>", "keep best.safetensors and last.safetensors in it while training"],
  ["--resume", "go on from last.safetensors in --checkpoints"],
];

/** How files are read. */
function addReading(command: Command, name: TaskName): Command {
  addGroup(command, "Data:", [["--columns <list>", `where a table has what, from 1 or by header: ${TASKS[name].columns}`]]);
  if (name === "classify") addGroup(command, "Data:", [["--multi-label <text>", "texts may have several labels, with this between them"]]);
  return command;
}

function addMandatory(command: Command, flags: string, help: string, group: string): void {
  command.addOption(new Option(flags, help).helpGroup(group).makeOptionMandatory());
}

function addTables(command: Command, name: TaskName): void {
  addOptions(command, "Run:", RUN);
  addOptions(command, "Model (what is not given follows from the data):", TABLES[name].model);
  addOptions(command, "Training:", TABLES[name].training);
  command.addHelpOption(new Option("-h, --help", "show this").helpGroup("Run:"));
}

function addTrain(program: Command, engines: Engines, exit: Exit): void {
  const train = program.command("train").description("Train a model from files, beside simple baselines.");
  for (const name of Object.keys(TASKS) as TaskName[]) {
    const { what, example } = TASKS[name];
    const command = train.command(name).description(what);
    addMandatory(command, "--train <file>", "examples to learn from", "Data:");
    addReading(addGroup(command, "Data:", DATA), name);
    command.addOption(new Option("--out <file>", "where the model goes").helpGroup("Output:").default("model.safetensors"));
    addGroup(command, "Output:", OUTPUT);
    addGroup(command, "Run:", RUNNING);
    addTables(command, name);
    command.addHelpText("after", examples(example, `${example.replace(/--test \S+ /, "")} --report report.html --seed 7`));
    command.action(async (flags) => exit(await (await import("./commands/train.js")).train(engines, name, flags)));
  }
}

function addCrossValidate(program: Command, engines: Engines, exit: Exit): void {
  const parent = program.command("cross-validate").description("Train and judge a model on each of several parts of the data.");
  for (const name of Object.keys(TASKS) as TaskName[]) {
    const command = parent
      .command(name)
      .description(`${TASKS[name].what} Every part is the test set once; the last line of output is JSON.`);
    addMandatory(command, "--train <file>", "all examples", "Data:");
    addReading(command, name);
    command.addOption(new Option("--folds <n>", "parts").helpGroup("Run:").default("5"));
    addGroup(command, "Run:", RUNNING.slice(0, 3));
    addTables(command, name);
    command.addHelpText("after", examples(`recurra cross-validate ${name} --train all.tsv --folds 10 --seed 3`));
    command.action(async (flags) => exit(await (await import("./commands/cross-validate.js")).crossValidate(engines, name, flags)));
  }
}

function addTune(program: Command, engines: Engines, exit: Exit): void {
  const parent = program.command("tune").description("Try values of options, and keep those with the best dev metric as a configuration.");
  for (const name of Object.keys(TASKS) as TaskName[]) {
    const command = parent.command(name).description(`${TASKS[name].what} The last line of output is JSON of all trials.`);
    addMandatory(command, "--train <file>", "examples to learn from", "Data:");
    addReading(addGroup(command, "Data:", DATA.slice(0, 1)), name);
    addMandatory(command, "--space <file>", "JSON of what to try: options with lists of values, or ranges", "Run:");
    command.addOption(new Option("--trials <n>", "trials at most; all combinations where these are fewer").helpGroup("Run:").default("20"));
    command.addOption(new Option("--out <file>", "where the best configuration goes").helpGroup("Output:").default("tuned.json"));
    addGroup(command, "Run:", RUNNING.slice(0, 3));
    addTables(command, name);
    const space = '{"lr": {"low": 0.001, "high": 0.03, "log": true}, "hiddenSize": [32, 64, 128]}';
    command.addHelpText(
      "after",
      `\nA space: ${space}\n${examples(`recurra tune ${name} --train train.tsv --space space.json --trials 10 --max-seconds 60`)}`,
    );
    command.action(async (flags) => exit(await (await import("./commands/tune.js")).tune(engines, name, flags)));
  }
}

function addPredict(program: Command, engines: Engines): void {
  program
    .command("predict")
    .description("Say what a saved model makes of each line of a file, or of standard input.")
    .argument("<model>", "model file, as training wrote it")
    .argument("[file]", "text, one example a line; - or nothing for standard input")
    .option("--top <k>", "print the k likeliest labels of each line", "1")
    .option("--tokens", "for a tagger: the tokens of a line stand between spaces already")
    .option("--beam <n>", "for seq2seq: texts kept while searching (default: 5)")
    .option("--nbest <n>", "for seq2seq: outputs of each line, with their scores")
    .option("--alignment", "for seq2seq: for each output token the source token it attends to most; all weights with --json")
    .option("--json", "one JSON object a line; of a tagger with the places of tokens and entities")
    .option("--backend <name>", "auto, wasm or js", "auto")
    .addHelpText(
      "after",
      `
A classifier prints label, probability and text of each line, tab-separated; a tagger a token and its tag a line, and an empty line
behind each sentence; a model of numbers, whose lines are numbers or JSON lists of steps, a class or numbers; an encoder-decoder the
output; a language model nats a token (- where there is none), and the text.
${examples(
  'echo "Todos los seres humanos nacen libres" | recurra predict models/language.safetensors',
  "recurra predict models/language.safetensors sentences.txt --top 3 --json",
  "recurra predict tagger.safetensors text.txt --json | jq .entities",
)}`,
    )
    .action(async (model, file, flags) => (await import("./commands/predict.js")).predict(engines, model, file, flags));
}

function addGenerate(program: Command, engines: Engines): void {
  const command = program
    .command("generate")
    .description("Write on, with a language model.")
    .argument("<model>", "model file of recurra train lm")
    .option("--prompt <text>", "what the text starts with", "")
    .option("--stop <text...>", "end before the first of these")
    .option("--backend <name>", "auto, wasm or js", "auto")
    .addHelpText(
      "after",
      examples(
        'recurra generate book.safetensors --prompt "Call me " --temperature 0.7',
        "recurra generate names.safetensors --max-tokens 300 --seed 3",
      ),
    )
    .action(async (model, flags) => (await import("./commands/generate.js")).generate(engines, model, flags));
  addOptions(command, "Drawing:", DRAWING);
}

function addEval(program: Command, engines: Engines): void {
  program
    .command("eval")
    .description("Judge a saved model by labelled examples.")
    .argument("<model>", "model file, as training wrote it")
    .argument("<file>", "examples, in a format that training takes")
    .option("--against <model>", "another model of the same task: is the difference more than chance?")
    .option("--columns <list>", "where a table has what, as for train")
    .option("--multi-label <text>", "texts may have several labels, with this between them")
    .option("--json", "one JSON object instead of tables")
    .option("--report <file>", "report with pictures, one HTML file")
    .option("--backend <name>", "auto, wasm or js", "auto")
    .addHelpText(
      "after",
      examples("recurra eval spam.safetensors test.tsv", "recurra eval spam.safetensors test.tsv --against older.safetensors --json"),
    )
    .action(async (model, file, flags) => (await import("./commands/eval.js")).evaluate(engines, model, file, flags));
}

function addExplain(program: Command, engines: Engines): void {
  program
    .command("explain")
    .description("Show which tokens of a text speak for a label of a classifier, and which against it.")
    .argument("<model>", "model file of train classify")
    .argument("<text>", "the text")
    .option("--label <name>", "instead of the most probable one")
    .option("--by <name>", "words or characters")
    .option("--json", "as one JSON object, with the tokens' places in the text")
    .addHelpText("after", examples('recurra explain spam.safetensors "You have won a prize, call now" --label spam'))
    .action(async (model, text, flags) => (await import("./commands/explain.js")).explain(engines, model, text, flags));
}

function addInspect(program: Command, engines: Engines): void {
  program
    .command("inspect")
    .description("Show what a model file holds: task, configuration, labels, tensors.")
    .argument("<model>", "model file, as training wrote it")
    .option("--json", "as one JSON object")
    .addHelpText("after", examples("recurra inspect models/language.safetensors", "recurra inspect model.safetensors --json | jq .config"))
    .action(async (model, flags) => (await import("./commands/inspect.js")).inspect(engines, model, flags));
}

function addVerify(program: Command, engines: Engines, exit: Exit): void {
  program
    .command("verify")
    .description("Repeat a recorded run and compare the weights, bit for bit.")
    .argument("<record>", "what train wrote beside the model (.run.json)")
    .addHelpText(
      "after",
      `
Exit code 0 when data, configuration and seed give the recorded weights again, 1 when not.
${examples("recurra verify model.run.json")}`,
    )
    .action(async (record) => exit(await (await import("./commands/verify.js")).verify(engines, record)));
}
