/** The module that a thread of the engine runs; created by the entries, never imported. */
import type { WorkerRequest } from "./engine/commands.js";
import { answer } from "./engine/serve.js";
import { ownPort } from "./platform/workers.js";

const port = ownPort();
const reply = answer(port.post);
port.listen((message) => reply(message as WorkerRequest));
