// Compiles every schema of an OpenAPI document with Ajv in strict mode, validates every example against its schema,
// and prints a line for each that is wrong. Patterns are compiled as Ajv does: with the flag `u`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [path, modules] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${modules}/${name}`));
const { default: Ajv2020 } = await load("ajv/dist/2020.js");
const { default: addFormats } = await load("ajv-formats/dist/index.js");

const document = JSON.parse(readFileSync(path, "utf8"));
const say = (text) => console.log(text);
const ajv = new Ajv2020.default({ strict: true, allErrors: true, logger: { log: say, warn: say, error: say } });
addFormats.default(ajv);
ajv.addVocabulary(["components", "paths", "discriminator"]);
ajv.addSchema({ $id: "document", components: document.components, paths: document.paths });

let compiled = 0;
let checked = 0;

function compile(pointer) {
  try {
    compiled += 1;
    return ajv.compile({ $ref: `document#${pointer}` });
  } catch (error) {
    say(`${pointer}: ${error.message}`);
    return undefined;
  }
}

function check(validate, example, where) {
  checked += 1;
  if (validate && !validate(example)) {
    say(`${where}: ${ajv.errorsText(validate.errors)}`);
  }
}

function walk(value, pointer) {
  if (value === null || typeof value !== "object") {
    return;
  }
  if (typeof value.schema === "object") {
    const validate = compile(`${pointer}/schema`);
    const shown = Object.entries(value.examples ?? {}).map(([name, each]) => [name, each.value]);
    for (const [name, example] of "example" in value ? [["example", value.example], ...shown] : shown) {
      check(validate, example, `${pointer}/${name}`);
    }
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    walk(each, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  }
}

for (const [name, schema] of Object.entries(document.components.schemas)) {
  const validate = compile(`/components/schemas/${name}`);
  for (const example of schema.examples ?? []) {
    check(validate, example, name);
  }
}
walk(document.paths, "/paths");
say(`compiled ${compiled} schemas, checked ${checked} examples`);
